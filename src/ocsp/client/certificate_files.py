"""
Read the certificates in a file: PEM, DER or PKCS #7.

RFC 7468 §5 and §8. PKCS #7 is what CAs deliver as ``.p7b`` and ``.p7c`` (RFC 5652 §5).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from ocsp import limits
from ocsp.asn1.der import SEQUENCE, content, depth
from ocsp.asn1.pem import der_blocks
from ocsp.errors import DecodeError, SchemaError

__all__ = ["load_certificates"]

_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS")

_NOT_READABLE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, UserWarning)
"""What ``cryptography`` raises; it warns of what a later release will refuse."""


def load_certificates(data: bytes) -> list[x509.Certificate]:
    """
    Return the certificates in *data*: any number in PEM or PKCS #7, or one in DER.

    PEM blocks of other kinds are skipped, such as a private key. The settings in a
    TRUSTED CERTIFICATE of OpenSSL are ignored.

    Raises:
        SchemaError: If *data* has no certificate, or one that cannot be read.
    """
    try:
        blocks = der_blocks(data, *_LABELS)
    except SchemaError as error:
        raise SchemaError("contains no certificate in PEM, DER or PKCS #7") from error
    found = [each for block in blocks for each in _certificates_in(block)]
    if not found:
        raise SchemaError("contains no certificate: its PKCS #7 structure is empty")
    return found


def _certificates_in(der: bytes) -> list[x509.Certificate]:
    try:
        return [x509.load_der_x509_certificate(_without_settings(der))]
    except _NOT_READABLE as error:
        reason = error
    # Untrusted data: limit the nesting before a recursive parser reads it.
    if depth(der, 0, len(der), limits.MAX_DEPTH) <= limits.MAX_DEPTH:
        try:
            return pkcs7.load_der_pkcs7_certificates(der)
        except _NOT_READABLE:
            pass
    raise SchemaError("contains no certificate in PEM, DER or PKCS #7") from reason


def _without_settings(der: bytes) -> bytes:
    """Return the certificate in a TRUSTED CERTIFICATE: the first of two SEQUENCEs."""
    try:
        _, end = content(der, 0, len(der), SEQUENCE, "")
        _, stop = content(der, end, len(der), SEQUENCE, "")
    except DecodeError:
        return der
    return der[:end] if stop == len(der) else der
