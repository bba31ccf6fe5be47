"""
Run ``python -m bench.responder``: compare responders, and check the targets.

The machine is shared by server and clients, so only ratios count: servers that are
compared are measured in turn, and the median of the ratios of adjacent runs is shown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.responder import servers
from bench.responder.load import Load, Measured, measure, measure_posts
from bench.responder.material import Material, make_material
from bench.responder.servers import Server, Start
from bench.responder.writing import writing

__all__ = ["main"]

Measure = Callable[[Server, int], Measured]

PACE = 300.0
"""Requests a second at which latencies are compared. A server that gets as many as it
can answer has latencies that only say how many clients wait."""

LONGER = 4
"""How many times as long latencies are measured: in two seconds, the 99th percentile
would be that of six requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table: the CPU time of two servers for one request.

    Attributes:
        what: What is asked for.

        package: Which package of this project serves: pure or compiled.

        ours: Starts the server of this package.

        peer: Starts the other one.

        measure: Measures ours.

        measure_peer: Measures the other one.

        target: The largest ratio that meets the target, or ``None``.

        of_latency: Compare the 99th percentile of the latency in place of CPU time.
    """

    what: str
    package: str
    ours: Start
    peer: Start
    measure: Measure
    measure_peer: Measure
    target: float | None = None
    of_latency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The medians of the runs of a row."""

    ours: float
    peer: float
    ratio: float
    failed: int
    memory: float


