"""
Measure a node with one worker and with two: ``python -m bench.fleet.workers``.

The node answers from memory, and random certificates from PostgreSQL. wrk and
PostgreSQL use the same CPUs: where there are two, the rate of two workers is not twice
that of one. The CPU time for a request says what the second worker costs.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.fleet.measured import RealFleet, running_fleet
from bench.responder.load import Load, measure
from bench.responder.servers import Server

__all__ = ["main"]

WORKERS = (1, 2)
KINDS = (("from memory", "hot.get"), ("from PostgreSQL", "random.get"))
CONNECTIONS = 32


def main() -> None:
    """Measure each number of workers, and print a line for each kind of request."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet.workers")
    parser.add_argument("--certificates", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    for workers in WORKERS:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_fleet(
                Path(folder), options.certificates, nodes=1, workers=workers
            ) as fleet,
        ):
            for what, file in KINDS:
                _measure(fleet, f"{what}, workers {workers}", file, options.seconds)


def _measure(fleet: RealFleet, what: str, file: str, seconds: float) -> None:
    (node,) = fleet.nodes
    assert fleet.database is not None
    served = Server(f"http://127.0.0.1:{node.port}", [node.process.pid])
    load = Load(file=fleet.material / file, connections=CONNECTIONS)
    measure(served, load, seconds)  # warms it up
    before = fleet.database.cpu()
    measured = measure(served, load, seconds, 1)
    used = (fleet.database.cpu() - before) / (measured.rate * seconds) * 1e6
    print(
        f"{what}: {measured.rate:,.0f} requests/s, {measured.micros:.1f} µs of the"
        f" node, {used:.1f} µs of PostgreSQL, {measured.failed} failed"
    )


if __name__ == "__main__":
    main()
