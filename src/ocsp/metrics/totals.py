"""Add up the reports of all processes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from ocsp import limits
from ocsp.metrics.report import HistogramPart, NumberPart, Report
from ocsp.metrics.table import TABLE, Kind, Metric

__all__ = ["Totals"]

SILENT_SECONDS = 5.0
"""After this time without a report a process counts as ended: a running one reports
each second."""

FORGET_SECONDS = 600.0
"""After this time without a report a process is forgotten: it is not coming back."""

Labels = tuple[str, ...]
SeriesName = tuple[str, Labels]


class Totals:
    """
    What all processes have reported, in the process with the admin port.

    Counters and histograms keep what a process reported after it has ended. A gauge
    counts until it was not reported for some seconds.

    One thread adds; any thread may read.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Start with zero.

        Args:
            clock: Returns the monotonic time, in seconds.
        """
        self._clock = clock
        self._sums: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, tuple[list[int], float]]] = {}
        self._gauges: dict[str, dict[SeriesName, tuple[float, float]]] = {}
        self._heard: dict[str, float] = {}
        self._lines: deque[str] = deque(maxlen=limits.MAX_LOG_LINES)
        self._series = 0

    def add(self, report: Report) -> bool:
        """
        Add *report*, and return ``True``: it is taken.

        A part that is not in the table of metrics is dropped, and so is a new series
        above :data:`ocsp.limits.MAX_SERIES`.
        """
        self._note_process(report)
        for part in report.counters:
            self._count(part)
        for histogram in report.histograms:
            self._observe(histogram)
        self._lines.extend(report.lines)
        return True

    def _note_process(self, report: Report) -> None:
        """Note that a process runs, and its gauges, or that it has ended."""
        now = self._clock()
        self._heard[report.process] = now
        if report.gauges:
            gauges = self._gauges.setdefault(report.process, {})
            gauges |= {part[:2]: (now, part.value) for part in report.gauges}
        if report.ended:
            self._forget(report.process)
        for process, heard in list(self._heard.items()):
            if now - heard > FORGET_SECONDS:
                self._forget(process)

    def _forget(self, process: str) -> None:
        self._heard.pop(process, None)
        self._gauges.pop(process, None)

    def _count(self, part: NumberPart) -> None:
        metric = TABLE.get(part.name)
        if metric is None or len(metric.labels) != len(part.labels):
            return
        series = self._sums.setdefault(metric.name, {})
        if part.labels in series or self._has_room():
            series[part.labels] = series.get(part.labels, 0) + part.value

    def _observe(self, part: HistogramPart) -> None:
        metric = TABLE.get(part.name)
        if (
            metric is None
            or len(metric.labels) != len(part.labels)
            or len(metric.bounds) + 1 != len(part.counts)
        ):
            return
        series = self._histograms.setdefault(metric.name, {})
        if part.labels in series or self._has_room():
            counts, total = series.get(part.labels, ([0] * len(part.counts), 0.0))
            added = [had + new for had, new in zip(counts, part.counts, strict=True)]
            series[part.labels] = (added, total + part.sum)

    def _has_room(self) -> bool:
        if self._series >= limits.MAX_SERIES:
            return False
        self._series += 1
        return True

    # --- reading -----------------------------------------------------------------

    def counters(self, metric: Metric) -> Mapping[Labels, float]:
        """Return the sums of a counter, by label values."""
        return dict(self._sums.get(metric.name, {}))

    def histograms(self, metric: Metric) -> Mapping[Labels, tuple[list[int], float]]:
        """Return the counts and the sum of a histogram, by label values."""
        return dict(self._histograms.get(metric.name, {}))

    def gauges(self, metric: Metric) -> Mapping[Labels, float]:
        """Return the values of a gauge over the processes that run, by label values."""
        combined: dict[Labels, float] = {}
        for labels, value in self._current_gauges(metric.name):
            before = combined.get(labels)
            if before is None:
                combined[labels] = value
            elif metric.kind is Kind.SUM:
                combined[labels] = before + value
            else:
                combined[labels] = max(before, value)
        return combined

    def _current_gauges(self, wanted: str) -> Iterator[tuple[Labels, float]]:
        oldest = self._clock() - SILENT_SECONDS
        for gauges in list(self._gauges.values()):
            for (name, labels), (heard, value) in list(gauges.items()):
                if name == wanted and heard >= oldest:
                    yield labels, value

    def silent_processes(self) -> Mapping[str, float]:
        """Return the processes that stopped reporting, and since how many seconds."""
        now = self._clock()
        return {
            process: now - heard
            for process, heard in list(self._heard.items())
            if now - heard > SILENT_SECONDS
        }

    def processes(self) -> tuple[str, ...]:
        """Return the names of all processes that have reported."""
        return tuple(sorted(self._heard))

    def lines(self) -> tuple[str, ...]:
        """Return the last lines of the log, which begin with their time, in order."""
        return tuple(sorted(self._lines, key=_second_of))


def _second_of(line: str) -> str:
    """Return the time with which *line* begins: processes report one after another."""
    return line[: len("2026-11-28 12:00:00")]
