"""Write status without a pause, in a process of its own."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.responder.material import Material, load_authority
from ocsp.store import SQLiteStore

__all__ = ["main", "writing"]

FIRST = 1 << 100
"""The serial numbers are others than those of the certificates that clients ask for."""


@contextmanager
def writing(material: Material) -> Iterator[None]:
    """Add and revoke certificates, each in its own transaction, in the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.responder.writing", str(material.folder)]
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Write until SIGTERM."""
    folder = Path(sys.argv[1])
    issuer = load_authority(folder).issuer
    now = datetime.datetime.now(datetime.UTC)
    number = FIRST + int(now.timestamp() * 1e6)
    with SQLiteStore(folder / "status.db") as store:
        while True:
            store.add(issuer, number)
            store.revoke(issuer, number, now)
            number += 1


if __name__ == "__main__":
    main()
