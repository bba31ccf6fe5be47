"""
Define a report: what a process counted since its last one, and its text form.

A report travels as one JSON document in one datagram.
"""

from __future__ import annotations

import json
from typing import NamedTuple

__all__ = ["HistogramPart", "NumberPart", "Report", "decode_report", "encode_report"]


class NumberPart(NamedTuple):
    """The value of one series: what to add to a counter, or the value of a gauge."""

    name: str
    labels: tuple[str, ...]
    value: float


class HistogramPart(NamedTuple):
    """What to add to one histogram: a count for each bound and above, and the sum."""

    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    sum: float


class Report(NamedTuple):
    """
    What one process reports.

    Attributes:
        process: The name of the process, for example ``worker-1``.

        counters: What to add to counters.

        gauges: The present values of gauges.

        histograms: What to add to histograms.

        lines: Lines of the log, oldest first.

        ended: Whether this is the last report of the process.
    """

    process: str
    counters: tuple[NumberPart, ...] = ()
    gauges: tuple[NumberPart, ...] = ()
    histograms: tuple[HistogramPart, ...] = ()
    lines: tuple[str, ...] = ()
    ended: bool = False


def encode_report(report: Report) -> bytes:
    """Return *report* as JSON."""
    text = json.dumps(report, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")


def decode_report(data: bytes) -> Report | None:
    """Return the report in *data*, or ``None`` if it is none."""
    try:
        process, counters, gauges, histograms, lines, ended = json.loads(data)
        return Report(
            str(process),
            tuple(map(_number, counters)),
            tuple(map(_number, gauges)),
            tuple(map(_histogram, histograms)),
            tuple(map(str, lines)),
            bool(ended),
        )
    except (ValueError, TypeError, RecursionError):
        return None


def _number(part: tuple[str, list[str], float]) -> NumberPart:
    name, labels, value = part
    return NumberPart(str(name), tuple(map(str, labels)), float(value))


def _histogram(part: tuple[str, list[str], list[int], float]) -> HistogramPart:
    name, labels, counts, total = part
    return HistogramPart(
        str(name), tuple(map(str, labels)), tuple(map(int, counts)), float(total)
    )
