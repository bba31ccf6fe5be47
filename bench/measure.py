"""Measuring two actions side by side."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Action", "Pair", "Row", "side_by_side"]

Action = Callable[[], object]

BATCH_NANOSECONDS = 2_000_000
"""Long beside the clock's resolution, short beside a scheduler's slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    Two actions, measured side by side.

    Attributes:
        ours: Microseconds of CPU for one call, the median.

        peer: The same for the peer.

        ratio: The median of the ratios of neighbouring batches.
    """

    ours: float
    peer: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    Attributes:
        group: What kind of work it is.

        what: What is done.

        peer: Beside whom.

        measure: Runs the measurement, in so many rounds.

        target: The largest ratio that is good enough, or ``None``.
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
        ours: Our action.

        peer: The peer's.

        rounds: Pairs of batches.

        batch: Calls in a batch; without it, as many as take about two milliseconds.
    """
    sizes = (batch or _fitting(ours), batch or _fitting(peer))
    mine: list[float] = []
    theirs: list[float] = []
    enabled = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            # Whoever goes first finds colder caches, so they take turns.
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
    """Return how many calls take about as long as a batch should."""
    count = 1
    while True:
        taken = _batch(action, count) * count * 1000
        if taken >= BATCH_NANOSECONDS / 4:
            return max(1, int(count * BATCH_NANOSECONDS / taken))
        count *= 4


def _batch(action: Action, count: int) -> float:
    """Return the microseconds of CPU that one of *count* calls takes."""
    start = time.thread_time_ns()
    for _ in range(count):
        action()
    return (time.thread_time_ns() - start) / count / 1000
