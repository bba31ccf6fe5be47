"""Describe the certificates in a message."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from ocsp.asn1 import oids
from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.errors import SchemaError
from ocsp.guarded.certificates import YEAR_ZERO
from ocsp.inspection.document_types import CertificateDocument
from ocsp.inspection.parts import algorithm_document, serial_document
from ocsp.messages.message import Encoding
from ocsp.signing.signatures import public_key_of

__all__ = ["certificate_document"]

Value = TypeVar("Value")


def certificate_document(certificate: x509.Certificate) -> CertificateDocument:
    """Describe an embedded certificate; a field that cannot be decoded is ``None``."""
    begin, end = validity_of(certificate)
    return {
        "subject": name_text(name_of_subject(certificate)),
        "issuer": name_text(name_of_issuer(certificate)),
        "serial_number": serial_document(serial_of(certificate)),
        "not_valid_before": _moment(begin),
        "not_valid_after": _moment(end),
        "public_key": _attempt(lambda: _key_name(certificate)),
        "signature_algorithm": algorithm_document(
            certificate.signature_algorithm_oid.dotted_string
        ),
        "extended_key_usage": _attempt(lambda: _purposes(certificate)),
        "ocsp_no_check": _attempt(lambda: _has_no_check(certificate)),
        "fingerprint_sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "size": len(certificate.public_bytes(Encoding.DER)),
    }


def _attempt(read: Callable[[], Value]) -> Value | None:
    try:
        return read()
    except (SchemaError, UnsupportedAlgorithm):
        return None


def _moment(moment: datetime.datetime) -> str | None:
    """Return *moment* as text, or ``None`` for the year 0, which has no text."""
    return None if moment == YEAR_ZERO else timestamp(moment)


def _key_name(certificate: x509.Certificate) -> str:
    match public_key_of(certificate):
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case dsa.DSAPublicKey() as key:
            return f"DSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"EC {key.curve.name}"
        case other:
            return type(other).__name__.removesuffix("PublicKey")


def _purposes(certificate: x509.Certificate) -> list[str]:
    return [
        "OCSPSigning"
        if purpose.dotted_string == oids.KP_OCSP_SIGNING
        else purpose.dotted_string
        for purpose in extensions_of(certificate).find(x509.ExtendedKeyUsage) or ()
    ]


def _has_no_check(certificate: x509.Certificate) -> bool:
    return extensions_of(certificate).find(x509.OCSPNoCheck) is not None
