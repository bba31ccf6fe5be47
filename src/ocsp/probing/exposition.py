"""
Write probes in the text format of Prometheus, with prometheus_client.

Labels have few values: the names of targets from a configuration, and the method, hash
and nonce of a question. Nothing that a responder sends becomes a label.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ocsp.linting import Severity
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.probing.judging import Judgement
from ocsp.probing.report import Failure, NonceUse, ProbeAnswer, ProbeReport

__all__ = ["CONTENT_TYPE", "METRICS", "Probed", "probe_exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_QUESTION = ("target", "method", "hash", "nonce")


class Probed(NamedTuple):
    """
    The last probe of one target.

    Attributes:
        name: The name of the target.

        report: What was answered.

        judgement: Its level.
    """

    name: str
    report: ProbeReport
    judgement: Judgement


class _Gauge(NamedTuple):
    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Probed], Iterator[tuple[tuple[str, ...], float]]]


# --- what each gauge shows ------------------------------------------------------------


def _of_answers(
    value: Callable[[ProbeAnswer], float | None],
) -> Callable[[Probed], Iterator[tuple[tuple[str, ...], float]]]:
    """Return a function that gives *value* of each answer that has one."""

    def samples(probed: Probed) -> Iterator[tuple[tuple[str, ...], float]]:
        for answer in probed.report.answers:
            found = value(answer)
            if found is not None:
                yield _labels(probed, answer), float(found)

    return samples


def _labels(probed: Probed, answer: ProbeAnswer) -> tuple[str, ...]:
    method, hash_name, nonce = answer.question
    return probed.name, method.value, hash_name.value, "yes" if nonce else "no"


def _level(probed: Probed) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (probed.name,), probed.judgement.level


def _statuses(probed: Probed) -> Iterator[tuple[tuple[str, ...], float]]:
    for answer in probed.report.answers:
        for status in OCSPCertStatus if answer.evidence is not None else ():
            is_it = answer.evidence is not None and answer.evidence.status is status
            yield (*_labels(probed, answer), status.name.lower()), is_it


def _failures(probed: Probed) -> Iterator[tuple[tuple[str, ...], float]]:
    for answer in probed.report.answers:
        for why in Failure:
            yield (*_labels(probed, answer), why.value), answer.failure is why


def _findings(probed: Probed) -> Iterator[tuple[tuple[str, ...], float]]:
    for answer in probed.report.answers:
        numbers = Counter(finding.severity for finding in answer.findings)
        for severity in Severity:
            yield (
                (*_labels(probed, answer), severity.name.lower()),
                numbers[severity],
            )


def _seconds_of(moment: datetime.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _this_update(answer: ProbeAnswer) -> float | None:
    return answer.evidence and _seconds_of(answer.evidence.this_update)


def _next_update(answer: ProbeAnswer) -> float | None:
    return answer.evidence and _seconds_of(answer.evidence.next_update)


def _produced_at(answer: ProbeAnswer) -> float | None:
    return answer.evidence and _seconds_of(answer.evidence.produced_at)


def _nonce(answer: ProbeAnswer) -> float | None:
    if answer.nonce in {NonceUse.NOT_SENT, NonceUse.NOT_KNOWN}:
        return None
    return float(answer.nonce is NonceUse.REPEATED)


METRICS = (
    _Gauge(
        "ocsp_probe_level",
        "Level of the probe: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
        ("target",),
        _level,
    ),
    _Gauge(
        "ocsp_probe_verified",
        "1 if the answer was verified, else 0.",
        _QUESTION,
        _of_answers(lambda answer: answer.evidence is not None),
    ),
    _Gauge(
        "ocsp_probe_failure",
        "1 for the reason why an answer was not verified, else 0.",
        (*_QUESTION, "why"),
        _failures,
    ),
    _Gauge(
        "ocsp_probe_certificate_status",
        "1 for the verified status of the certificate, else 0.",
        (*_QUESTION, "status"),
        _statuses,
    ),
    _Gauge(
        "ocsp_probe_seconds",
        "Time from connecting to the complete answer, or to the failure.",
        _QUESTION,
        _of_answers(lambda answer: answer.seconds),
    ),
    _Gauge(
        "ocsp_probe_time_seconds",
        "When the answer was received, in seconds since 1970.",
        _QUESTION,
        _of_answers(lambda answer: _seconds_of(answer.at)),
    ),
    _Gauge(
        "ocsp_probe_this_update_seconds",
        "thisUpdate of the verified answer, in seconds since 1970.",
        _QUESTION,
        _of_answers(_this_update),
    ),
    _Gauge(
        "ocsp_probe_next_update_seconds",
        "nextUpdate of the verified answer, in seconds since 1970.",
        _QUESTION,
        _of_answers(_next_update),
    ),
    _Gauge(
        "ocsp_probe_produced_at_seconds",
        "producedAt of the verified answer, in seconds since 1970.",
        _QUESTION,
        _of_answers(_produced_at),
    ),
    _Gauge(
        "ocsp_probe_http_status",
        "Status code of the reply.",
        _QUESTION,
        _of_answers(lambda answer: answer.http_status),
    ),
    _Gauge(
        "ocsp_probe_octets",
        "Size of the answer.",
        _QUESTION,
        _of_answers(lambda answer: answer.octets),
    ),
    _Gauge(
        "ocsp_probe_nonce_repeated",
        "1 if the verified answer has the nonce of the request, 0 if it has none.",
        _QUESTION,
        _of_answers(_nonce),
    ),
    _Gauge(
        "ocsp_probe_findings",
        "Deviations from the standards in the answer and its headers.",
        (*_QUESTION, "severity"),
        _findings,
    ),
)
"""All gauges, in the order in which they are written."""


class _Probes(Collector):
    """Offers probes to a registry of prometheus_client."""

    def __init__(self, probed: Iterable[Probed]) -> None:
        self._probed = tuple(probed)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in METRICS:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for each in self._probed:
                for labels, value in gauge.samples(each):
                    family.add_metric(labels, value)
            yield family


def probe_exposition(probed: Iterable[Probed]) -> bytes:
    """Return the probes in the text format, such as for ``GET /metrics``."""
    registry = CollectorRegistry()
    registry.register(_Probes(probed))
    return generate_latest(registry)
