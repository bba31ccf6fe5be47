"""
Count in one process: plain integers, which reports collect.

Where a request is answered from memory, the server adds one to an integer:
``outcome.count += 1``. All else happens when :meth:`Metrics.flush` makes a report.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from ocsp import limits
from ocsp.metrics.log_lines import LogLines
from ocsp.metrics.report import HistogramPart, NumberPart, Report
from ocsp.metrics.table import (
    ANSWERS,
    CERT_IDS,
    CONFIGURED,
    HTTP_REQUESTS,
    LABEL_VALUES,
    NO_ISSUER,
    OTHER,
    RESPONSES,
    Metric,
)
from ocsp.responder.source import IssuerKey

__all__ = ["Counter", "Gauge", "Histogram", "Metrics", "Outcome"]

REPORT_SECONDS = 1.0
"""The time between two reports of a process. A killed process loses at most what it
counted in this time."""

PARTS_PER_REPORT = 40
"""Series in one report, so that it fits into a datagram."""

LINES_PER_REPORT = 10
"""Lines of the log in one report, so that it fits into a datagram."""

Part = TypeVar("Part")
Series = tuple[Metric, tuple[str, ...]]
OutcomeKey = tuple[str, str, str, IssuerKey | None, str, str, str]


class Counter:
    """A counter: the caller adds to :attr:`value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0.0


class Gauge:
    """A gauge: the caller sets :attr:`value`; ``None`` is not reported."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None


class Histogram:
    """A histogram: the caller passes each value to :meth:`observe`."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count *value*."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def clear(self) -> None:
        """Set all counts to zero."""
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0


class Outcome:
    """
    Everything that is counted when a request ends in one way.

    The server keeps it beside the answer, and adds one to :attr:`count` each time that
    it sends the answer.
    """

    __slots__ = ("_counters", "count")

    def __init__(self, counters: tuple[Counter, ...]) -> None:
        self.count = 0
        self._counters = counters

    def distribute(self) -> None:
        """Add the count to each counter, and set it to zero."""
        if count := self.count:
            self.count = 0
            for counter in self._counters:
                counter.value += count


class Metrics:
    """
    The metrics of one process.

    All methods and the objects that they return are for one thread, the one that runs
    the event loop.

    Attributes:
        lines: The logging handler that keeps lines of the log for the reports.
    """

    def __init__(
        self,
        send: Callable[[Report], bool],
        *,
        process: str = "responder",
        issuers: Mapping[IssuerKey, str] | None = None,
        signers: Mapping[bytes, str] | None = None,
        stores: Iterable[str] = (),
    ) -> None:
        """
        Count, and report to *send*.

        Args:
            send: Takes a report: :meth:`Totals.add` in the process of the admin port,
                :meth:`ReportSender.send` in all others. If it returns ``False``, the
                counts are reported again later.

            process: The name of the process. A process that replaces another one takes
                its name.

            issuers: The configured names of the issuers.

            signers: The configured names of the signers, each under the SHA-256 of its
                certificate.

            stores: The configured names of the stores.
        """
        self._send = send
        self._process = process
        self.lines = LogLines(process)
        self._issuers: dict[IssuerKey, str] = {}
        self._signers: dict[bytes, str] = {}
        self._names: dict[str, AbstractSet[str]] = dict.fromkeys(
            CONFIGURED, frozenset()
        )
        self._counters: dict[Series, Counter] = {}
        self._gauges: dict[Series, Gauge] = {}
        self._histograms: dict[Series, Histogram] = {}
        self._outcomes: dict[OutcomeKey, Outcome] = {}
        self._next_gauge = 0
        self.configure(issuers=issuers or {}, signers=signers or {}, stores=stores)

    def configure(
        self,
        *,
        issuers: Mapping[IssuerKey, str],
        signers: Mapping[bytes, str],
        stores: Iterable[str] = (),
    ) -> None:
        """
        Use other names, after a reload of the configuration.

        The server drops the outcomes that it has: they are no longer counted.
        """
        for outcome in self._outcomes.values():
            outcome.distribute()
        self._outcomes.clear()
        self._issuers = dict(issuers)
        self._names["issuer"] = {*issuers.values(), NO_ISSUER}
        self._signers = dict(signers)
        self._names["signer"] = set(signers.values())
        self._names["store"] = set(stores)

    def outcome(
        self,
        *,
        method: str,
        code: int,
        status: str = "",
        issuer: IssuerKey | None = None,
        cause: str = "none",
        origin: str = "",
        cert_id_hash: str = "",
    ) -> Outcome:
        """
        Return the outcome with these labels, always the same object.

        It may be called for each request (0.3 µs), or once for each answer in memory.

        Args:
            method: The method of the request.

            code: The status code of the HTTP reply.

            status: The responseStatus as RFC 6960 §4.2.1 spells it, for example
                ``tryLater``; empty if the reply is not an OCSP response.

            issuer: The issuer that the request names, or ``None`` if it is none of this
                responder's.

            cause: The cause of an error; see ``cause`` in
                :data:`~ocsp.metrics.table.LABEL_VALUES`.

            origin: Where the signature came from, for a signed response; see ``from``
                there.

            cert_id_hash: The hash algorithm of the CertIDs, for example ``sha256``.
        """
        key = (method, str(code), status, issuer, cause, origin, cert_id_hash)
        found = self._outcomes.get(key)
        return self._bounded_outcome(key) if found is None else found

    def _bounded_outcome(self, key: OutcomeKey) -> Outcome:
        """Return the outcome for *key*, kept under values of the table only."""
        method, code, status, issuer, cause, origin, cert_id_hash = key
        bounded = (
            self._bounded("method", method),
            self._bounded("code", code),
            status and self._bounded("status", status),
            issuer if issuer in self._issuers else None,
            self._bounded("cause", cause),
            origin and self._bounded("from", origin),
            cert_id_hash and self._bounded("hash", cert_id_hash),
        )
        found = self._outcomes.get(bounded)
        if found is None:
            found = self._outcomes[bounded] = Outcome(tuple(self._parts(bounded)))
        return found

    def _parts(self, key: OutcomeKey) -> Iterator[Counter]:
        method, code, status, issuer, cause, origin, cert_id_hash = key
        yield self.counter(HTTP_REQUESTS, method, code)
        if status:
            name = NO_ISSUER if issuer is None else self._issuers[issuer]
            yield self.counter(RESPONSES, name, status, cause)
        if origin:
            yield self.counter(ANSWERS, origin)
        if cert_id_hash:
            yield self.counter(CERT_IDS, cert_id_hash)

    def signer_name(self, identifier: bytes) -> str:
        """Return the name of the signer whose certificate has this SHA-256."""
        return self._signers.get(identifier, OTHER)

    def counter(self, metric: Metric, *labels: str) -> Counter:
        """Return the counter of *metric* with these label values, in their order."""
        return self._counters.setdefault(self._series(metric, labels), Counter())

    def gauge(self, metric: Metric, *labels: str) -> Gauge:
        """Return the gauge of *metric* with these label values, in their order."""
        return self._gauges.setdefault(self._series(metric, labels), Gauge())

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """Return the histogram of *metric* with these label values, in their order."""
        series = self._series(metric, labels)
        return self._histograms.setdefault(series, Histogram(metric.bounds))

    def _series(self, metric: Metric, labels: tuple[str, ...]) -> Series:
        bounded = zip(metric.labels, labels, strict=True)
        return metric, tuple(self._bounded(label, value) for label, value in bounded)

    def _bounded(self, label: str, value: str) -> str:
        names = self._names if label in CONFIGURED else LABEL_VALUES
        if value not in names[label]:
            return OTHER
        return value[: limits.MAX_LABEL_CHARACTERS]

    def flush(self) -> None:
        """Report everything that was counted."""
        for outcome in self._outcomes.values():
            outcome.distribute()
        # Gauges come last: they are reported each time, and must not keep back counts.
        if self._report_counters() and self._report_histograms():
            self._report_lines()
            self._report_gauges()

    def close(self) -> None:
        """Report everything, and that the process ends as it should."""
        self.flush()
        self._send(Report(self._process, ended=True))

    def _report_counters(self) -> bool:
        counted = [(key, each) for key, each in self._counters.items() if each.value]
        for some in _split(counted):
            parts = tuple(
                NumberPart(metric.name, labels, counter.value)
                for (metric, labels), counter in some
            )
            if not self._send(Report(self._process, counters=parts)):
                return False
            for _, counter in some:
                counter.value = 0.0
        return True

    def _report_histograms(self) -> bool:
        for (metric, labels), histogram in self._histograms.items():
            if not any(histogram.counts):
                continue
            counts = tuple(histogram.counts)
            part = HistogramPart(metric.name, labels, counts, histogram.sum)
            if not self._send(Report(self._process, histograms=(part,))):
                return False
            histogram.clear()
        return True

    def _report_lines(self) -> None:
        while lines := self.lines.oldest(LINES_PER_REPORT):
            if not self._send(Report(self._process, lines=lines)):
                return
            self.lines.drop(len(lines))

    def _report_gauges(self) -> None:
        """Report all gauges, at least with an empty report: the process runs."""
        parts = [
            NumberPart(metric.name, labels, gauge.value)
            for (metric, labels), gauge in self._gauges.items()
            if gauge.value is not None
        ]
        # If the channel takes only some, the next report begins with the others.
        first = self._next_gauge % max(len(parts), 1)
        for some in _split(parts[first:] + parts[:first]) or [[]]:
            if not self._send(Report(self._process, gauges=tuple(some))):
                return
            self._next_gauge += len(some)


def _split(parts: list[Part]) -> list[list[Part]]:
    """Return *parts* in lists that fit into one report each."""
    return [
        parts[start : start + PARTS_PER_REPORT]
        for start in range(0, len(parts), PARTS_PER_REPORT)
    ]
