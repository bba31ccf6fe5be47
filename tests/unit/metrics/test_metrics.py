"""What processes count, what the totals are, and the text that Prometheus reads."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ocsp import limits
from ocsp.metrics import (
    Metrics,
    ReportReceiver,
    ReportSender,
    Totals,
    report_channel,
    table,
)
from ocsp.metrics.exposition import exposition
from ocsp.metrics.log_lines import LogLines
from ocsp.metrics.report import (
    HistogramPart,
    NumberPart,
    Report,
    decode_report,
    encode_report,
)
from ocsp.metrics.table import (
    CONNECTIONS,
    HTTP_REQUESTS,
    LABEL_VALUES,
    REQUEST_SECONDS,
    RESPONSES,
    SHED,
    SIGNATURES,
    SIGNER_LEFT,
    TABLE,
    Kind,
    Metric,
)
from ocsp.responder.source import IssuerKey

ISSUER = IssuerKey(b"name", b"key")
OTHER_ISSUER = IssuerKey(b"other", b"key")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def _metrics(totals: Totals, process: str = "worker-1") -> Metrics:
    return Metrics(
        totals.add,
        process=process,
        issuers={ISSUER: "issuing-1"},
        signers={b"1": "ocsp-1"},
    )


def _samples(totals: Totals) -> dict[tuple[str, tuple[str, ...]], float]:
    text = exposition(totals).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_one_outcome_is_counted_in_all_its_metrics() -> None:
    """One outcome is counted in all its metrics."""
    totals = Totals()
    metrics = _metrics(totals)
    outcome = metrics.outcome(
        method="GET", code=200, status="successful", issuer=ISSUER, origin="memory",
        cert_id_hash="sha1",
    )  # fmt: skip
    outcome.count += 3
    metrics.flush()
    assert _samples(totals) == {
        ("ocsp_http_requests_total", ("200", "GET")): 3,
        ("ocsp_responses_total", ("issuing-1", "none", "successful")): 3,
        ("ocsp_cert_id_total", ("sha1",)): 3,
        ("ocsp_answers_total", ("memory",)): 3,
    }


def test_an_outcome_without_a_response_counts_the_http_request_only() -> None:
    """An outcome without a response counts the http request only."""
    totals = Totals()
    metrics = _metrics(totals)
    metrics.outcome(method="PUT", code=405).count += 1
    metrics.flush()
    assert _samples(totals) == {("ocsp_http_requests_total", ("405", "other")): 1}


def test_counts_are_reported_once() -> None:
    """Counts are reported once."""
    totals = Totals()
    metrics = _metrics(totals)
    metrics.counter(SHED, "idle").value += 2
    metrics.flush()
    metrics.flush()
    assert totals.counters(SHED) == {("idle",): 2}


@given(st.lists(st.tuples(*[st.text()] * 5), max_size=30))
def test_hostile_requests_add_no_series(requests: list[tuple[str, ...]]) -> None:
    """Hostile requests add no series."""
    totals = Totals()
    metrics = _metrics(totals)
    for number, (method, status, cause, origin, cert_id_hash) in enumerate(requests):
        metrics.outcome(
            method=method, code=number + 1000, status=status, cause=cause, origin=origin,
            cert_id_hash=cert_id_hash, issuer=IssuerKey(method.encode(), b""),
        ).count += 1  # fmt: skip
        metrics.counter(SIGNATURES, method, status).value += 1
    metrics.flush()
    allowed = {"other", "none", "ocsp-1", *set().union(*LABEL_VALUES.values())}
    for metric in TABLE.values():
        for labels in totals.counters(metric):
            assert set(labels) <= allowed
    assert sum(totals.counters(HTTP_REQUESTS).values()) == len(requests)


def test_hostile_requests_do_not_grow_the_table_of_outcomes() -> None:
    """Hostile requests do not grow the table of outcomes."""
    metrics = _metrics(Totals())
    for number in range(1000):
        metrics.outcome(method=f"M{number}", code=number + 1000).count += 1
    assert len(metrics._outcomes) == 1


def test_an_issuer_that_is_not_configured_has_no_name_of_its_own() -> None:
    """An issuer that is not configured has no name of its own."""
    totals = Totals()
    metrics = _metrics(totals)
    metrics.outcome(
        method="GET", code=200, status="unauthorized", issuer=OTHER_ISSUER
    ).count += 1
    metrics.flush()
    assert totals.counters(RESPONSES) == {("none", "unauthorized", "none"): 1}


def test_new_names_of_a_reload_lose_no_count() -> None:
    """New names of a reload lose no count."""
    totals = Totals()
    metrics = _metrics(totals)
    metrics.outcome(
        method="GET", code=200, status="successful", issuer=ISSUER
    ).count += 1
    metrics.configure(issuers={OTHER_ISSUER: "issuing-2"}, signers={})
    metrics.outcome(
        method="GET", code=200, status="successful", issuer=OTHER_ISSUER
    ).count += 1
    metrics.flush()
    assert totals.counters(RESPONSES) == {
        ("issuing-1", "successful", "none"): 1,
        ("issuing-2", "successful", "none"): 1,
    }


def test_counts_that_could_not_be_sent_are_sent_later() -> None:
    """Counts that could not be sent are sent later."""
    totals, taken = Totals(), [False]
    metrics = Metrics(lambda report: taken[0] and totals.add(report))
    metrics.counter(SHED, "idle").value += 1
    metrics.histogram(REQUEST_SECONDS).observe(0.002)
    metrics.flush()
    assert totals.counters(SHED) == {}
    taken[0] = True
    metrics.flush()
    assert totals.counters(SHED) == {("idle",): 1}
    assert totals.histograms(REQUEST_SECONDS)[()][1] == pytest.approx(0.002)


def test_histograms_are_cumulative() -> None:
    """Histograms are cumulative."""
    totals = Totals()
    metrics = _metrics(totals)
    for seconds in (0.0004, 0.0005, 0.0006, 99.0):
        metrics.histogram(REQUEST_SECONDS).observe(seconds)
    metrics.flush()
    samples = _samples(totals)
    assert samples["ocsp_request_seconds_bucket", ("0.0005",)] == 2
    assert samples["ocsp_request_seconds_bucket", ("0.001",)] == 3
    assert samples["ocsp_request_seconds_bucket", ("+Inf",)] == 4
    assert samples["ocsp_request_seconds_count", ()] == 4
    assert samples["ocsp_request_seconds_sum", ()] == pytest.approx(99.0015)


def test_processes_are_added_up_and_ended_ones_keep_their_counts() -> None:
    """Processes are added up and ended ones keep their counts."""
    clock = Clock()
    totals = Totals(clock=clock)
    for process in ("worker-1", "worker-2"):
        metrics = _metrics(totals, process)
        metrics.gauge(CONNECTIONS).value = 5
        metrics.counter(SHED, "idle").value += 1
        metrics.flush()
        clock.now += 2
    assert totals.gauges(CONNECTIONS) == {(): 10}
    clock.now += 4
    assert totals.silent_processes() == {"worker-1": 8.0, "worker-2": 6.0}
    assert totals.gauges(CONNECTIONS) == {}
    assert totals.counters(SHED) == {("idle",): 2}


def test_a_process_that_ends_as_it_should_is_not_missed() -> None:
    """Its gauges and its name are dropped, and its counts are kept."""
    totals = Totals(clock=Clock())
    metrics = _metrics(totals)
    metrics.gauge(CONNECTIONS).value = 5
    metrics.counter(SHED, "idle").value += 1
    metrics.close()
    assert (totals.gauges(CONNECTIONS), totals.processes()) == ({}, ())
    assert totals.counters(SHED) == {("idle",): 1}


def test_a_process_that_does_not_come_back_is_forgotten() -> None:
    """So that names do not collect."""
    clock = Clock()
    totals = Totals(clock=clock)
    totals.add(Report("worker-1"))
    clock.now = 601.0
    totals.add(Report("worker-2"))
    assert totals.processes() == ("worker-2",)


def test_a_gauge_that_is_not_reported_any_more_is_dropped() -> None:
    """While its process goes on."""
    clock = Clock()
    totals = Totals(clock=clock)
    metrics = _metrics(totals)
    gauge = metrics.gauge(CONNECTIONS)
    gauge.value = 5
    metrics.flush()
    gauge.value = None
    clock.now = 6.0
    metrics.flush()
    assert totals.gauges(CONNECTIONS) == {}


def test_any_number_of_series_with_long_names_is_reported(
    channel: tuple[ReportReceiver, ReportSender, Totals, int],
) -> None:
    """They are split over reports that fit into a datagram."""
    receiver, sender, totals, _ = channel
    names = [f"{number:04}" + "\x01" * 1000 for number in range(300)]
    metrics = Metrics(sender.send, signers={name.encode(): name for name in names})
    for name in names:
        metrics.counter(SIGNATURES, name, "ok").value += 1
        metrics.gauge(SIGNER_LEFT, name).value = 1
    for _ in range(50):  # the channel holds some reports only
        metrics.flush()
        receiver.drain()
    assert sum(totals.counters(SIGNATURES).values()) == 300
    assert {len(signer) for signer, _ in totals.counters(SIGNATURES)} == {200}
    assert len(totals.gauges(SIGNER_LEFT)) == 300


def test_a_report_that_is_too_large_is_dropped(
    channel: tuple[ReportReceiver, ReportSender, Totals, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The receiver reads no more of it."""
    receiver, sender, totals, _ = channel
    monkeypatch.setattr(limits, "MAX_REPORT_BYTES", 50)
    sender.send(Report("worker-1", lines=("x" * 50,)))
    sender.send(Report("worker-2"))
    receiver.drain()
    assert totals.processes() == ("worker-2",)


