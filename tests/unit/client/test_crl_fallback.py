"""The CRL fallback: only if the options say so, and only with a verified CRL."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import limits
from ocsp.client import CheckStatus, CRLFallback, HTTPReply, Options, Reason, Source
from tests.pki import NOW, key, name
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    Play,
    certificate,
    reply,
    response,
)

BROKEN = ocsp.errors.TransportError(A, "connection reset")
LIST, DELTA = "http://c.example/full.crl", "http://d.example/delta.crl"
FALLBACK = Options(crl_fallback=CRLFallback.WHEN_INDETERMINATE, retries=0)


@pytest.fixture(name="driver", params=["threads", "tasks"])
def _driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _point(url: str, **more: object) -> x509.DistributionPoint:
    fields: dict[str, object] = {
        "full_name": [x509.UniformResourceIdentifier(url)],
        "relative_name": None,
        "reasons": None,
        "crl_issuer": None,
    }
    return x509.DistributionPoint(**(fields | more))  # type: ignore[arg-type]


def _cert(*urls: str, serial: int = SERIAL) -> x509.Certificate:
    points = [_point(url) for url in urls]
    return certificate(
        A, serial=serial, extensions=[x509.CRLDistributionPoints(points)]
    )


def _crl(
    *revoked: int,
    number: int = 7,
    base: int | None = None,
    freshest: str | None = None,
    signer: str = "Test CA",
    until: datetime.datetime = NOW + 24 * HOUR,
) -> HTTPReply:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("Test CA"))
        .last_update(NOW - HOUR)
        .next_update(until)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if freshest is not None:
        point = x509.FreshestCRL([_point(freshest)])
        builder = builder.add_extension(point, critical=False)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(
            entry.revocation_date(NOW - 2 * HOUR).build()
        )
    signed = builder.sign(key(signer), hashes.SHA256())
    return reply(signed.public_bytes(Encoding.DER), content_type="application/pkix-crl")


@pytest.mark.parametrize(
    ("revoked", "status"),
    [((), CheckStatus.GOOD), ((SERIAL,), CheckStatus.REVOKED)],
)
def test_a_crl_gives_the_status_if_no_responder_does(
    driver: str, revoked: Sequence[int], status: CheckStatus
) -> None:
    """The evidence is a VerifiedRevocation; the attempts include the responder."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl(*revoked)]}, FALLBACK)
    outcome = play.check(_cert(LIST))
    assert (outcome.status, outcome.source) == (status, Source.CRL)
    assert isinstance(outcome.evidence, ocsp.VerifiedRevocation)
    assert [each.url for each in outcome.attempts] == [A, LIST]
    if status is CheckStatus.REVOKED:
        with pytest.raises(ocsp.CertificateRevoked):
            outcome.require_good()


def test_a_crl_is_used_only_as_a_fallback(driver: str) -> None:
    """Not by default, and not if a responder gives the status."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, Options(retries=0))
    assert play.check(_cert(LIST)).reason is Reason.TRANSPORT
    answered = Play(driver, {A: [reply(response())], LIST: [_crl()]}, FALLBACK)
    assert answered.check(_cert(LIST)).source is Source.RESPONDER
    assert answered.script.hosts == ["a"]


def test_a_crl_is_kept_for_other_certificates_of_its_issuer(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it expires, and unless it is too large to keep."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, FALLBACK)
    for serial in (1, 2, 3):
        assert play.check(_cert(LIST, serial=serial)).source is Source.CRL
    assert play.script.hosts.count("c") == 1
    play.clock.seconds = 86_400 + 600  # later than nextUpdate plus the clock skew
    assert play.check(_cert(LIST)).status is CheckStatus.INDETERMINATE
    assert play.script.hosts.count("c") == 2
    monkeypatch.setattr(limits, "MAX_KEPT_CRL_BYTES", 10)
    other = Play(driver, {A: [BROKEN], LIST: [_crl()]}, FALLBACK)
    for serial in (1, 2):
        assert other.check(_cert(LIST, serial=serial)).source is Source.CRL
    assert other.script.hosts.count("c") == 2


def test_the_number_of_kept_crls_is_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest CRL is removed first."""
    monkeypatch.setattr(limits, "MAX_CACHED_CRLS", 1)
    others = "http://c.example/other.crl"
    play = Play("threads", {A: [BROKEN], "http://c": [_crl()]}, FALLBACK)
    for url in (LIST, others, LIST):
        play.check(_cert(url))
    assert play.script.hosts.count("c") == 3


@pytest.mark.parametrize(
    "answer",
    [
        _crl(signer="another key"),
        _crl(until=NOW - HOUR / 2),
        reply(b"<html>"),
        reply(status=404),
    ],
    ids=["forged", "old", "html", "missing"],
)
def test_a_crl_that_fails_verification_is_one_more_failure(
    driver: str, answer: HTTPReply
) -> None:
    """The client tries the next CRL; without one the outcome is indeterminate."""
    play = Play(driver, {A: [BROKEN], LIST: [answer]}, FALLBACK)
    outcome = play.check(_cert(LIST))
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.attempts[1].error is not None
    answers = {A: [BROKEN], LIST: [answer], DELTA: [_crl(SERIAL)]}
    assert Play(driver, answers, FALLBACK).check(_cert(LIST, DELTA)).status is (
        CheckStatus.REVOKED
    )


def test_a_delta_crl_is_fetched_too(driver: str) -> None:
    """It adds later revocations; without it, the complete CRL counts."""
    for delta, status in (
        (_crl(SERIAL, number=8, base=7), CheckStatus.REVOKED),
        (reply(status=404), CheckStatus.GOOD),
    ):
        answers = {A: [BROKEN], LIST: [_crl(freshest=DELTA)], DELTA: [delta]}
        outcome = Play(driver, answers, FALLBACK).check(_cert(LIST))
        assert outcome.status is status
        assert DELTA in [each.url for each in outcome.attempts]


def test_crls_of_other_issuers_or_for_some_reasons_are_not_fetched(
    driver: str,
) -> None:
    """They cannot give the status (RFC 5280 §4.2.1.13)."""
    some = frozenset({x509.ReasonFlags.key_compromise})
    other = [x509.DirectoryName(name("Another CA"))]
    points = [_point(LIST, reasons=some), _point(LIST, crl_issuer=other)]
    cert = certificate(A, extensions=[x509.CRLDistributionPoints(points)])
    play = Play(driver, {A: [BROKEN]}, FALLBACK)
    assert play.check(cert).status is CheckStatus.INDETERMINATE
    assert play.script.hosts == ["a"]
