"""``check_crls``: the CRLs alone, with the octets that prove the status."""

from __future__ import annotations

import asyncio

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    CRLCheck,
    CRLFallback,
    MissingIssuer,
    Options,
    Reason,
    Source,
)
from ocsp.testing import LoopbackResponder
from tests.pki import NOW, ca
from tests.unit.client.scene import HOUR, SERIAL, A, Play, reply, response
from tests.unit.client.test_crl_fallback import BROKEN, DELTA, LIST, _cert, _crl

NEVER = Options(crl_fallback=CRLFallback.NEVER)


def _check(play: Play, cert: x509.Certificate) -> CRLCheck:
    found = play.run(play.core.check_crls(play.core.request(cert, ca(), None)))
    assert isinstance(found, CRLCheck)
    return found


def test_the_crls_are_those_that_prove_the_status(driver: str) -> None:
    """The complete CRL and its delta, although the certificate names a responder."""
    complete, delta = _crl(freshest=DELTA), _crl(SERIAL, number=8, base=7)
    play = Play(driver, {A: [BROKEN], LIST: [complete], DELTA: [delta]}, NEVER)
    found = _check(play, _cert(LIST))
    assert found.outcome.status is CheckStatus.REVOKED
    assert found.outcome.source is Source.CRL
    assert found.crls == (complete.body, delta.body)
    assert _check(play, _cert(LIST)).crls == found.crls
    assert play.script.hosts == ["c", "d"]


@pytest.mark.parametrize("known", [OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED])
def test_a_crl_that_is_older_than_a_response(
    driver: str, known: OCSPCertStatus
) -> None:
    """It is more proof if it says the same; it hides no revocation."""
    newer = reply(response(known, begin=NOW - HOUR / 2))
    play = Play(driver, {A: [newer], LIST: [_crl()]})
    assert play.check(_cert(LIST)).evidence is not None
    found = _check(play, _cert(LIST))
    if known is OCSPCertStatus.GOOD:
        assert found.outcome.status is CheckStatus.GOOD
        assert len(found.crls) == 1
    else:
        assert found.outcome.reason is Reason.OLDER_THAN_KNOWN
        with pytest.raises(ocsp.errors.RevokedBefore):
            found.outcome.require_good()


def test_a_response_that_has_ended_leaves_no_older_crl(driver: str) -> None:
    """Then nothing that holds says the same."""
    newer = reply(response(begin=NOW - HOUR / 2, end=NOW + HOUR))
    play = Play(driver, {A: [newer], LIST: [_crl()]})
    assert play.check(_cert(LIST)).evidence is not None
    play.clock.seconds = 2 * 3600
    assert _check(play, _cert(LIST)).outcome.reason is Reason.OLDER_THAN_KNOWN


def test_a_delta_that_is_not_used_is_no_part_of_the_proof(driver: str) -> None:
    """It fits another complete CRL."""
    complete, other = _crl(freshest=DELTA), _crl(SERIAL, number=9, base=8)
    play = Play(driver, {LIST: [complete], DELTA: [other]})
    assert _check(play, _cert(LIST)).crls == (complete.body,)


def test_no_proof_no_crls(driver: str) -> None:
    """A CRL that another key signed, one that has ended, and none at all."""
    for answer in (_crl(signer="Other CA"), _crl(until=NOW - HOUR), reply(status=404)):
        found = _check(Play(driver, {LIST: [answer]}), _cert(LIST))
        assert found.outcome.status is CheckStatus.INDETERMINATE
        assert found.crls == ()
    none = _check(Play(driver, {}), _cert())
    assert none.outcome.reason is Reason.NO_URL
    assert isinstance(none.outcome.failure, ocsp.errors.NoCRLURL)


def test_without_the_issuer_nothing_is_fetched(driver: str) -> None:
    """Unless the options say that the client fetches it."""
    play = Play(driver, {})
    found = play.run(play.core.check_crls(play.core.request(_cert(LIST), None, None)))
    assert found.outcome.reason is Reason.NO_ISSUER
    assert play.script.sent == []


def test_it_has_no_truth_value(driver: str) -> None:
    """As an outcome."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(_check(Play(driver, {LIST: [_crl()]}), _cert(LIST)))


def test_both_clients() -> None:
    """They give the same CRL, and find the same issuer."""
    options = Options(
        missing_issuer=MissingIssuer.FETCH, address_policy=AddressPolicy.PRIVATE_TOO
    )

    async def main(cert: x509.Certificate) -> tuple[CRLCheck, x509.Certificate | None]:
        async with ocsp.AsyncClient(options) as client:
            return await client.check_crls(cert), await client.find_issuer(cert)

    with LoopbackResponder() as responder, ocsp.Client(options) as client:
        pki = responder.pki
        leaf = pki.issue(crl_urls=[pki.crl_url], ca_issuers_urls=[pki.ca_issuers_url])
        check, issuer = asyncio.run(main(leaf.certificate))
        assert issuer == client.find_issuer(leaf.certificate) == pki.issuer
        ours = client.check_crls(leaf.certificate)
        assert ours.outcome.status is check.outcome.status is CheckStatus.GOOD
        for found in (ours, check):
            (der,) = found.crls
            crl = x509.load_der_x509_crl(der)
            assert crl.is_signature_valid(pki.issuer.public_key())  # type: ignore[arg-type]
            assert crl.public_bytes(Encoding.DER) == der
