"""Measure two actions side by side."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Action", "Pair", "Row", "side_by_side"]

Action = Callable[[], object]

BATCH_NANOSECONDS = 2_000_000
"""The duration of a batch: long compared with the resolution of the clock, short
compared with a time slice of the scheduler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    The result for two actions that were measured side by side.

    Attributes:
        ours: The median of the CPU microseconds for one call of this package.

        peer: The same for the peer.

        ratio: The median of the ratios of adjacent batches.
    """

    ours: float
    peer: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    Attributes:
        group: The group of the row.

        what: The work that is measured.

        peer: The peer that it is compared with.

        measure: Runs the measurement with the given number of rounds.

        target: The largest ratio that meets the target, or ``None``.
    """

    group: str
    what: str
    peer: str
    measure: Callable[[int], Pair]
    target: float | None = None


def side_by_side(ours: Action, peer: Action, rounds: int, *, batch: int = 0) -> Pair:
    """
    Measure *ours* and *peer* in turn.

    Args:
        ours: The action of this package.

        peer: The action of the peer.

        rounds: The number of pairs of batches.

        batch: The number of calls in a batch; 0 for as many as take about two
            milliseconds.
    """
    sizes = (batch or _fitting(ours), batch or _fitting(peer))
    mine: list[float] = []
    theirs: list[float] = []
    enabled = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            # The first action has colder CPU caches, so the order alternates.
            if number % 2:
                theirs.append(_batch(peer, sizes[1]))
                mine.append(_batch(ours, sizes[0]))
            else:
                mine.append(_batch(ours, sizes[0]))
                theirs.append(_batch(peer, sizes[1]))
    finally:
        if enabled:
            gc.enable()
    return Pair(
        ours=statistics.median(mine),
        peer=statistics.median(theirs),
        ratio=statistics.median(a / b for a, b in zip(mine, theirs, strict=True)),
    )


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
