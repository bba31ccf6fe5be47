"""The simulated fleet: what must be true of every fleet, whatever it costs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

pytest.importorskip("simpy", reason="needs the dependency group bench")

from bench.fleet.parameters import read_parameters
from bench.fleet.popularity import Popularity
from bench.fleet.simulation import Failure, Fleet, Kind, Result, simulate

FLEET = Fleet(nodes=3, certificates=5_000, rate=2_000.0, seconds=2.0)
COSTS = read_parameters()


def run(**changes: object) -> Result:
    """Simulate the fleet with changes."""
    return simulate(replace(FLEET, **changes), COSTS)  # type: ignore[arg-type]


def test_every_request_is_answered_once() -> None:
    """By the front, or by one of the nodes."""
    result = run()
    reached = sum(node.requests for node in result.nodes)
    # At the end some are on their way.
    assert result.requests == pytest.approx(4_000, rel=0.1)
    assert result.front_hits + reached == pytest.approx(result.requests, abs=5)
    assert (result.failed, result.try_later) == (0, 0)


def test_the_same_seed_gives_the_same_run() -> None:
    """And another one another."""
    assert run() == run()
    assert run() != run(seed=2)


def test_nodes_share_the_requests() -> None:
    """Each gets a third."""
    shares = [node.requests for node in run(cached=False).nodes]
    assert max(shares) - min(shares) <= 1


def test_a_failed_node_costs_no_answer() -> None:
    """The front asks the next one, and leaves the failed one alone after a while."""
    failure = Failure(kind=Kind.NODE, number=1, begin=0.5, seconds=1.5)
    result = run(cached=False, failures=(failure,))
    assert result.failed == 0
    first, second, third = (node.requests for node in result.nodes)
    assert second < min(first, third) / 2


def test_all_nodes_failed_is_no_answer() -> None:
    """A client gets an error then."""
    failures = tuple(
        Failure(kind=Kind.NODE, number=number, begin=0.0, seconds=9.0)
        for number in range(3)
    )
    result = run(cached=False, failures=failures)
    assert result.failed == len(result.latencies)
    assert sum(node.requests for node in result.nodes) == 0


def test_a_cache_saves_the_nodes_work() -> None:
    """And one that keeps answers for no time saves none."""
    assert run().hit_rate > 0.4
    assert run(kept=0.0).front_hits < 20  # those that waited for the same answer


def test_more_memory_answers_more() -> None:
    """Up to what was asked for twice."""
    rates = [run(cached=False, memory=size).memory_rate for size in (2, 200, 20_000)]
    assert rates == sorted(rates)
    assert rates[0] < 0.2 < rates[-1]


def test_without_the_database_memory_answers_and_then_valkey() -> None:
    """Without both, clients are told to try later."""
    away = Failure(kind=Kind.DATABASE, begin=1.0, seconds=1.0)
    fleet = {"cached": False, "database_cores": 2, "failures": (away,)}
    alone = run(**fleet)
    assert 0 < alone.try_later < alone.requests / 2
    assert run(**fleet, shared=True).try_later == 0


def test_signers_keep_up_or_fall_behind() -> None:
    """As their number times their rate says."""
    signs = 1e6 / COSTS["sign_ahead"]
    period = FLEET.certificates / signs  # as many as one signer can sign
    assert run(signers=2, period=period).signed >= 0.4 * 2 * signs
    behind = run(signers=1, period=period / 3)
    assert behind.overdue > run(signers=4, period=period / 3).overdue


def test_a_dead_signer_leaves_its_work_to_the_others() -> None:
    """Nothing stays due."""
    dead = Failure(kind=Kind.SIGNER, begin=0.0, seconds=9.0)
    result = run(signers=2, period=5.0, failures=(dead,))
    assert result.signed > 900
    assert result.overdue < 1_500


def test_ranks_are_drawn_as_often_as_their_share() -> None:
    """The first, and the first hundred."""
    popularity, numbers = Popularity(10_000, 0.9), random.Random(1)
    drawn = [popularity.draw(numbers) for _ in range(50_000)]
    assert min(drawn) == 1
    assert max(drawn) <= 10_000
    assert drawn.count(1) / 50_000 == pytest.approx(popularity.share(1, 2), rel=0.1)
    hundred = sum(rank <= 100 for rank in drawn) / 50_000
    assert hundred == pytest.approx(popularity.share(1, 101), rel=0.05)


def test_a_busy_node_takes_less_for_a_request_than_one_without_work() -> None:
    """It is awake already, and shares the statements of the database."""
    fleet = {"cached": False, "memory": 0, "nodes": 1, "seconds": 1.0}
    seldom = run(**fleet, rate=50.0).micros - 1e6 * COSTS["idle"] / 50
    often = run(**fleet, rate=12_000.0).micros
    assert seldom == pytest.approx(COSTS["stored_file_alone"], rel=0.2)
    assert often == pytest.approx(COSTS["stored_file"], rel=0.2)


def test_nonces_need_the_database() -> None:
    """It has the status: without it, clients get a copy, or are told to try later."""
    away = Failure(kind=Kind.DATABASE, begin=0.0, seconds=9.0)
    fleet = {"nonces": 1.0, "database_cores": 2, "failures": (away,)}
    alone = run(**fleet)
    assert alone.try_later == alone.requests > 0
    assert run(**fleet, shared=True).try_later == 0
