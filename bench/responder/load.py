"""Send requests with wrk, and count the CPU time of the server for each."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import subprocess
import time
from bisect import insort
from collections import deque
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from bench.responder.servers import Server

__all__ = ["Load", "Measured", "measure", "measure_posts"]

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
_PAUSE = """
delay = function() return math.random(0, 2 * {pause}) end
"""


CONNTRACK = Path("/proc/sys/net/netfilter")
"""Where Linux says how many connections its firewall knows, if there is one."""

STRIDE = 104_729
"""Targets from the first of one run to the first of the next: more than a run sends, so
that the server has none of them in memory yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """
    What the clients send.

    Attributes:
        file: The targets of GETs (``.get``), one a line, or the body of POSTs.

        connections: How many clients there are.

        close: Whether each request has a connection of its own.

        pause: How many milliseconds a client waits before each request, on average. If
            it is 0, the server gets as many requests as it can answer.
    """

    file: Path
    connections: int = 16
    close: bool = False
    pause: int = 0


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
    if load.close:
        _wait_for_room()
    template = _GET if load.file.suffix == ".get" else _POST
    if load.pause:
        template += _PAUSE
    script = load.file.with_suffix(".lua")
    script.write_text(
        template.format(
            file=load.file,
            first=number * STRIDE,
            connection='"close"' if load.close else "nil",
            pause=load.pause,
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


def measure_posts(
    server: Server,
    body: bytes,
    seconds: float,
    *,
    clients: int,
    close: bool,
    rate: float | None = None,
) -> Measured:
    """
    Send POSTs from *clients*, each of which waits for its answer.

    This program measures latencies of all servers: wrk gets no answer from openssl,
    which closes each connection.

    Args:
        server: The server.

        body: The request.

        seconds: For how long.

        clients: How many there are.

        close: Whether each request has a connection of its own.

        rate: How many requests all clients send a second; by default, as many as get
            answers. At a given rate, the latency includes the time for which a request
            waits because its client still waits for the answer before. It does not
            include how late the system wakes this program up.
    """
    durations: list[float] = []
    failed, before, begun = 0, server.cpu(), time.monotonic()
    end = begun + seconds
    gap = 0.0 if rate is None else clients / rate
    with selectors.DefaultSelector() as selector:
        idle: deque[_Client] = deque()  # by the time of their next request
        for number in range(clients):
            client = _Client(server.url, body, selector, close=close)
            client.due = begun + gap * number / clients
            client.free = begun
            idle.append(client)
        while True:
            now = time.monotonic()
            while idle and (idle[0].due <= now or now >= end):
                client = idle.popleft()
                if now < end:
                    in_time = rate is None or client.free < client.due
                    client.send(now if in_time else client.due)
                else:
                    client.close()
            if len(idle) == clients:
                # Not by select, which wakes up to a millisecond late.
                time.sleep(max(0.0, idle[0].due - now))
                continue
            if not selector.get_map():
                break
            wait = max(0.0, idle[0].due - now) if idle else None
            for key, _ in selector.select(wait):
                client = key.data
                if client.busy and client.receive():
                    client.free = time.monotonic()
                    durations.append(client.free - client.begun)
                    failed += not client.has_answer()
                    client.due += gap
                    insort(idle, client, key=attrgetter("due"))
    durations.sort()
    return Measured(
        micros=(server.cpu() - before) / len(durations) * 1e6,
        rate=len(durations) / seconds,
        p99=durations[len(durations) * 99 // 100] * 1000,
        failed=failed,
    )


class _Client:
    """
    One client, with at most one connection.

    Attributes:
        begun: When it began, or should have begun, to send or to connect.

        due: When it sends its next request.

        free: Since when it waits for no answer.

        busy: Whether it waits for an answer.
    """

    def __init__(
        self, url: str, body: bytes, selector: selectors.BaseSelector, *, close: bool
    ) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = host, int(port)
        head = f"POST / HTTP/1.{0 if close else 1}\r\nHost: x\r\n"
        self._message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self._selector = selector
        self._close = close
        self._socket: socket.socket | None = None
        self._received = b""
        self.begun = self.due = self.free = 0.0
        self.busy = False

    def send(self, begun: float) -> None:
        """Send the request, in a connection of its own if the server closes them."""
        self.begun, self.busy = begun, True
        self._received = b""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, 10)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._socket.sendall(self._message)

    def receive(self) -> bool:
        """Take what has come, and return whether the answer is complete."""
        assert self._socket is not None
        part = b""
        with contextlib.suppress(ConnectionResetError):  # openssl has not read all
            part = self._socket.recv(65536)
        self._received += part
        if not part:
            self.close()
            self.busy = False
        elif not self._close:  # else to the end: openssl ends if a client closes before
            head, _, content = self._received.partition(b"\r\n\r\n")
            size = re.search(rb"Content-Length: (\d+)", head)
            self.busy = size is None or len(content) < int(size[1])
            if not self.busy and b"\r\nConnection: close" in head:
                self.close()
        return not self.busy

    def has_answer(self) -> bool:
        """Return whether the server has sent an OCSP response, not only an error."""
        return b" 200 OK" in self._received[:20] and len(self._received) > 200

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def _wait_for_room() -> None:
    """
    Wait until the firewall has forgotten most connections that have ended.

    It knows each for two minutes. If its table is full, it drops the packets of new
    ones, and nothing answers any more.
    """
    with contextlib.suppress(FileNotFoundError):
        most = int((CONNTRACK / "nf_conntrack_max").read_text())
        while int((CONNTRACK / "nf_conntrack_count").read_text()) > most // 2:
            time.sleep(1)


def _milliseconds(found: re.Match[str] | None) -> float:
    if found is None:
        return float("nan")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
