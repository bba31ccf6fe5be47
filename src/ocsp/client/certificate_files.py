"""
Read the certificates in a file or reply: PEM, DER or PKCS #7.

RFC 7468 §5 and §8. PKCS #7 is what CAs deliver as ``.p7b`` and ``.p7c`` (RFC 5652 §5).
A certificate that cannot be read does not hide the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from ocsp.asn1 import ber
from ocsp.asn1.certificates import read_certificate
from ocsp.asn1.der import (
    SEQUENCE,
    any_value,
    content,
    context,
    encode_oid,
    end_of,
    explicit,
)
from ocsp.errors import DecodeError, SchemaError
from ocsp.guarded.certificates import load_pkcs7
from ocsp.guarded.pem import is_pem, readable_blocks

__all__ = ["each_certificate", "load_certificates", "readable_certificates"]

_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS")
_NO_CERTIFICATE = "contains no certificate in PEM, DER or PKCS #7 that can be read"
_UNREADABLE = "contains a certificate that cannot be read, and no other certificate"


def load_certificates(
    data: bytes, *, first_needed: bool = True
) -> list[x509.Certificate]:
    """
    Return the certificates in *data*: any number in PEM or PKCS #7, or one in DER.

    PEM blocks of other kinds are skipped, such as a private key. The settings in a
    TRUSTED CERTIFICATE of OpenSSL are ignored. Certificates that cannot be read are
    skipped.

    Args:
        data: The content of a file.

        first_needed: Whether the first certificate must be readable, as in the file of
            a server, where it is the server's.

    Raises:
        SchemaError: If *data* has no certificate that can be read, or the first cannot
            be read and is needed.
    """
    found = each_certificate(data)
    if first_needed and found[0] is None:
        raise SchemaError("contains a first certificate that cannot be read")
    return [each for each in found if each is not None]


def each_certificate(data: bytes) -> list[x509.Certificate | None]:
    """
    Return the certificates in *data*, with ``None`` for one that cannot be read.

    Raises:
        SchemaError: If *data* has no certificate that can be read.
    """
    found = list(_certificates(data))
    if not found:
        raise SchemaError("contains no certificate: its PKCS #7 structure is empty")
    if all(each is None for each in found):
        named = is_pem(data) or _is_pkcs7(data)
        raise SchemaError(_UNREADABLE if named else _NO_CERTIFICATE)
    return found


def readable_certificates(data: bytes) -> list[x509.Certificate]:
    """Return the certificates in *data* that can be read; there may be none."""
    try:
        return load_certificates(data, first_needed=False)
    except SchemaError:
        return []


def _certificates(data: bytes) -> Iterator[x509.Certificate | None]:
    """Return each certificate in *data*, with ``None`` for one that cannot be read."""
    try:
        blocks = readable_blocks(data, *_LABELS)
    except SchemaError as error:
        raise SchemaError(_NO_CERTIFICATE) from error
    for block in blocks:
        if block is None:
            yield None
            continue
        certificate = _certificate(_without_settings(block))
        if certificate is not None:
            yield certificate
        else:
            yield from _in_pkcs7(block)


_LEAST_OCTETS = 64
"""
A certificate with empty names and an empty key has more octets. A PKCS #7 of 40 kB can
have 20,000 values that are shorter, and each attempt to read one costs an exception.
"""


def _certificate(der: bytes) -> x509.Certificate | None:
    if len(der) < _LEAST_OCTETS:
        return None
    try:
        certificate, stop = read_certificate(der, 0, len(der), "certificate")
        end_of(stop, len(der), "certificate")
    except DecodeError:
        return None
    return certificate


def _in_pkcs7(der: bytes) -> Iterator[x509.Certificate | None]:
    try:
        yield from load_pkcs7(der)
    except DecodeError:
        # ``cryptography`` returns all certificates or none.
        try:
            yield from map(_certificate, _members(der))
        except DecodeError:
            yield None


def _is_pkcs7(der: bytes) -> bool:
    try:
        return bool(_members(der))
    except DecodeError:
        return False


def _members(der: bytes) -> list[bytes]:
    """Return the certificates of a "certs-only" SignedData, undecoded (§5.1)."""
    try:
        return _members_in_der(der)
    except DecodeError:
        return _members_in_ber(der)


def _members_in_ber(data: bytes) -> list[bytes]:
    """Return the same of a SignedData in BER, which CMS allows (§2)."""
    parts = ber.read(data).parts
    if not parts or parts[0].octets != _SIGNED_DATA:
        raise SchemaError("is not a SignedData")
    return [
        each.octets
        for value in parts[1:]
        for signed_data in value.parts
        for part in signed_data.parts
        if part.tag == context(0)
        for each in part.parts
    ]


_SIGNED_DATA = encode_oid("1.2.840.113549.1.7.2")


def _members_in_der(der: bytes) -> list[bytes]:
    position, end = content(der, 0, len(der), SEQUENCE, "contentInfo")
    _, _, position = any_value(der, position, end, "contentType")
    position, end, _ = explicit(der, position, end, 0, SEQUENCE, "signedData")
    for name in ("version", "digestAlgorithms", "encapContentInfo"):
        _, _, position = any_value(der, position, end, name)
    position, end = content(der, position, end, context(0), "certificates")
    members = []
    while position < end:
        start = position
        _, _, position = any_value(der, position, end, "certificate")
        members.append(der[start:position])
    return members


def _without_settings(der: bytes) -> bytes:
    """
    Return the certificate in a TRUSTED CERTIFICATE: the first of two SEQUENCEs.

    A second certificate is none of its settings, and is not dropped with them.
    """
    try:
        _, end = content(der, 0, len(der), SEQUENCE, "")
        _, stop = content(der, end, len(der), SEQUENCE, "")
    except DecodeError:
        return der
    if stop != len(der) or _certificate(der[end:]) is not None:
        return der
    return der[:end]
