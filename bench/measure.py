"""
Measure two pieces of work in turn, and keep their ratios.

CPU time is measured, not the time of the clock: machines differ and are shared. One
*round* measures this package and its peer directly after each other and gives one
ratio. The result is the median of the ratios, with their quartiles.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

__all__ = ["Action", "Pair", "Row", "in_passes", "in_turn", "side_by_side"]

Action = Callable[[], object]
Item = TypeVar("Item")

BATCH_NANOSECONDS = 2_000_000
"""The duration of a batch: long compared with the resolution of the clock, short
compared with a time slice of the scheduler."""

PART = 500
"""Items that both sides work through before the other's turn: about a time slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    The result for two actions that were measured side by side.

    Attributes:
        ours: The median of the CPU microseconds for one call of this package.

        peer: The same for the peer, or the limit that the row names instead.

        ratio: The median of the ratios of the rounds.

        low: The first quartile of the ratios.

        high: The third quartile of the ratios.

        rounds: How many ratios there are.
    """

    ours: float
    peer: float
    ratio: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, rounds: Sequence[tuple[float, float]]) -> Self:
        """Return the result of *rounds*: microseconds of ours, and of the peer."""
        ratios = [ours / peer for ours, peer in rounds]
        low, ratio, high = (
            statistics.quantiles(ratios, method="inclusive")
            if len(ratios) > 1
            else ratios * 3
        )
        return cls(
            ours=statistics.median(ours for ours, _ in rounds),
            peer=statistics.median(peer for _, peer in rounds),
            ratio=ratio,
            low=low,
            high=high,
            rounds=len(rounds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    Attributes:
        group: The group of the row.

        what: The work that is measured.

        repeated: What occurs again during the measurement, and what does not.

        peer: The peer that it is compared with.

        measure: Runs the measurement with the given number of rounds.

        target: The largest ratio that meets the target, or ``None``.

        compiled: The same for the compiled package, if it differs.

        unit: What is measured, if it is not CPU microseconds.
    """

    group: str
    what: str
    repeated: str
    peer: str
    measure: Callable[[int], Pair]
    target: float | None = None
    compiled: float | None = None
    unit: str = "µs"


def side_by_side(ours: Action, peer: Action, rounds: int, *, batch: int = 0) -> Pair:
    """
    Measure *ours* and *peer*, which do the same work in each call.

    Args:
        ours: The action of this package.

        peer: The action of the peer.

        rounds: The number of pairs of batches.

        batch: The number of calls in a batch; 0 for as many as take about two
            milliseconds.
    """
    sizes = (batch or _fitting(ours), batch or _fitting(peer))
    return Pair.of(
        _rounds(
            lambda _: _batch(ours, sizes[0]), lambda _: _batch(peer, sizes[1]), rounds
        )
    )


def in_turn(
    items: Sequence[Item],
    ours: Callable[[Item], object],
    peer: Callable[[Item], object],
    rounds: int,
    *,
    part: int = PART,
) -> Pair:
    """
    Measure both on the next *part* of *items* in each round, again and again.

    Both have worked through all items before, so that their caches are warm.
    """
    for action in (ours, peer):
        _each(action, items)
    return Pair.of(_in_parts(items, ours, peer, part, rounds))


def in_passes(
    prepare: Callable[[], Sequence[Item]],
    ours: Callable[[Item], object],
    peer: Callable[[Item], object],
    passes: int,
    *,
    part: int = PART,
) -> Pair:
    """
    Measure both on each item once in a pass.

    *prepare* returns the items before each pass, and is not measured. It empties caches
    or makes new items, so that neither side has met them before.
    """
    taken: list[tuple[float, float]] = []
    for _ in range(passes):  # a pass can be one round: the next begins with the other
        taken += _in_parts(prepare(), ours, peer, part, begin=len(taken))
    return Pair.of(taken)


def _in_parts(
    items: Sequence[Item],
    ours: Callable[[Item], object],
    peer: Callable[[Item], object],
    part: int,
    rounds: int = 0,
    *,
    begin: int = 0,
) -> list[tuple[float, float]]:
    """Return the microseconds of both for each part, or for *rounds* parts."""
    return _rounds(
        lambda number: _each(ours, _part(items, number, part)),
        lambda number: _each(peer, _part(items, number, part)),
        rounds or len(items) // part,
        begin,
    )


def _rounds(
    ours: Callable[[int], float],
    peer: Callable[[int], float],
    rounds: int,
    begin: int = 0,
) -> list[tuple[float, float]]:
    """Return the microseconds of both in *rounds* after *begin* others, in turn."""
    taken = []
    with _without_collection():
        for number in range(rounds):
            # The first action has colder CPU caches, so the order alternates.
            if (begin + number) % 2:
                theirs = peer(number)
                taken.append((ours(number), theirs))
            else:
                mine = ours(number)
                taken.append((mine, peer(number)))
    return taken


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the garbage collector off: it would stop at random in one of the two."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _part(items: Sequence[Item], number: int, size: int) -> Sequence[Item]:
    begin = number * size % len(items)
    return items[begin : begin + size]


def _each(action: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Return the CPU microseconds for one of *items*, averaged."""
    start = time.thread_time_ns()
    for item in items:
        action(item)
    return (time.thread_time_ns() - start) / len(items) / 1000


def _fitting(action: Action) -> int:
    """Return how many calls take about ``BATCH_NANOSECONDS``."""
    count = 1
    while True:
        taken = _batch(action, count) * count * 1000
        if taken >= BATCH_NANOSECONDS / 4:
            return max(1, int(count * BATCH_NANOSECONDS / taken))
        count *= 4


def _batch(action: Action, count: int) -> float:
    """Return the CPU microseconds for one call, averaged over *count* calls."""
    start = time.thread_time_ns()
    for _ in range(count):
        action()
    return (time.thread_time_ns() - start) / count / 1000
