"""
Measure ``ocsp status`` with many certificates: ``python -m bench.responder.status``.

It imports a file of each format into a new SQLite file, and lists all of them as JSON.
The memory is the largest that the process had.
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.testing import PKI

__all__ = ["main"]

REVOKED = 20
"""One of so many certificates is revoked."""

COMMAND = [sys.executable, "-m", "ocsp", "status"]


def main() -> None:
    """Measure each format, and the list."""
    parser = argparse.ArgumentParser(prog="python -m bench.responder.status")
    parser.add_argument("--certificates", type=int, default=1_000_000)
    count = parser.parse_args().certificates
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ca.pem").write_bytes(PKI().issuer.public_bytes(Encoding.PEM))
        for file, lines in (("index.txt", _index), ("status.csv", _csv)):
            with (folder / file).open("w") as written:
                written.writelines(f"{line}\n" for line in lines(count))
            options = ["--issuer", "ca.pem", "--db", f"{file}.db"]
            _measure(f"import {file}", count, folder, ["import", file, *options])
        _measure("list --json", count, folder, ["list", "--json", "--db", f"{file}.db"])


def _rows(count: int) -> Iterator[tuple[str, bool]]:
    numbers = random.Random(1)
    for number in range(count):
        yield f"{numbers.getrandbits(126) | 1 << 126:X}", number % REVOKED == 0


def _index(count: int) -> Iterator[str]:
    for serial, revoked in _rows(count):
        state = (
            "R\t301231000000Z\t260101000000Z,superseded"
            if revoked
            else ("V\t301231000000Z\t")
        )
        yield f"{state}\t{serial}\tunknown\t/CN={serial[:12]}.example.org"


def _csv(count: int) -> Iterator[str]:
    yield "serial_number,status,revocation_time,revocation_reason,expires"
    end = datetime.datetime(2030, 12, 31, tzinfo=datetime.UTC).isoformat()
    for serial, revoked in _rows(count):
        state = "revoked,2026-01-01T00:00:00Z,superseded" if revoked else "good,,"
        yield f"0x{serial},{state},{end}"


def _measure(what: str, count: int, folder: Path, arguments: Sequence[str]) -> None:
    begun = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    print(
        f"{what}: {count:,} in {time.monotonic() - begun:.1f} s,"
        f" {(usage.ru_utime + usage.ru_stime) / count * 1e6:.1f} µs CPU for each,"
        f" {usage.ru_maxrss / 1024:.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
