"""Run one process of the responder: ``python -m bench.responder.ours FOLDER FD``."""

from __future__ import annotations

import datetime
import socket
import sys
from pathlib import Path

from bench.responder.material import load_authority
from ocsp.metrics import Metrics
from ocsp.responder import Responder
from ocsp.server import RequestHandler, serve
from ocsp.store import SQLiteStore

__all__ = ["main"]


def main() -> None:
    """Serve until SIGTERM."""
    folder, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    validity = datetime.timedelta(hours=96)
    authority = load_authority(folder)
    metrics = Metrics(lambda _: True, issuers={authority.key: "benchmark"})
    with SQLiteStore(folder / "status.db") as store:
        handler = RequestHandler(
            Responder([authority], validity=validity), store, metrics=metrics
        )
        serve(handler, socket.socket(fileno=descriptor))


if __name__ == "__main__":
    main()
