"""
Simulate a fleet, event by event: clients, a cache in front, nodes, a database, signers.

Costs are CPU times of ``parameters.toml``. The network takes no time, so latencies are
those of queues and of work.
"""

from __future__ import annotations

import itertools
import random
import statistics
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import simpy

from bench.fleet.parameters import Parameters
from bench.fleet.popularity import Popularity

__all__ = ["ALONE", "Failure", "Fleet", "Kind", "NodeResult", "Result", "simulate"]

Steps = Generator[simpy.Event, Any, Any]

MICRO = 1e-6
TRIES = 2
"""How many nodes the front asks: ``proxy_next_upstream_tries`` of its configuration."""

FAILS, FAIL_SECONDS = 2, 2.0
"""After how many failures it leaves a node alone, and for how long."""

BATCH = 300
"""Answers that a signer claims at a time."""

SLICE = 10
"""Rows that PostgreSQL writes before a look-up gets its turn: half a millisecond."""

ALONE = "_alone"
"""Ends the name of the cost of a request that finds its worker without work: it wakes
the process, and shares no statement of the database with others."""

IDLE_SIGNER = 1.0
"""Seconds until a signer that found nothing looks again."""


class Kind(Enum):
    """What fails."""

    NODE = auto()
    SIGNER = auto()
    DATABASE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    Something does not work for some time.

    Attributes:
        kind: What fails.

        number: Which of them, from 0.

        begin: When, in seconds from the start.

        seconds: For how long.
    """

    kind: Kind
    begin: float
    seconds: float
    number: int = 0

    def is_on(self, now: float) -> bool:
        """Return whether it has failed at *now*."""
        return self.begin <= now < self.begin + self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """
    What is simulated.

    Attributes:
        nodes: How many nodes answer requests.

        workers: Processes of each node, with a CPU each.

        certificates: How many certificates there are.

        exponent: How unevenly they are asked for: see ``Popularity``.

        rate: Requests a second.

        nonces: The share of requests with a nonce, which are signed live.

        cached: Whether the front keeps answers.

        kept: For how many seconds it does.

        memory: Answers that a worker keeps in memory.

        look_up: The cost of a node for an answer from its store: ``stored_file`` or
            ``stored_database``.

        shared: Whether nodes ask Valkey while the database is away.

        database_cores: CPUs of the database; 0 if each node has a file of its own.

        signers: How many processes sign ahead; 0: everything has been signed.

        period: Seconds from one signature of an answer to the next.

        seconds: How long the simulation runs.

        failures: What fails.

        seed: Of the random numbers.
    """

    nodes: int
    certificates: int
    rate: float
    seconds: float
    workers: int = 1
    exponent: float = 0.9
    nonces: float = 0.0
    cached: bool = True
    kept: float = 86_400.0
    memory: int = 35_000
    look_up: str = "stored_file"
    shared: bool = False
    database_cores: int = 0
    signers: int = 0
    period: float = 151_200.0
    failures: tuple[Failure, ...] = ()
    seed: int = 1


@dataclass(slots=True)
class NodeResult:
    """
    What one node did.

    Attributes:
        requests: How many it answered.

        from_memory: How many of them from memory.

        cpu: Its CPU seconds.
    """

    requests: int = 0
    from_memory: int = 0
    cpu: float = 0.0


@dataclass(slots=True)
class Result:
    """
    What happened.

    Attributes:
        requests: How many were sent.

        front_hits: How many the front answered by itself.

        failed: How many got no answer from any node.

        try_later: How many got *tryLater*.

        nodes: What each node did.

        database_cpu: CPU seconds of the database.

        signed: Answers that were signed ahead.

        overdue: The largest number of answers that were due and not signed.

        latencies: Of each request, in seconds.
    """

    nodes: list[NodeResult]
    requests: int = 0
    front_hits: int = 0
    failed: int = 0
    try_later: int = 0
    database_cpu: float = 0.0
    signed: int = 0
    overdue: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def hit_rate(self) -> float:
        """The share of requests that the front answered."""
        return self.front_hits / max(1, self.requests)

    @property
    def memory_rate(self) -> float:
        """The share of the requests of the nodes that they answered from memory."""
        asked = sum(each.requests for each in self.nodes)
        return sum(each.from_memory for each in self.nodes) / max(1, asked)

    @property
    def micros(self) -> float:
        """CPU microseconds of the nodes for each request that they got."""
        asked = sum(each.requests for each in self.nodes)
        return sum(each.cpu for each in self.nodes) / max(1, asked) / MICRO

    def latency(self, percent: int) -> float:
        """Return a percentile of the latencies, in milliseconds."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1e3