def test_the_largest_value_counts_for_a_lag() -> None:
    """The largest value counts for a lag."""
    (metric,) = [
        each for each in TABLE.values() if each.name == "ocsp_change_lag_seconds"
    ]
    assert metric.kind is Kind.LARGEST
    totals = Totals(clock=Clock())
    for process, lag in (("worker-1", 0.02), ("worker-2", 3.0)):
        metrics = _metrics(totals, process)
        metrics.gauge(metric).value = lag
        metrics.flush()
    assert totals.gauges(metric) == {(): 3.0}


def test_the_number_of_series_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of series is limited."""
    monkeypatch.setattr(limits, "MAX_SERIES", 2)
    totals = Totals()
    for code in ("1", "2", "3"):
        part = NumberPart(HTTP_REQUESTS.name, ("GET", code), 1)
        totals.add(Report("worker-1", counters=(part, part)))
    assert totals.counters(HTTP_REQUESTS) == {("GET", "1"): 2, ("GET", "2"): 2}


@pytest.mark.parametrize(
    "report",
    [
        Report("w", counters=(NumberPart("nothing", (), 1),)),
        Report("w", counters=(NumberPart(HTTP_REQUESTS.name, ("GET",), 1),)),
        Report("w", histograms=(HistogramPart("nothing", (), (1,), 1),)),
        Report("w", histograms=(HistogramPart(REQUEST_SECONDS.name, (), (1,), 1),)),
    ],
)
def test_parts_that_are_in_no_table_are_dropped(report: Report) -> None:
    """Parts that are in no table are dropped."""
    totals = Totals()
    totals.add(report)
    assert exposition(totals) == b""


# --- the text form and the channel -------------------------------------------------------

_texts = st.text(st.characters(exclude_categories=["Cs"]))


_labels = st.lists(_texts).map(tuple)
_floats = st.floats(allow_nan=False)
_numbers = st.lists(st.builds(NumberPart, _texts, _labels, _floats)).map(tuple)
_counts = st.lists(st.integers(min_value=0)).map(tuple)
_histograms = st.lists(st.builds(HistogramPart, _texts, _labels, _counts, _floats)).map(
    tuple
)


@given(
    st.builds(Report, _texts, _numbers, _numbers, _histograms, _labels, st.booleans())
)
def test_a_report_survives_its_text_form(report: Report) -> None:
    """A report survives its text form."""
    assert decode_report(encode_report(report)) == report


@given(st.binary())
def test_what_is_no_report_is_none(data: bytes) -> None:
    """What is no report is none."""
    assert decode_report(data) is None


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b"[1,2,3,4,5,6]", b"{}", b"null", b'["w",[],[],[[]],[],false]'],
)
def test_json_that_is_no_report_is_none(data: bytes) -> None:
    """Json that is no report is none."""
    assert decode_report(data) is None


@pytest.fixture
def channel() -> Iterator[tuple[ReportReceiver, ReportSender, Totals, int]]:
    """Both ends of a channel, the totals, and the descriptor of the sending end."""
    receiving, sending = report_channel()
    totals = Totals()
    with receiving, sending:
        yield (
            ReportReceiver(receiving, totals),
            ReportSender(sending),
            totals,
            sending.fileno(),
        )


@pytest.mark.skipif(
    os.name != "posix", reason="Windows has no datagram sockets of this kind"
)
def test_a_full_channel_delays_nothing_and_loses_nothing(
    channel: tuple[ReportReceiver, ReportSender, Totals, int],
) -> None:
    """A full channel delays nothing, and what did not fit is sent later."""
    receiver, sender, totals, _ = channel
    metrics = Metrics(sender.send)
    for _ in range(5000):  # more than the channel holds
        metrics.counter(SHED, "idle").value += 1
        metrics.flush()
    receiver.drain()
    metrics.flush()
    receiver.drain()
    assert totals.counters(SHED) == {("idle",): 5000}


@pytest.mark.skipif(
    os.name != "posix", reason="Windows has no datagram sockets of this kind"
)
def test_what_a_killed_worker_reported_is_kept(
    channel: tuple[ReportReceiver, ReportSender, Totals, int],
) -> None:
    """What a killed worker reported is kept."""
    receiver, _, totals, descriptor = channel
    program = f"""
