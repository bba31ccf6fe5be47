"""Probe a real responder over HTTP, with and without faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from prometheus_client.parser import text_string_to_metric_families

from ocsp import CertID, OCSPCertStatus
from ocsp.errors import (
    ContentTypeError,
    ForbiddenResponderURL,
    HTTPStatusError,
    NonceMismatch,
    TransportError,
    UnsuccessfulResponse,
)
from ocsp.probing import (
    Level,
    Method,
    NonceUse,
    ProbeSettings,
    Thresholds,
    judge,
    probe,
    questions,
)
from ocsp.probing.exposition import METRICS, Probed, probe_exposition
from ocsp.testing import Fault, LoopbackResponder


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


@pytest.fixture(autouse=True)
def _healed(responder: LoopbackResponder) -> Iterator[None]:
    yield
    responder.heal()
    responder.requests.clear()


def test_every_question_is_asked_and_verified(responder: LoopbackResponder) -> None:
    """By both methods, with both hashes, with and without a nonce."""
    leaf = responder.pki.issue(status=OCSPCertStatus.REVOKED)
    report = probe(responder.url, leaf.certificate, leaf.issuer)
    seen = [
        (each.method, each.cert_ids[0].hash_algorithm.name, each.nonce is not None)
        for each in responder.requests
    ]
    assert seen == [tuple(each.question) for each in report.answers]
    assert len(set(seen)) == 8
    for answer in report.answers:
        assert answer.evidence is not None
        assert answer.evidence.status is OCSPCertStatus.REVOKED
        assert answer.findings == ()
        assert answer.http_status == 200
        assert answer.header("content-length") == str(answer.octets)
        assert answer.remaining is not None
        assert answer.nonce is (
            NonceUse.REPEATED if answer.question.nonce else NonceUse.NOT_SENT
        )


def test_a_serial_number_is_enough(responder: LoopbackResponder) -> None:
    """Without the certificate."""
    leaf = responder.pki.issue()
    cert_id = CertID.for_serial(
        leaf.issuer, leaf.certificate.serial_number, hashes.SHA256()
    )
    report = probe(responder.url, cert_id, leaf.issuer)
    assert all(each.evidence is not None for each in report.answers)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.WRONG_NONCE, NonceMismatch),
        (Fault.TRY_LATER, UnsuccessfulResponse),
        (Fault.HTTP_500, HTTPStatusError),
        (Fault.REDIRECT_AWAY, HTTPStatusError),
        (Fault.HTML_PAGE, ContentTypeError),
        (Fault.CONNECTION_RESET, TransportError),
    ],
)
def test_a_fault_is_the_error_of_the_answer(
    responder: LoopbackResponder, fault: Fault, error: type[Exception]
) -> None:
    """And there is no status; a redirect is not followed."""
    leaf = responder.pki.issue()
    responder.fail(fault)
    asked = tuple(each for each in questions([Method.POST]) if each.nonce)
    settings = ProbeSettings(questions=asked)
    report = probe(responder.url, leaf.certificate, leaf.issuer, settings)
    assert len(responder.requests) == len(asked)
    for answer in report.answers:
        assert isinstance(answer.error, error)
        assert answer.evidence is answer.remaining is answer.age is None
        assert answer.nonce is NonceUse.NOT_KNOWN
    assert judge(report, Thresholds()).level is Level.CRITICAL


def test_an_answer_without_the_nonce_is_accepted_and_said(
    responder: LoopbackResponder,
) -> None:
    """RFC 9919 §3.2.1."""
    leaf = responder.pki.issue()
    responder.fail(Fault.MISSING_NONCE)
    report = probe(responder.url, leaf.certificate, leaf.issuer)
    assert {each.nonce for each in report.answers} == {
        NonceUse.NOT_SENT,
        NonceUse.LEFT_OUT,
    }
    assert judge(report, Thresholds()).level is Level.OK


@pytest.mark.parametrize("url", ["ftp://a.test/", "http://user@a.test/", "nonsense"])
def test_other_urls_are_refused(responder: LoopbackResponder, url: str) -> None:
    """Before anything is sent."""
    leaf = responder.pki.issue()
    with pytest.raises(ForbiddenResponderURL):
        probe(url, leaf.certificate, leaf.issuer)


def test_the_exposition_has_every_metric_with_few_labels(
    responder: LoopbackResponder,
) -> None:
    """The parser of Prometheus reads it; a failed answer has no times."""
    leaf = responder.pki.issue()
    responder.fail(Fault.TRY_LATER, method="GET")
    report = probe(responder.url, leaf.certificate, leaf.issuer)
    probed = Probed('a "name"\n', report, judge(report, Thresholds()))
    text = probe_exposition([probed]).decode()
    families = {each.name: each for each in text_string_to_metric_families(text)}
    assert list(families) == [metric.name for metric in METRICS]
    assert {
        sample.labels["target"]
        for family in families.values()
        for sample in family.samples
    } == {'a "name"\n'}
    verified = families["ocsp_probe_verified"].samples
    assert {each.labels["method"]: each.value for each in verified} == {
        "GET": 0.0,
        "POST": 1.0,
    }
    times = families["ocsp_probe_next_update_seconds"].samples
    assert {each.labels["method"] for each in times} == {"POST"}
    why = [
        each.labels["why"]
        for each in families["ocsp_probe_failure"].samples
        if each.value
    ]
    assert set(why) == {"ocsp-error"}
