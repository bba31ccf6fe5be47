"""Measure 100,000 loaded messages that a program keeps, in new processes."""

from __future__ import annotations

from functools import cache, partial

from bench.measure import Pair, Row
from bench.processes import answer

__all__ = ["rows"]

REPEATED = "100,000 different responses of the web mix, all kept"


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="memory",
            what="a loaded response",
            repeated=REPEATED,
            peer="cryptography",
            measure=partial(_compared, "octets"),
            target=1.3,
            unit="octets",
        ),
        Row(
            group="memory",
            what="a full garbage collection",
            repeated=REPEATED,
            peer="cryptography",
            measure=partial(_compared, "collection"),
            target=3.0,
        ),
    ]


def _compared(what: str, _: int) -> Pair:
    return Pair.of([(_held("ocsp")[what], _held("cryptography")[what])])


@cache
def _held(name: str) -> dict[str, float]:
    found: dict[str, float] = answer("bench.reading.held", name)
    return found
