"""``fetch_response``: ask about a CertID, without the certificate."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import CertID, OCSPCertStatus
from ocsp.client import AddressPolicy, MemoryCache, Options, Reason
from ocsp.testing import Fault, LoopbackResponder
from tests.pki import DELEGATION, NOW, ca, delegate_signer, key, make
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    B,
    Play,
    certificate,
    reply,
    response,
)

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
BROKEN = ocsp.errors.TransportError(A, "connection reset")
ONCE = Options(retries=0)


def _id(algorithm: Any = None, serial: int = SERIAL) -> CertID:
    return CertID.for_serial(ca(), serial, algorithm or hashes.SHA384())


def _ask(
    play: Play, *urls: str, cert_id: CertID | None = None
) -> ocsp.VerifiedResponse:
    found = play.run(play.core.ask(cert_id or _id(), ca(), urls or A))
    assert isinstance(found, ocsp.VerifiedResponse)
    return found


@pytest.mark.parametrize("status", list(OCSPCertStatus))
def test_the_status_is_evidence(driver: str, status: OCSPCertStatus) -> None:
    """Whatever the hash of the CertID; the request has SHA-256."""
    play = Play(driver, {A: [reply(response(status))]})
    evidence = _ask(play)
    assert evidence.status is status
    assert evidence.cert_id.serial_number == SERIAL
    (sent,) = play.script.sent
    assert sent.url.startswith(A)


def test_the_answer_is_cached(driver: str) -> None:
    """For CertIDs of all hashes; and a check of the certificate verifies it again."""
    play = Play(driver, {A: [reply(response())]})
    first = _ask(play)
    assert _ask(play, cert_id=_id(hashes.SHA256())) is first
    outcome = play.check(certificate(A))
    assert len(play.script.sent) == 1
    assert outcome.evidence is not first
    assert outcome.evidence is not None
    assert outcome.evidence.status is GOOD


def test_the_next_responder_is_asked(driver: str) -> None:
    """If the first gives no status."""
    play = Play(driver, {A: [BROKEN], B: [reply(response())]}, ONCE)
    assert _ask(play, A, B).status is GOOD


def test_without_an_answer_it_raises(driver: str) -> None:
    """With the reason and the attempts."""
    play = Play(driver, {A: [BROKEN]}, ONCE)
    with pytest.raises(ocsp.RevocationIndeterminate) as caught:
        _ask(play)
    assert caught.value.reason is Reason.TRANSPORT
    assert len(caught.value.attempts) == 1
    other = Play(driver, {A: [reply(response(serial=1))]}, ONCE)
    with pytest.raises(ocsp.RevocationIndeterminate) as caught:
        _ask(other)
    assert caught.value.reason is Reason.NOT_VERIFIED


def test_an_old_answer_in_the_cache_is_used_if_no_responder_answers(
    driver: str,
) -> None:
    """While it holds; then nothing is left, and a revocation is not forgotten."""
    for status, error in (
        (GOOD, ocsp.RevocationIndeterminate),
        (REVOKED, ocsp.errors.RevokedBefore),
    ):
        play = Play(driver, {A: [reply(response(status)), BROKEN]}, ONCE)
        _ask(play)
        play.clock.seconds = 23.9 * 3600
        assert _ask(play).status is status
        assert len(play.script.sent) == 2
        play.clock.seconds = 25 * 3600
        with pytest.raises(ocsp.RevocationIndeterminate) as caught:
            _ask(play)
        assert type(caught.value) is error


def test_an_older_answer_is_refused(driver: str) -> None:
    """A replay of *good* after *revoked*."""
    newer = reply(response(REVOKED, begin=NOW - HOUR, end=NOW + HOUR))
    older = reply(response(GOOD, begin=NOW - 2 * HOUR))
    play = Play(driver, {A: [newer, older]}, ONCE)
    assert _ask(play).status is REVOKED
    play.clock.seconds = 1.5 * 3600
    with pytest.raises(ocsp.errors.RevokedBefore) as caught:
        _ask(play)
    assert caught.value.reason is Reason.OLDER_THAN_KNOWN


def test_a_stolen_key_leaves_nothing_in_the_memory(driver: str) -> None:
    """A delegate that states its own status: the statement is not the newest known."""
    delegate = make("delegate", "Test CA", extensions=DELEGATION)
    signer = ocsp.KeySigner(key("delegate"), delegate)
    assert signer.certificate != delegate_signer().certificate
    serial, cache = delegate.serial_number, MemoryCache()
    own = response(serial=serial, signer=signer)
    play = Play(driver, {A: [reply(own)]}, ONCE, cache)
    cert_id = _id(serial=serial)
    _ask(play, cert_id=cert_id)
    assert cache.newest(_id(hashes.SHA256(), serial)) is None


def test_wrong_arguments(driver: str) -> None:
    """Another issuer, no URL, and wrong types."""
    play = Play(driver, {})
    foreign = CertID.for_serial(make("Other CA", "Other CA"), SERIAL, hashes.SHA256())
    for cert_id, url, key_ in ((foreign, A, "cert_id"), (_id(), (), "url")):
        with pytest.raises(ocsp.ConfigError) as caught:
            play.core.ask(cert_id, ca(), url)
        assert caught.value.key == key_
    for arguments in ((certificate(A), ca()), (_id(), None)):
        with pytest.raises(TypeError):
            play.core.ask(*arguments, A)  # type: ignore[arg-type]
    assert play.script.sent == []


def test_private_addresses_are_refused_by_default() -> None:
    """Who names the URL is a stranger, as for URLs in certificates; in both clients."""

    async def ask(
        options: Options, cert: x509.Certificate, issuer: x509.Certificate, url: str
    ) -> ocsp.VerifiedResponse:
        cert_id = CertID.for_certificate(cert, issuer, hashes.SHA512())
        async with ocsp.AsyncClient(options) as client:
            return await client.fetch_response(cert_id, issuer, url)

    private = Options(address_policy=AddressPolicy.PRIVATE_TOO)
    with LoopbackResponder() as responder:
        leaf = responder.pki.issue(status=REVOKED)
        asked = leaf.certificate, leaf.issuer, responder.url
        with pytest.raises(ocsp.RevocationIndeterminate) as caught:
            asyncio.run(ask(Options(), *asked))
        assert caught.value.reason is Reason.FORBIDDEN
        assert responder.requests == []
        assert asyncio.run(ask(private, *asked)).status is REVOKED
        with ocsp.Client(private) as client:
            cert_id = CertID.for_certificate(*asked[:2], hashes.SHA1())
            found = client.fetch_response(cert_id, leaf.issuer, responder.url)
            assert found.status is REVOKED
            responder.fail(Fault.BAD_SIGNATURE)
            other = CertID.for_serial(leaf.issuer, 7, hashes.SHA1())
            with pytest.raises(ocsp.RevocationIndeterminate):
                client.fetch_response(other, leaf.issuer, responder.url)