import os, signal, socket
from ocsp.metrics import Metrics, ReportSender
from ocsp.metrics.table import SHED
channel = socket.socket(fileno={descriptor})
metrics = Metrics(ReportSender(channel).send, process="worker-1")
metrics.counter(SHED, "idle").value += 7
metrics.flush()
metrics.counter(SHED, "idle").value += 1
os.kill(os.getpid(), signal.SIGKILL)
"""
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-c", program], pass_fds=[descriptor], check=False
        )
        assert ended.returncode == -signal.SIGKILL
    receiver.drain()
    assert totals.counters(SHED) == {("idle",): 14}
    assert totals.processes() == ("worker-1",)


# --- the log -----------------------------------------------------------------------------


def test_the_last_lines_of_the_log_reach_the_totals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last lines of the log reach the totals."""
    monkeypatch.setattr(limits, "MAX_LOG_LINES", 25)
    monkeypatch.setattr(limits, "MAX_SHOWN_CHARACTERS", 60)
    totals = Totals()
    metrics = Metrics(totals.add, process="worker-1")
    for number in range(40):
        text = f"{number}\n forged line" + "x" * 100
        metrics.lines.handle(
            logging.makeLogRecord({"name": "n", "levelname": "INFO", "msg": text})
        )
    metrics.flush()
    assert len(totals.lines()) == 25
    assert "INFO worker-1 n: 15 forged line" in totals.lines()[0]
    assert {len(line) for line in totals.lines()} == {60}


def test_a_record_that_cannot_be_formatted_is_dropped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A record that cannot be formatted is dropped."""
    lines = LogLines("worker-1")
    lines.handle(logging.makeLogRecord({"msg": "%d", "args": ("x",)}))
    assert lines.oldest(1) == ()


def test_every_metric_of_the_table_is_counted_somewhere() -> None:
    """A metric that no module sets could never raise its alert."""
    sources = [
        path.read_text()
        for path in Path("src/ocsp").rglob("*.py")
        if path.name != "table.py"
    ]
    names = {name for name in table.__all__ if isinstance(getattr(table, name), Metric)}
    used = {name for name in names if any(f"({name}" in text for text in sources)}
    assert len(names) == len(TABLE)
    assert names - used == set()
