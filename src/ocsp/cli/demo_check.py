"""
The check that ``ocsp demo`` makes of an answer, for its own certificates only.

Rules of this file: not a public API and not a verifier. It asks what the demo has to
show (RFC 6960 §3.2: signature, authority, certificate, times; RFC 9654: nonce), knows
nothing but the demo's ECDSA keys, and takes no policy.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.certid import CertID
from ocsp.response import OCSPResponse
from ocsp.single_response import OCSPSingleResponse

__all__ = ["AnswerRefused", "entry_for", "signer_of"]


class AnswerRefused(Exception):
    """An answer of the demo is not what it has to be; the text says why."""


def signer_of(
    response: OCSPResponse, issuer: x509.Certificate, now: datetime.datetime
) -> x509.Certificate:
    """
    Return the delegated responder that has signed *response*.

    Raises:
        AnswerRefused: If no certificate in it is the signer's, *issuer* has not
            delegated to that one, or the signature is wrong.
    """
    key_hash = response.responder_key_hash
    for certificate in response.certificates:
        digest = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
        if digest.digest == key_hash:
            _require_delegation(certificate, issuer, now)
            _require_signature(response, certificate)
            return certificate
    raise AnswerRefused("the signer's certificate is not in the answer")


def _require_delegation(
    certificate: x509.Certificate, issuer: x509.Certificate, now: datetime.datetime
) -> None:
    """Require RFC 6960 §4.2.2.2: issued by the CA itself, for OCSP signing."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError) as error:
        raise AnswerRefused("the CA has not issued the signer") from error
    purposes = [
        purpose
        for extension in certificate.extensions
        if isinstance(extension.value, x509.ExtendedKeyUsage)
        for purpose in extension.value
    ]
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise AnswerRefused("the signer is not an OCSP signer")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise AnswerRefused("the signer's certificate is not valid now")


def _require_signature(response: OCSPResponse, signer: x509.Certificate) -> None:
    key = signer.public_key()
    algorithm = response.signature_hash_algorithm
    if not isinstance(key, ec.EllipticCurvePublicKey) or algorithm is None:
        raise AnswerRefused("the signature is not ECDSA")
    try:
        key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
    except InvalidSignature as error:
        raise AnswerRefused("the signature is wrong") from error


def entry_for(
    response: OCSPResponse,
    cert_id: CertID,
    nonce: bytes | None,
    now: datetime.datetime,
) -> OCSPSingleResponse:
    """
    Return what *response* says of *cert_id*.

    Raises:
        AnswerRefused: If it is about another certificate, not of now, or does not
            repeat the *nonce* that was sent.
    """
    if nonce is not None and _nonce(response) != nonce:
        raise AnswerRefused("the nonce is not the one that was sent")
    for entry in response.responses:
        if entry.cert_id == cert_id:
            break
    else:
        raise AnswerRefused("the answer is about another certificate")
    until = entry.next_update_utc
    if until is None or not entry.this_update_utc <= now < until:
        raise AnswerRefused("the answer is not of now")
    return entry


def _nonce(response: OCSPResponse) -> bytes | None:
    for extension in response.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            return extension.value.nonce
    return None
