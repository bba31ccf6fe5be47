"""Measure 100,000 loaded messages that a program keeps, in new processes."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from bench.corpora import web_mix
from bench.corpora.files import write_messages
from bench.measure import Pair, Row
from bench.processes import answer

__all__ = ["rows"]

HELD = 100_000
REPEATED = f"{HELD:,} different responses of the web mix, all kept"


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        _row("a loaded response", "", "octets", 1.3),
        _row("a loaded response, three fields read", ", fields", "octets"),
        _row("a full garbage collection", "", "collection", 3.0),
    ]


def _row(what: str, loader: str, figure: str, target: float | None = None) -> Row:
    def measure(_: int) -> Pair:
        ours, peer = _held(f"ocsp{loader}"), _held(f"cryptography{loader}")
        return Pair.of([(ours[figure], peer[figure])])

    return Row(
        group="memory",
        what=what,
        repeated=REPEATED,
        peer="cryptography",
        measure=measure,
        target=target,
        unit="octets" if figure == "octets" else "µs",
    )


@cache
def _held(loader: str) -> dict[str, float]:
    """Return what the messages cost with the *loader*."""
    path = Path(_folder().name) / "messages"
    if not path.exists():
        write_messages(path, web_mix(HELD))
    found: dict[str, float] = answer("bench.reading.held", loader, str(path))
    return found


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of the messages, which the end of the program removes."""
    return tempfile.TemporaryDirectory()
