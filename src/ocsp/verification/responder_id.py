"""Match a responderID with a certificate, by name or by key (RFC 6960 §4.2.1)."""

from __future__ import annotations

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.name_comparison import name_of_subject, same_name
from ocsp.later import x509
from ocsp.messages.responses.response import OCSPResponse

__all__ = ["name_of_responder", "names_signer"]


def names_signer(response: OCSPResponse, certificate: x509.Certificate) -> bool:
    """Tell whether responderID, by key or by name, identifies *certificate*."""
    key_hash = response.responder_key_hash
    if key_hash is not None:
        return key_hash == parts_of(certificate).key_hash
    return same_name(name_of_responder(response), name_of_subject(certificate))


def name_of_responder(response: OCSPResponse) -> bytes:
    """Return the DER of the name in responderID; empty if it is a key hash."""
    return response._responder_name or b""
