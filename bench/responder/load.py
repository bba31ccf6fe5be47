"""Send requests with wrk, and count the CPU time of the server for each."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.responder.servers import Server

__all__ = ["Load", "Measured", "measure", "measure_one_client"]

_GET = """
local requests, next = {{}}, {first}
for line in io.lines("{file}") do requests[#requests + 1] = line end
request = function()
    next = next % #requests + 1
    return wrk.format("GET", requests[next])
end
wrk.headers["Connection"] = {connection}
"""
_POST = """
local file = io.open("{file}", "rb")
wrk.method, wrk.body = "POST", file:read("*all")
wrk.headers["Content-Type"] = "application/ocsp-request"
wrk.headers["Connection"] = {connection}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """
    What the clients send.

    Attributes:
        file: The targets of GETs (``.get``), one a line, or the body of POSTs.

        connections: How many clients there are.

        close: Whether each request has a connection of its own.
    """

    file: Path
    connections: int = 16
    close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    The result of one run.

    Attributes:
        micros: CPU microseconds of the server for each request.

        rate: Requests per second.

        p99: The 99th percentile of the latency, in milliseconds.

        failed: Requests without an answer of status 200.
    """

    micros: float
    rate: float
    p99: float
    failed: int


def measure(server: Server, load: Load, seconds: float, number: int = 0) -> Measured:
    """Send *load* for *seconds*; *number* is that of the run, for other targets."""
    template = _GET if load.file.suffix == ".get" else _POST
    script = load.file.with_suffix(".lua")
    script.write_text(
        template.format(
            file=load.file,
            first=number * 7919,
            connection='"close"' if load.close else "nil",
        )
    )
    before = server.cpu()
    printed = subprocess.run(
        [
            "wrk", "-t1", f"-c{load.connections}", f"-d{seconds:g}s", "--latency",
            "-s", str(script), server.url,
        ],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    used = server.cpu() - before
    count = int(re.search(r"(\d+) requests in", printed)[1])  # type: ignore[index]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    errors = re.search(r"Socket errors: .*read (\d+), write (\d+)", printed)
    failed = int(bad[1]) if bad else 0
    if errors and not load.close:
        failed += int(errors[1]) + int(errors[2])
    return Measured(
        micros=used / max(count, 1) * 1e6,
        rate=count / seconds,
        p99=_milliseconds(re.search(r"99%\s+([\d.]+)(us|ms|s)", printed)),
        failed=failed,
    )


def measure_one_client(server: Server, body: bytes, seconds: float) -> Measured:
    """Send POSTs one after the other, each in a connection of its own."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    head = f"POST / HTTP/1.0\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    message = head.encode() + body
    durations: list[float] = []
    failed, before, end = 0, server.cpu(), time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(message)
            received = b""
            # openssl closes before it has read everything.
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    received += part
        durations.append(time.monotonic() - begin)
        failed += b" 200 OK" not in received[:20] or len(received) < 200
    durations.sort()
    return Measured(
        micros=(server.cpu() - before) / len(durations) * 1e6,
        rate=len(durations) / seconds,
        p99=durations[len(durations) * 99 // 100] * 1000,
        failed=failed,
    )


def _milliseconds(found: re.Match[str] | None) -> float:
    if found is None:
        return float("nan")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
