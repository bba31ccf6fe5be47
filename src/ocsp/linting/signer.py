"""
Who has signed a response, as far as a lint can tell.

Rules of this file: it finds and does not judge. Whoever's key fits the signature is the
signer, SHA-1 or not; else whomever responderID names. How many are tried is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.certificates import parts_of
from ocsp.errors import SignatureInvalid
from ocsp.messages.responses.response import OCSPResponse
from ocsp.signing.signatures import check_signature
from ocsp.verification.facts import facts_of
from ocsp.verification.responder_id import names_signer

__all__ = ["Signer", "find_signer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who has signed, or is named as having signed."""

    certificate: x509.Certificate
    """The signer's certificate."""

    where: str
    """Where it was: ``issuer``, or ``certs[0]``."""

    named: bool
    """Whether responderID means it."""

    signed: bool | None
    """Whether its key fits the signature; ``None`` where that cannot be computed."""

    delegated: bool
    """Whether it signs for another: for the issuer, or, if that is not known, for
    whoever has issued its certificate."""


def find_signer(
    response: OCSPResponse, issuer: x509.Certificate | None
) -> Signer | None:
    """Return who has signed *response*; or who is named, if no key fits."""
    found = [
        Signer(
            certificate=certificate,
            where=where,
            named=names_signer(response, certificate),
            signed=_has_signed(response, certificate),
            delegated=_is_delegate(certificate, issuer),
        )
        for where, certificate in _candidates(response, issuer)
    ]
    for signer in found:
        if signer.signed:
            return signer
    return next((signer for signer in found if signer.named), None)


def _candidates(
    response: OCSPResponse, issuer: x509.Certificate | None
) -> Iterator[tuple[str, x509.Certificate]]:
    if issuer is not None:
        yield "issuer", issuer
    # One signature is checked for each.
    most = limits.MAX_SIGNATURES_CHECKED - 1
    for i, certificate in enumerate(response.certificates[:most]):
        yield f"certs[{i}]", certificate


def _has_signed(response: OCSPResponse, certificate: x509.Certificate) -> bool | None:
    try:
        check_signature(
            facts_of(certificate).key,
            response.signature_algorithm_identifier,
            response.signature,
            response.tbs_response_bytes,
            unsafe_sha1=True,
        )
    except SignatureInvalid:
        return False
    except UnsupportedAlgorithm:
        return None
    return True


def _is_delegate(
    certificate: x509.Certificate, issuer: x509.Certificate | None
) -> bool:
    if issuer is not None:
        return parts_of(certificate).key_bits != parts_of(issuer).key_bits
    facts = facts_of(certificate)
    return not facts.ca or oids.identifier(oids.KP_OCSP_SIGNING) in facts.purposes
