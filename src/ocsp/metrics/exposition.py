"""Write the totals in the text format of Prometheus, with prometheus_client."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from ocsp.metrics.table import TABLE, Kind, Metric
from ocsp.metrics.totals import Totals

__all__ = ["CONTENT_TYPE", "TotalsCollector", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class TotalsCollector(Collector):
    """Offers totals to a registry of prometheus_client."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Family]:
        """Yield each metric that has a value."""
        for metric in TABLE.values():
            family = self._family(metric)
            if family.samples:
                yield family

    def _family(self, metric: Metric) -> Family:
        match metric.kind:
            case Kind.COUNTER:
                return self._counter(metric)
            case Kind.HISTOGRAM:
                return self._histogram(metric)
            case Kind.SUM | Kind.LARGEST:
                return self._gauge(metric)

    def _counter(self, metric: Metric) -> Family:
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, value in sorted(self._totals.counters(metric).items()):
            family.add_metric(labels, value)
        return family

    def _gauge(self, metric: Metric) -> Family:
        family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, value in sorted(self._totals.gauges(metric).items()):
            family.add_metric(labels, value)
        return family

    def _histogram(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, (counts, total) in sorted(self._totals.histograms(metric).items()):
            bounds = [*map(str, metric.bounds), "+Inf"]
            sums = [sum(counts[: end + 1]) for end in range(len(counts))]
            family.add_metric(labels, list(zip(bounds, sums, strict=True)), total)
        return family


def exposition(totals: Totals) -> bytes:
    """Return *totals* in the text format, for ``GET /metrics``."""
    registry = CollectorRegistry()
    registry.register(TotalsCollector(totals))
    return generate_latest(registry)
