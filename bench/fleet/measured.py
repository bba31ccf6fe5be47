"""
Compare the simulation with three real nodes: ``python -m bench.fleet.measured``.

The nodes are three `ocsp serve` behind nginx with the configuration of
``packaging/compose``. They use one PostgreSQL database, or with ``--files`` each its
own copy of an SQLite file. wrk asks. All of them share the CPUs, so CPU times and
counts are compared, and latencies are not. The costs for the simulation are measured
with one node, and one kind of requests at a time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import sub
from pathlib import Path

from bench.fleet.parameters import read_parameters
from bench.fleet.popularity import Popularity
from bench.fleet.simulation import ALONE, Failure, Fleet, Kind, Result, simulate
from bench.fleet.stores import SETTINGS, sign_all
from bench.responder.load import Load, measure
from bench.responder.material import Material, load_authority, make_material
from bench.responder.servers import Server
from ocsp.store import Migration, SQLiteStore
from ocsp.store.postgresql import PostgreSQLStore
from tests.servers.postgresql import PostgreSQLServer, server_folder

__all__ = [
    "CPU_ERROR",
    "SHARE_ERROR",
    "Comparison",
    "RealFleet",
    "compare",
    "main",
    "running_fleet",
]

ROOT = Path(__file__).parents[2]
FRONT = ROOT / "packaging" / "compose" / "nginx.conf"
NODES = 3
REQUESTS = 200_000
"""Targets in the list for wrk: more than it sends in a run."""

EXPONENT = 0.9
MEMORY_OCTETS = 4 << 20
ENTRY_OCTETS = 640 + 134
"""Octets of an answer in memory besides the answer: what Python needs, and the target.
See ``ocsp.server.memory.response_cache``."""

REPORT_SECONDS = 1.0
"""How often the processes of a node report what they counted."""

CLIENTS = 64
PAUSE = 40
"""How many clients ask, and how many milliseconds each waits before a request: some
1,500 requests a second, for which the CPUs of this machine are enough. With more, the
nodes, nginx, PostgreSQL and the clients wait for each other, which is not simulated."""

SHARE_ERROR = 0.03
"""By how much a share of the requests may differ: docs/scaling.md says so."""

CPU_ERROR = 0.25
"""The same for the CPU time of a node for a request, where nothing else runs."""

SECONDS = 30.0
"""How long to wait for what has to happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    What a real fleet did in a run.

    Attributes:
        sent: Requests of the clients.

        failed: How many got no answer.

        reached: How many reached a node.

        from_memory: How many a node answered from memory.

        cpu: CPU seconds of the nodes.
    """

    sent: float
    failed: int
    reached: float
    from_memory: float
    cpu: float


class Node:
    """One running ``ocsp serve``."""

    def __init__(self, folder: Path, port: int, admin: int) -> None:
        self.port = port
        self._admin = f"http://127.0.0.1:{admin}/metrics"
        self._command = [
            sys.executable, "-m", "ocsp", "serve", "--config", str(folder / "ocsp.toml")
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError("a node did not start")

    def kill(self) -> None:
        """End it as a machine ends that loses its power."""
        children = Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        ).read_text()
        for each in [self.process.pid, *map(int, children.split())]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._close()

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self._close()

    def _close(self) -> None:
        self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def cpu(self) -> float:
        """Return its CPU seconds."""
        return Server("", [self.process.pid]).cpu()

    def counts(self) -> tuple[float, float]:
        """Return its requests, and how many from memory, when all are reported."""
        before, counted = None, self._counted()
        while counted != before:
            time.sleep(2 * REPORT_SECONDS)
            before, counted = counted, self._counted()
        return counted

    def _counted(self) -> tuple[float, float]:
        with urllib.request.urlopen(self._admin, timeout=SECONDS) as reply:
            lines = reply.read().decode().splitlines()

        def total(name: str) -> float:
            found = [line for line in lines if line.startswith(name)]
            return sum(float(line.rpartition(" ")[2]) for line in found)

        return (
            total("ocsp_http_requests_total"),
            total('ocsp_answers_total{from="memory"'),
        )


class RealFleet:
    """
    Three nodes and nginx.

    Attributes:
        nodes: The nodes.

        front: nginx, as ``bench.responder.load`` measures it.

        material: What clients ask for.

        database: PostgreSQL, or ``None``.
    """

    def __init__(
        self,
        nodes: list[Node],
        front: Server,
        material: Material,
        database: Server | None,
    ) -> None:
        self.nodes = nodes
        self.front = front
        self.material = material
        self.database = database

    def run(self, file: str, seconds: float) -> Run:
        """Send what *file* has, and return what happened."""
        counts, cpu = self._counts(), self.cpu()
        load = Load(file=self.material / file, connections=CLIENTS, pause=PAUSE)
        measured = measure(self.front, load, seconds)
        cpu = self.cpu() - cpu
        requests, from_memory = map(sub, self._counts(), counts)
        return Run(
            sent=measured.rate * seconds,
            failed=measured.failed,
            reached=requests,
            from_memory=from_memory,
            cpu=cpu,
        )

    def cpu(self) -> float:
        """Return the CPU seconds of all nodes."""
        return sum(node.cpu() for node in self.nodes)

    def database_cpu(self) -> float:
        """Return the CPU seconds of PostgreSQL; 0 without it."""
        return 0.0 if self.database is None else self.database.cpu()

    def _counts(self) -> tuple[float, float]:
        each = [node.counts() for node in self.nodes]
        return sum(first for first, _ in each), sum(second for _, second in each)


@contextlib.contextmanager
def running_fleet(
    folder: Path,
    certificates: int,
    *,
    files: bool = False,
    nodes: int = NODES,
    workers: int = 1,
) -> Iterator[RealFleet]:
    """Run *nodes*, nginx and, without *files*, PostgreSQL in *folder*."""
    material = make_material(folder, certificates)
    _write_requests(material)
    running: list[Node] = []
    with contextlib.ExitStack() as stack:
        database, url = None, "sqlite:status.db"
        if not files:
            database, url = stack.enter_context(_database(folder))
        for number in range(nodes):
            running.append(_node(folder, number, url, workers))
            stack.callback(running[-1].stop)
        front = stack.enter_context(_front(folder, [node.port for node in running]))
        yield RealFleet(running, front, material, database)


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[tuple[Server, str]]:
    """Run PostgreSQL with what the SQLite file in *folder* has."""
    with server_folder() as data:
        server = PostgreSQLServer(data, SETTINGS)
        server.start()
        try:
            url = server.url(server.new_database())
            with (
                SQLiteStore(folder / "status.db", read_only=True) as old,
                PostgreSQLStore(url, create=True) as new,
            ):
                Migration(old, new).run()
                sign_all(new, load_authority(folder))
            assert server.process is not None
            yield Server("", [server.process.pid]), url
        finally:
            server.stop()


def _write_requests(material: Material) -> None:
    """Write targets for the cache, for the paths past it, and for the first node."""
    targets = (material / "random.get").read_text().split()
    hot = (material / "hot.get").read_text().split()
    popularity = Popularity(len(targets), EXPONENT)
    numbers = random.Random(7)
    drawn = [targets[popularity.draw(numbers) - 1] for _ in range(REQUESTS)]
    for name, prefix, chosen in (
        ("cached.get", "", drawn),
        ("uncached.get", "/uncached", drawn),
        ("warm.get", "/uncached/warm", targets),
        ("first-random.get", "/first", targets),
        ("first-hot.get", "/first", hot),
    ):
        lines = "".join(f"{prefix}{target}\n" for target in chosen)
        (material / name).write_text(lines)


def _node(folder: Path, number: int, database: str, workers: int) -> Node:
    own = folder / f"node{number}"
    own.mkdir()
    for name in ("ca.pem", "delegate.pem", "delegate.key", "status.db"):
        shutil.copy(folder / name, own)
    port, admin = _free_ports(2)
    (own / "ocsp.toml").write_text(
        f"""
