"""
Find the signer of a response.

The signer is the certificate whose key verifies the signature, with SHA-1 too;
otherwise the certificate that responderID names. The number of signature checks is
limited. Whether the signer is authorized is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.certificates import parts_of
from ocsp.errors import DecodeError, SignatureInvalid
from ocsp.messages.responses.response import OCSPResponse
from ocsp.signing.signatures import check_signature
from ocsp.verification.facts import facts_of
from ocsp.verification.responder_id import names_signer

__all__ = ["Signer", "find_signer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The certificate that signed the response, or that responderID names."""

    certificate: x509.Certificate
    """The signer's certificate."""

    where: str
    """The place of the certificate: ``issuer``, or ``certs[0]``."""

    named: bool
    """Whether responderID names it."""

    signed: bool | None
    """Whether its key verifies the signature; ``None`` if the algorithm is not
    supported."""

    delegated: bool
    """Whether it is a delegate. If the issuer was not given, this is guessed from the
    certificate."""


def find_signer(
    response: OCSPResponse, issuer: x509.Certificate | None
) -> Signer | None:
    """Return the certificate that signed *response*, or else the named one."""
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
    # One signature check for each certificate.
    most = limits.MAX_SIGNATURES_CHECKED - 1
    for i, certificate in enumerate(response.certificates[:most]):
        yield f"certs[{i}]", certificate


def _has_signed(response: OCSPResponse, certificate: x509.Certificate) -> bool | None:
    try:
        check_signature(
            facts_of(certificate).key,
            response.signature_algorithm_identifier,
            response._whole_signature,
            response.tbs_response_bytes,
            unsafe_sha1=True,
        )
    except SignatureInvalid:
        return False
    except (UnsupportedAlgorithm, DecodeError):  # unknown, or malformed parameters
        return None
    return True


def _is_delegate(
    certificate: x509.Certificate, issuer: x509.Certificate | None
) -> bool:
    if issuer is not None:
        return parts_of(certificate).key_bits != parts_of(issuer).key_bits
    facts = facts_of(certificate)
    return not facts.ca or oids.identifier(oids.KP_OCSP_SIGNING) in facts.purposes