def main() -> int:
    """Run the comparisons that the command line asks for."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        progress = stack.enter_context(Progress(console=Console(stderr=True)))
        task = progress.add_task("making certificates and answers", total=None)
        if options.folder is not None:
            material = Material(options.folder, options.certificates)
        else:
            material = make_material(Path(folder), options.certificates)
        rows = [
            each
            for package in _packages(options)
            for each in _rows(material, options, package)
            if options.only in each.what
        ]
        progress.update(task, total=len(rows), description="measuring")
        results = []
        for each in rows:
            results.append((each, _run(each, material, options.rounds)))
            progress.advance(task)
    console = Console()
    console.width = max(console.width, 120)
    console.print(_table(results, material.certificates))
    failed = [
        row
        for row, result in results
        if result.failed or (row.target is not None and result.ratio > row.target)
    ]
    return 1 if options.check and failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.responder")
    parser.add_argument("--certificates", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where an earlier run made them")
    parser.add_argument("--only", default="", help="run only rows that contain this")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs")
    parser.add_argument("--seconds", type=int, default=2, help="length of a run")
    parser.add_argument(
        "--compiled", type=Path, metavar="FOLDER",
        help="also measure the compiled package in FOLDER",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if a target is missed"
    )
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Package:
    """
    The pure package, or the compiled one.

    Attributes:
        compiled: The folder with the compiled package; ``None`` for the sources.
    """

    compiled: Path | None

    @property
    def name(self) -> str:
        """How the table names it."""
        return "pure" if self.compiled is None else "compiled"

    def serve(self, material: Material) -> Iterator[Server]:
        """Run one process of its responder."""
        return servers.ours(material, compiled=self.compiled)

    def serve_while_writing(self, material: Material) -> Iterator[Server]:
        """Run one, while another process writes status without pause."""
        with writing(material):
            yield from servers.ours(material, compiled=self.compiled)

    def serve_by_two(self, material: Material) -> Iterator[Server]:
        """Run two processes."""
        return servers.ours(material, 2, compiled=self.compiled)


def _packages(options: argparse.Namespace) -> Iterator[Package]:
    yield Package(None)
    folder: Path | None = options.compiled
    if folder is not None:
        if not list((folder / "ocsp/asn1").glob("der.*.so")):
            sys.exit(f"error: no compiled package in {folder}")
        yield Package(folder.absolute())


def _rows(
    material: Material, options: argparse.Namespace, package: Package
) -> Iterator[Row]:
    seconds: int = options.seconds
    ours = package.serve

    def load(name: str, *, close: bool = False, connections: int = 16) -> Measure:
        sent = Load(file=material / name, close=close, connections=connections)
        return lambda server, number: measure(server, sent, seconds, number)

    def posts(
        clients: int, *, close: bool = False, rate: float | None = None
    ) -> Measure:
        body = (material / "nonce.post").read_bytes()
        time = seconds if rate is None else LONGER * seconds
        return lambda server, _: measure_posts(
            server, body, time, clients=clients, close=close, rate=rate
        )

    one_client = posts(1, close=True)  # openssl closes each connection
    static = load("hot.get")
    for what, file, target in (
        ("stored answer, hot, GET", "hot.get", 1.3),
        ("stored answer, hot, POST", "hot.post", 1.3),
        ("stored answers, random", "random.get", 3.5),
    ):
        yield Row(
            package=package.name,
            what=f"{what} / nginx, a file", ours=ours, peer=servers.nginx,
            measure=load(file), measure_peer=static, target=target,
        )  # fmt: skip
    yield Row(
        package=package.name,
        what="stored answer, hot, connection closed / nginx, a file",
        ours=ours, peer=servers.nginx,
        measure=load("hot.get", close=True), measure_peer=load("hot.get", close=True),
    )  # fmt: skip
    yield Row(
        # By POST: cfssl does not decode a GET whose base64 contains a plus sign.
        package=package.name,
        what="stored answer, hot, POST / cfssl ocspserve",
        ours=ours, peer=servers.cfssl,
        measure=load("hot.post"), measure_peer=load("hot.post"),
    )  # fmt: skip
    yield Row(
        package=package.name,
        what="fresh signature / openssl ocsp", ours=ours, peer=servers.openssl,
        measure=load("nonce.post"), measure_peer=one_client, target=0.6,
    )  # fmt: skip
    yield Row(
        package=package.name,
        what="fresh signature, connection closed / openssl ocsp",
        ours=ours, peer=servers.openssl,
        measure=one_client, measure_peer=one_client, target=0.6,
    )  # fmt: skip
    yield Row(
        package=package.name,
        what="fresh signature, p99 of 16 clients / openssl ocsp, of 1",
        ours=ours, peer=servers.openssl,
        measure=posts(16, rate=PACE), measure_peer=posts(1, close=True, rate=PACE),
        target=1.0, of_latency=True,
    )  # fmt: skip
    for file, target in (("hot.get", 1.1), ("random.get", 1.43)):
        yield Row(
            package=package.name,
            what=f"{file.removesuffix('.get')} while status is written / without",
            ours=package.serve_while_writing, peer=ours,
            measure=load(file), measure_peer=load(file), target=target,
        )  # fmt: skip
    yield Row(
        package=package.name,
        what="two processes / one", ours=package.serve_by_two, peer=ours,
        measure=load("hot.get", connections=32),
        measure_peer=load("hot.get", connections=32), target=1.1,
    )  # fmt: skip


def _run(row: Row, material: Material, rounds: int) -> Result:
    """Measure both servers in turn."""
    ours: list[Measured] = []
    peer: list[Measured] = []
    memory = 0.0
    for number in range(-1, rounds):
        for start, take, into in (
            (row.ours, row.measure, ours),
            (row.peer, row.measure_peer, peer),
        ):
            with contextmanager(start)(material) as server:
                take(server, number)  # fills what the server keeps in memory
                into.append(take(server, number + 1))
                if into is ours:
                    memory = max(memory, server.memory())
    del ours[0], peer[0]  # the first pair warms the machine up

    def value(one: Measured) -> float:
        return one.p99 if row.of_latency else one.micros

    return Result(
        ours=statistics.median(map(value, ours)),
        peer=statistics.median(map(value, peer)),
        ratio=statistics.median(
            value(one) / value(other) for one, other in zip(ours, peer, strict=True)
        ),
        failed=sum(each.failed for each in ours + peer),
        memory=memory,
    )


def _table(results: list[tuple[Row, Result]], certificates: int) -> Table:
    shown = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"CPU µs for one request (p99: ms); {certificates:,} certificates",
    )
    shown.add_column("what / compared with", no_wrap=True)
    shown.add_column("package", no_wrap=True)
    for name in ("ours", "peer", "ratio", "target", "failed", "MiB"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row, result in results:
        target = "" if row.target is None else f"≤ {row.target:.2f}"
        missed = row.target is not None and result.ratio > row.target
        shown.add_row(
            row.what,
            row.package,
            f"{result.ours:.1f}",
            f"{result.peer:.1f}",
            f"{result.ratio:.2f}",
            f"[red]{target}[/red]" if missed else target,
            str(result.failed),
            f"{result.memory:.0f}",
        )
    return shown


if __name__ == "__main__":
    sys.exit(main())