database = "{database}"
role = "serve"
listen = ["127.0.0.1:{port}"]
workers = {workers}
[answers]
validity = "4d"
forms = ["sha1"]
memory = "{MEMORY_OCTETS >> 20}MiB"
[admin]
listen = "127.0.0.1:{admin}"
[[issuer]]
certificate = "ca.pem"
signers = [{{ certificate = "delegate.pem", key = "delegate.key" }}]
"""
    )
    return Node(own, port, admin)


@contextlib.contextmanager
def _front(folder: Path, ports: list[int]) -> Iterator[Server]:
    """Run nginx as compose.yaml does, with two paths past its cache."""
    (port,) = _free_ports(1)
    folder.chmod(0o755)  # nginx does not work as root
    (folder / "cache").mkdir()
    file = folder / "front.conf"
    file.write_text(_configuration(folder, port, ports))
    command = ["/usr/sbin/nginx", "-e", str(folder / "nginx.log"), "-c", str(file)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield Server(f"http://127.0.0.1:{port}", [process.pid])
    finally:
        process.terminate()
        process.wait(SECONDS)


def _configuration(folder: Path, port: int, ports: list[int]) -> str:
    text = FRONT.read_text()
    begin, end = (
        text.index("        location / {"),
        text.index("            proxy_cache ocsp;"),
    )
    proxied = text[begin:end]
    past = [
        proxied.replace("location /", "location /uncached/") + "        }\n",
        proxied.replace("location /", "location /first/").replace("//serve", "//first")
        + "        }\n",
    ]
    options = "max_fails=2 fail_timeout=2s"
    servers = [f"server 127.0.0.1:{each} {options};" for each in ports]
    first = f"    upstream first {{ {servers[0]} keepalive 64; }}\n"
    for old, new in (
        (proxied, "".join(past) + proxied),
        ("    upstream serve", first + "    upstream serve"),
        (f"server serve:8080 resolve {options};", "\n".join(servers)),
        ("listen 80 reuseport;", f"listen 127.0.0.1:{port};"),
        ("/var/cache/nginx", str(folder / "cache")),
        ("pid /run", f"pid {folder}"),
        ("worker_processes auto;", "worker_processes 1; daemon off;"),
        ("error_log /dev/stderr warn;", f"error_log {folder}/nginx.log crit;"),
    ):
        if old not in text:
            raise ValueError(f"{FRONT.name} has no {old!r}")
        text = text.replace(old, new)
    return text


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_for(port: int) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


# --- the comparison -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    One figure, measured and simulated.

    Attributes:
        what: What it is.

        measured: Of the real fleet.

        simulated: Of the simulation.

        is_share: Whether it is a share of the requests: then the error is absolute.
    """

    what: str
    measured: float
    simulated: float
    is_share: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the simulation is within the error that is stated."""
        return self.error <= (SHARE_ERROR if self.is_share else CPU_ERROR)

    @property
    def error(self) -> float:
        """How far the simulation is from the measurement."""
        difference = abs(self.simulated - self.measured)
        return difference if self.is_share else difference / self.measured


class _One:
    """The first node alone behind nginx, as ``bench.responder.load`` measures it."""

    def __init__(self, fleet: RealFleet) -> None:
        self.url = f"{fleet.front.url}/first/"
        self.cpu = fleet.nodes[0].cpu


def _costs(fleet: RealFleet, seconds: float) -> dict[str, float]:
    """Measure what requests cost one node: of one kind at a time."""
    node = _One(fleet)
    measure(node, Load(file=fleet.material / "first-hot.get"), seconds)  # warms it up
    cpu = fleet.cpu()
    time.sleep(seconds)
    idle = (fleet.cpu() - cpu) / seconds / NODES

    def micros(file: str, *, alone: bool) -> tuple[float, float]:
        """Return what a request costs the node, and what it costs PostgreSQL."""
        load = Load(file=fleet.material / file)
        if alone:
            load = replace(load, connections=CLIENTS // NODES, pause=PAUSE)
        before = fleet.database_cpu()
        measured = measure(node, load, seconds, int(alone))
        used = (fleet.database_cpu() - before) / seconds
        return measured.micros - idle / measured.rate * 1e6, used / measured.rate * 1e6

    stored = "stored_file" if fleet.database is None else "stored_database"
    costs = {"idle": idle}
    for name, file in (
        ("hot", "first-hot.get"), ("fresh", "nonce.post"), (stored, "first-random.get")
    ):  # fmt: skip
        costs[f"{name}{ALONE}"], _ = micros(file, alone=True)
        costs[name], look_up = micros(file, alone=False)
    if fleet.database is not None:
        costs["database_look_up"] = look_up  # of the last kind
    return costs | {"response_octets": _octets(fleet)}


def _octets(fleet: RealFleet) -> int:
    """Return the size of an answer with its HTTP head."""
    target = (fleet.material / "first-hot.get").read_text().strip()
    with urllib.request.urlopen(fleet.front.url + target, timeout=SECONDS) as reply:
        return len(reply.headers.as_bytes()) + len(reply.read())


RUNS = (
    ("through the cache", "cached.get"),
    ("past the cache", "uncached.get"),
    ("signed live", "nonce.post"),
)
"""What is compared, and the file with its requests."""


def compare(
    certificates: int, seconds: float, *, files: bool = False
) -> Iterator[Comparison]:
    """
    Run both, and return each figure.

    The costs are those of one node a minute before: the speed of a machine that others
    use too is not the same for long.
    """
    plan = Fleet(
        nodes=NODES,
        certificates=min(certificates, REQUESTS),
        exponent=EXPONENT,
        rate=1.0,
        seconds=seconds,
        look_up="stored_file" if files else "stored_database",
        database_cores=0 if files else 2,
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        running_fleet(Path(folder), certificates, files=files) as fleet,
    ):
        costs = _costs(fleet, seconds)
        for name, cost in costs.items():
            print(f"{name}: {cost:.4g}")
        parameters = read_parameters().with_measured(costs)
        fleet.run("warm.get", seconds)  # the pages of the files are in memory then
        entry = ENTRY_OCTETS + int(costs["response_octets"])
        plan = replace(plan, memory=MEMORY_OCTETS // entry)
        for name, file in RUNS:
            run = fleet.run(file, seconds)
            same = replace(
                plan,
                rate=run.sent / seconds,
                cached=file == "cached.get",
                nonces=float(file == "nonce.post"),
            )
            yield from _compared(name, run, simulate(same, parameters))
        yield _with_a_failure(fleet, plan)


def _compared(name: str, run: Run, result: Result) -> Iterator[Comparison]:
    yield Comparison(
        f"{name}: answered by the front",
        1 - run.reached / run.sent,
        result.hit_rate,
        is_share=True,
    )
    yield Comparison(
        f"{name}: answered from the memory of a node",
        run.from_memory / run.reached,
        result.memory_rate,
        is_share=True,
    )
    yield Comparison(
        f"{name}: CPU µs of a node for a request",
        run.cpu / run.reached * 1e6,
        result.micros,
    )


def _with_a_failure(fleet: RealFleet, plan: Fleet) -> Comparison:
    """Kill a node in the middle of a run: no client gets an error."""
    timer = threading.Timer(plan.seconds / 2, fleet.nodes[0].kill)
    timer.start()
    load = Load(file=fleet.material / "uncached.get", connections=CLIENTS, pause=PAUSE)
    measured = measure(fleet.front, load, plan.seconds)
    timer.join()
    fleet.nodes[0].start()
    failure = Failure(kind=Kind.NODE, begin=plan.seconds / 2, seconds=plan.seconds)
    same = replace(plan, rate=measured.rate, cached=False, failures=(failure,))
    result = simulate(same, read_parameters())
    return Comparison(
        "a node is killed: requests without an answer",
        measured.failed / (measured.rate * plan.seconds),
        result.failed / result.requests,
        is_share=True,
    )


def main() -> None:
    """Print both, and the error of each."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet.measured")
    parser.add_argument("--certificates", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--files", action="store_true", help="SQLite files")
    options = parser.parse_args()
    for each in compare(options.certificates, options.seconds, files=options.files):
        unit = "points" if each.is_share else "%"
        print(
            f"{each.what}: measured {each.measured:.3f}, simulated"
            f" {each.simulated:.3f}, error {each.error * 100:.1f} {unit}"
        )


if __name__ == "__main__":
    main()
