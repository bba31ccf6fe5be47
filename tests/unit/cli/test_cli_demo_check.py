"""The demo's own check of answers: it has to refuse what is wrong."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import (
    CertID,
    KeySigner,
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponse,
    OCSPResponseBuilder,
)
from ocsp._throwaway import Identity, Pointers, ThrowawayCA, Validity, new_ec_key
from ocsp.cli.demo_check import AnswerRefused, entry_for, signer_of

NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
NONCE = bytes(range(32))

VALIDITY = Validity(NOW - DAY, NOW + 7 * DAY)


def _authority() -> ThrowawayCA:
    return ThrowawayCA.root("Test CA", VALIDITY, new_ec_key())


def _responder(authority: ThrowawayCA, name: str = "Test Responder") -> Identity:
    return authority.delegate(name, VALIDITY, new_ec_key())


def _leaf(authority: ThrowawayCA) -> x509.Certificate:
    leaf = authority.leaf("leaf.test", VALIDITY, new_ec_key(), Pointers())
    return leaf.certificate


AUTHORITY = _authority()
RESPONDER = _responder(AUTHORITY)
LEAF = _leaf(AUTHORITY)
CERT_ID = CertID.for_certificate(LEAF, AUTHORITY.certificate, hashes.SHA256())


def _answer(
    signer: Identity = RESPONDER,
    *,
    embedded: Identity | None = None,
    cert_id: CertID = CERT_ID,
    this_update: datetime.datetime = NOW,
    next_update: datetime.datetime | None = NOW + DAY,
    nonce: bytes | None = NONCE,
) -> OCSPResponse:
    builder = OCSPResponseBuilder().add_response_by_id(
        cert_id, OCSPCertStatus.GOOD, this_update, next_update, None, None
    )
    builder = builder.responder_id(
        OCSPResponderEncoding.HASH, signer.certificate
    ).certificates([(embedded or signer).certificate])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign_with(KeySigner(signer.key, signer.certificate))


def test_a_right_answer_is_accepted() -> None:
    """The delegate's certificate and the entry about the certificate come out."""
    answer = _answer()
    assert RESPONDER.certificate == signer_of(answer, AUTHORITY.certificate, NOW)
    assert entry_for(answer, CERT_ID, NONCE, NOW).cert_id == CERT_ID


def test_a_changed_answer_is_refused() -> None:
    """One bit flipped in what was signed makes the signature wrong."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from ocsp import load_der_ocsp_response

    answer = _answer()
    der = bytearray(answer.public_bytes(Encoding.DER))
    der[der.index(NONCE)] ^= 1
    with pytest.raises(AnswerRefused, match="the signature is wrong"):
        signer_of(load_der_ocsp_response(bytes(der)), AUTHORITY.certificate, NOW)


def test_a_signer_of_another_ca_is_refused() -> None:
    """A responder of a CA with the same name but another key has no authority."""
    stranger = _responder(_authority())
    with pytest.raises(AnswerRefused, match="the CA has not issued the signer"):
        signer_of(_answer(stranger), AUTHORITY.certificate, NOW)


def test_a_signer_that_is_not_in_the_answer_is_refused() -> None:
    """Without the certificate of the signer, nobody can be held to the signature."""
    other = _responder(AUTHORITY, "Other Responder")
    with pytest.raises(AnswerRefused, match="certificate is not in the answer"):
        signer_of(_answer(embedded=other), AUTHORITY.certificate, NOW)


def test_a_signer_that_has_expired_is_refused() -> None:
    """The signer's certificate has to be valid at the moment of the check."""
    with pytest.raises(AnswerRefused, match="is not valid now"):
        signer_of(_answer(), AUTHORITY.certificate, NOW + 8 * DAY)


def test_an_answer_about_another_certificate_is_refused() -> None:
    """Another serial number of the same CA is another certificate."""
    other = _leaf(AUTHORITY)
    wrong = CertID.for_certificate(other, AUTHORITY.certificate, hashes.SHA256())
    with pytest.raises(AnswerRefused, match="about another certificate"):
        entry_for(_answer(cert_id=wrong), CERT_ID, NONCE, NOW)


@pytest.mark.parametrize("nonce", [None, bytes(32)])
def test_an_answer_without_the_nonce_is_refused(nonce: bytes | None) -> None:
    """An absent nonce and another one are refused where one was sent."""
    with pytest.raises(AnswerRefused, match="the nonce is not the one"):
        entry_for(_answer(nonce=nonce), CERT_ID, NONCE, NOW)


@pytest.mark.parametrize(
    ("this_update", "next_update"),
    [(NOW + DAY, NOW + 2 * DAY), (NOW - 2 * DAY, NOW), (NOW, None)],
)
def test_an_answer_that_is_not_of_now_is_refused(
    this_update: datetime.datetime, next_update: datetime.datetime | None
) -> None:
    """Answers of the future, of the past and without an end are refused."""
    answer = _answer(this_update=this_update, next_update=next_update)
    with pytest.raises(AnswerRefused, match="is not of now"):
        entry_for(answer, CERT_ID, NONCE, NOW)
