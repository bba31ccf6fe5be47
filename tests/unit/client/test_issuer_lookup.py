"""Fetching the issuer certificate: only if allowed, and only the one that signed."""

from __future__ import annotations

from base64 import encodebytes

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

import ocsp
from ocsp import limits
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    HTTPReply,
    MissingIssuer,
    Options,
    Reason,
    Source,
)
from tests.pki import ca, key, leaf, make
from tests.unit.client.scene import A, B, Play, certificate, reply

FETCH = Options(missing_issuer=MissingIssuer.FETCH)
WHERE = "http://c.example/ca.cer"
DER = ca().public_bytes(Encoding.DER)


def _served(body: bytes) -> HTTPReply:
    return reply(body, content_type="application/pkix-cert")


def _impostor() -> x509.Certificate:
    """Return a certificate of the same name with another key."""
    return make("Test CA", "Test CA", public=key("other"), signer=key("other"))


def test_by_default_no_issuer_is_fetched(driver: str) -> None:
    """The caller must give the issuer certificate."""
    play = Play(driver, {A: [reply()], WHERE: [_served(DER)]})
    outcome = play.check(certificate(A, ca_issuers=WHERE), None)
    assert outcome.reason is Reason.NO_ISSUER
    assert outcome.issuer is None
    assert play.script.sent == []


@pytest.mark.parametrize(
    "body",
    [
        DER,
        pkcs7.serialize_certificates([ca()], Encoding.DER),
        pkcs7.serialize_certificates([leaf(), _impostor(), ca()], Encoding.DER),
    ],
    ids=["certificate", "certs-only", "certs-only with others"],
)
def test_the_issuer_is_fetched_once(driver: str, body: bytes) -> None:
    """In both forms of RFC 5280 §4.2.2.1; then the client keeps it."""
    play = Play(driver, {A: [reply()], WHERE: [_served(body)]}, FETCH)
    cert = certificate(A, ca_issuers=WHERE)
    outcome = play.check(cert, None)
    assert outcome.status is CheckStatus.GOOD
    assert outcome.issuer == ca()
    assert [each.url for each in outcome.attempts] == [WHERE, A]
    assert play.script.sent[0].address_policy is AddressPolicy.PUBLIC
    assert play.script.sent[0].max_bytes == limits.MAX_ISSUER_BYTES
    assert play.check(cert, None).source is Source.CACHE
    assert len(play.script.sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        _impostor().public_bytes(Encoding.DER),
        leaf().public_bytes(Encoding.DER),
        b"",
        b"<html>",
        DER[:-1],
        DER + b"\x00",
        b"\x30\x80" * 1000,
        b"\x30\x84\x00\x00\x10\x00" * 600,
    ],
    ids=["impostor", "another", "nothing", "html", "short", "long", "ber", "deep"],
)
def test_a_certificate_that_did_not_sign_is_not_the_issuer(
    driver: str, body: bytes
) -> None:
    """The key decides, not the name. Without an issuer no responder is asked."""
    play = Play(driver, {A: [reply()], WHERE: [_served(body)]}, FETCH)
    outcome = play.check(certificate(A, ca_issuers=WHERE), None)
    assert outcome.reason is Reason.NO_ISSUER
    assert isinstance(outcome.attempts[0].error, ocsp.errors.IssuerNotFound)
    assert [request.url for request in play.script.sent] == [WHERE]


def test_the_size_of_an_issuer_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client passes the limit to the transport."""
    monkeypatch.setattr(limits, "MAX_ISSUER_BYTES", 10)
    play = Play(driver, {A: [reply()], WHERE: [_served(DER)]}, FETCH)
    play.check(certificate(A, ca_issuers=WHERE), None)
    assert play.script.sent[0].max_bytes == 10


def test_a_failed_fetch_of_the_issuer_is_recorded(driver: str) -> None:
    """The outcome lists the attempt and has the reason NO_ISSUER."""
    play = Play(driver, {A: [reply()], WHERE: [reply(status=404)]}, FETCH)
    outcome = play.check(certificate(A, ca_issuers=WHERE), None)
    assert outcome.reason is Reason.NO_ISSUER
    assert isinstance(outcome.attempts[0].error, ocsp.errors.HTTPStatusError)
    assert play.check(certificate(B), None).attempts == ()


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CMS"])
def test_pem_is_read_as_servers_send_it(driver: str, label: str) -> None:
    """One certificate, several, and a PKCS #7 file; the one that signed is found."""
    certs = [ca("Other CA"), ca()]
    blocks = [each.public_bytes(Encoding.DER) for each in certs]
    if label in {"PKCS7", "CMS"}:
        blocks = [pkcs7.serialize_certificates(certs, Encoding.DER)]
    pem = "".join(
        f"-----BEGIN {label}-----\n{encodebytes(each).decode()}-----END {label}-----\n"
        for each in blocks
    )
    body = f"subject=CN = Test CA\n{pem}".encode()
    play = Play(driver, {A: [reply()], WHERE: [_served(body)]}, FETCH)
    assert play.check(certificate(A, ca_issuers=WHERE), None).issuer == ca()


def test_a_certificate_of_an_unknown_version_is_skipped(driver: str) -> None:
    """``cryptography`` raises another error than for other malformed certificates."""
    data = pkcs7.serialize_certificates([ca("Other CA"), ca()], Encoding.DER)
    broken = data.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05")
    assert broken != data
    play = Play(driver, {A: [reply()], WHERE: [_served(broken)]}, FETCH)
    outcome = play.check(certificate(A, ca_issuers=WHERE), None)
    assert outcome.reason is Reason.NO_ISSUER