def simulate(fleet: Fleet, parameters: Parameters) -> Result:
    """Run *fleet*, and return what happened."""
    return _Run(fleet, parameters).run()


class _Memory:
    """The answers in the memory of a worker: two generations, as in the responder."""

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: set[int] = set()
        self._old: set[int] = set()

    def find(self, certificate: int) -> bool:
        """Return whether the answer is there; from now on it is."""
        if certificate in self._young:
            return True
        found = certificate in self._old
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()
        self._young.add(certificate)
        return found


class _Worker:
    """
    One process of a node.

    Attributes:
        cpu: Works for one request at a time.

        memory: The answers in its memory.

        in_work: Requests that it works for, or that wait for the database.
    """

    def __init__(self, env: simpy.Environment, memory: int) -> None:
        self.cpu = simpy.Resource(env)
        self.memory = _Memory(memory)
        self.in_work = 0


class _Node:
    """One node, as the front sees it."""

    def __init__(self, env: simpy.Environment, fleet: Fleet, number: int) -> None:
        self.number = number
        self.workers = [_Worker(env, fleet.memory) for _ in range(fleet.workers)]
        self.fails = 0
        self.left_alone_until = 0.0
        self.result = NodeResult()


class _Run:
    """One run of a fleet."""

    def __init__(self, fleet: Fleet, parameters: Parameters) -> None:
        self._fleet = fleet
        self._costs = parameters
        self._env = simpy.Environment()
        self._numbers = random.Random(fleet.seed)
        self._popularity = Popularity(fleet.certificates, fleet.exponent)
        self._nodes = [_Node(self._env, fleet, n) for n in range(fleet.nodes)]
        self._turns = itertools.cycle(self._nodes)
        self._front: dict[int, float] = {}
        self._fetching: dict[int, simpy.Event] = {}
        self._database = (
            simpy.Resource(self._env, fleet.database_cores)
            if fleet.database_cores
            else None
        )
        self._due = 0.0
        self._result = Result([node.result for node in self._nodes])

    def run(self) -> Result:
        """Run to the end, and let the last requests finish."""
        self._env.process(self._arrivals())
        if self._fleet.signers:
            self._env.process(self._become_due())
            for number in range(self._fleet.signers):
                self._env.process(self._sign(number))
        self._env.run(until=self._fleet.seconds)
        idle = self._costs["idle"] * self._fleet.seconds * self._fleet.workers
        for node in self._nodes:
            node.result.cpu += idle
        return self._result

    def _has_failed(self, kind: Kind, number: int = 0) -> bool:
        now = self._env.now
        return any(
            each.kind is kind and each.number == number and each.is_on(now)
            for each in self._fleet.failures
        )

    def _cost(self, name: str) -> float:
        return self._costs[name] * MICRO

    # --- requests ---------------------------------------------------------------------

    def _arrivals(self) -> Steps:
        while True:
            yield self._env.timeout(self._numbers.expovariate(self._fleet.rate))
            self._result.requests += 1
            self._env.process(self._request())

    def _request(self) -> Steps:
        begun = self._env.now
        certificate = self._popularity.draw(self._numbers)
        nonce = self._numbers.random() < self._fleet.nonces
        if self._fleet.cached and not nonce:
            yield from self._through_cache(certificate)
        else:
            yield from self._ask_nodes(certificate, nonce=nonce)
        self._result.latencies.append(self._env.now - begun)

    def _through_cache(self, certificate: int) -> Steps:
        """Answer from the cache; one request for each certificate fills it."""
        other = self._fetching.get(certificate)
        if other is not None:
            yield other
        if self._env.now < self._front.get(certificate, 0.0):
            self._result.front_hits += 1
            return
        self._fetching[certificate] = fetched = self._env.event()
        if (yield from self._ask_nodes(certificate, nonce=False)):
            self._front[certificate] = self._env.now + self._fleet.kept
        self._fetching.pop(certificate, None)
        fetched.succeed()

    def _ask_nodes(self, certificate: int, *, nonce: bool) -> Steps:
        """Ask one node after the other; return whether there is a signed answer."""
        for node in itertools.islice(self._candidates(), TRIES):
            if self._has_failed(Kind.NODE, node.number):
                node.fails += 1
                if node.fails >= FAILS:
                    node.fails = 0
                    node.left_alone_until = self._env.now + FAIL_SECONDS
                continue
            return (yield from self._answer(node, certificate, nonce=nonce))
        self._result.failed += 1
        return False

    def _candidates(self) -> Iterator[_Node]:
        for _ in self._nodes:
            node = next(self._turns)
            if self._env.now >= node.left_alone_until:
                yield node

    def _answer(self, node: _Node, certificate: int, *, nonce: bool) -> Steps:
        node.result.requests += 1
        worker = self._numbers.choice(node.workers)
        end = "" if worker.in_work else ALONE
        worker.in_work += 1
        costs = yield from self._find(node, worker, certificate, nonce=nonce)
        if costs:
            yield from self._work(node, worker, [f"{costs[0]}{end}", *costs[1:]])
        else:
            self._result.try_later += 1
        worker.in_work -= 1
        return bool(costs)

    def _find(
        self, node: _Node, worker: _Worker, certificate: int, *, nonce: bool
    ) -> Steps:
        """Return the names of what the answer costs the node; none for *tryLater*."""
        if not nonce and worker.memory.find(certificate):
            node.result.from_memory += 1
            return ["hot"]
        if self._database is not None:
            if self._has_failed(Kind.DATABASE):
                return ["hot", "shared_look_up"] if self._fleet.shared else []
            yield from self._ask_database(self._cost("database_look_up"))
        return ["fresh" if nonce else self._fleet.look_up]

    def _work(self, node: _Node, worker: _Worker, costs: list[str]) -> Steps:
        seconds = sum(map(self._cost, costs))
        with worker.cpu.request() as turn:
            yield turn
            yield self._env.timeout(seconds)
        node.result.cpu += seconds

    def _ask_database(self, seconds: float) -> Steps:
        assert self._database is not None
        with self._database.request() as turn:
            yield turn
            yield self._env.timeout(seconds)
        self._result.database_cpu += seconds

    # --- signatures -------------------------------------------------------------------

    def _become_due(self) -> Steps:
        """Answers become due evenly: each certificate has its own slot."""
        step = 0.1
        while True:
            yield self._env.timeout(step)
            self._due += self._fleet.certificates / self._fleet.period * step
            self._result.overdue = max(self._result.overdue, int(self._due))

    def _sign(self, number: int) -> Steps:
        while True:
            count = min(BATCH, int(self._due))
            if (
                not count
                or self._has_failed(Kind.SIGNER, number)
                or self._has_failed(Kind.DATABASE)
            ):
                yield self._env.timeout(IDLE_SIGNER)
                continue
            self._due -= count
            yield self._env.timeout(count * self._cost("sign_ahead"))
            if self._database is not None:
                yield from self._write(count)
            self._result.signed += count

    def _write(self, count: int) -> Steps:
        """Write answers; look-ups get their turn in between."""
        while count > 0:
            some = min(count, SLICE)
            yield from self._ask_database(some * self._cost("database_sign_ahead"))
            count -= some
