"""
The parts of a certificate that OCSP hashes or copies, exactly as the CA signed them.

Names and keys are copied from the DER and never re-encoded, because a CertID contains
hashes of these octets (RFC 6960 §4.1.1: of the DER of the issuer's name, and of the
key's BIT STRING without tag, length and unused bits).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import (
    SEQUENCE,
    any_value,
    bit_string,
    content,
    context,
    octets_in_bits,
)
from ocsp.errors import LimitExceeded
from ocsp.guarded.certificates import load_certificate, validity

__all__ = [
    "CertificateParts",
    "cached_per_certificate",
    "certificate_der",
    "certificate_size",
    "digest",
    "outer_algorithm",
    "parts_of",
    "read_certificate",
    "serial_of",
    "signature_of",
    "validity_of",
]


class CertificateParts(NamedTuple):
    """
    The parts of a certificate that OCSP hashes or copies.

    Attributes:
        serial: The content of serialNumber.

        algorithm: The DER of the AlgorithmIdentifier inside tbsCertificate, which is
            signed.

        issuer: The DER of the issuer Name.

        subject: The DER of the subject Name.

        key_bits: The content of the subjectPublicKey BIT STRING.

        key_hash: The SHA-1 of ``key_bits``. It identifies a responder (``KeyHash``,
            RFC 6960 §4.2.1); security does not depend on it.

        extensions: The DER of the Extensions, or nothing if they are absent.

        size: The number of octets of tbsCertificate.
    """

    serial: bytes
    algorithm: bytes
    issuer: bytes
    subject: bytes
    key_bits: bytes
    key_hash: bytes
    extensions: bytes
    size: int


CACHE_FACTOR = 8
"""Octets that the values from a certificate take for each octet of it, at most."""

Result = TypeVar("Result")


def cached_per_certificate(
    find: Callable[[x509.Certificate], Result],
) -> Callable[[x509.Certificate], Result]:
    """Cache the results of *find*, as programs use the same few CAs again."""
    kept: BoundedCache[int, tuple[x509.Certificate, Result]] = BoundedCache()

    @wraps(find)
    def look_up(certificate: x509.Certificate) -> Result:
        known = kept.get(id(certificate))
        if known is not None:
            return known[1]
        found = certificate, find(certificate)
        octets = CACHE_FACTOR * certificate_size(certificate)
        return kept.keep(id(certificate), found, octets)[1]

    return look_up


def certificate_size(certificate: x509.Certificate) -> int:
    """Return the number of octets of *certificate* without its signature."""
    return parts_of(certificate).size


_SHA1 = hashes.SHA1()

_parts: BoundedCache[int, tuple[x509.Certificate, CertificateParts]] = BoundedCache()


def parts_of(certificate: x509.Certificate) -> CertificateParts:
    """
    Return the parts of *certificate*; cached as by :func:`cached_per_certificate`.

    Raises:
        TypeError: If it is not an ``x509.Certificate``.
    """
    known = _parts.get(id(certificate))
    if known is None:
        parts = _read_parts(certificate)
        found = certificate, parts
        known = _parts.keep(id(certificate), found, CACHE_FACTOR * parts.size)
    return known[1]


def _read_parts(certificate: x509.Certificate) -> CertificateParts:
    if not isinstance(certificate, x509.Certificate):
        raise TypeError("cert and issuer must be a Certificate")
    tbs = certificate.tbs_certificate_bytes  # ``cryptography`` has checked it already
    position, end = content(tbs, 0, len(tbs), SEQUENCE, "tbsCertificate")
    fields: list[tuple[int, int, int]] = []
    while len(fields) < 6:
        tag, start, stop = any_value(tbs, position, end, "tbsCertificate")
        if tag != context(0):  # version
            fields.append((position, start, stop))
        position = stop
    serial, algorithm, issuer, _, subject, key = fields
    _, start, stop = key
    _, _, bits = any_value(tbs, start, stop, "subjectPublicKeyInfo.algorithm")
    start, stop = bit_string(tbs, bits, stop, "subjectPublicKey")
    return CertificateParts(
        tbs[serial[1] : serial[2]],
        tbs[algorithm[0] : algorithm[2]],
        tbs[issuer[0] : issuer[2]],
        tbs[subject[0] : subject[2]],
        tbs[start:stop],
        digest(_SHA1, tbs[start:stop]),
        _extensions(tbs, key[2], end),
        len(tbs),
    )


def _extensions(tbs: bytes, position: int, end: int) -> bytes:
    """Return the DER of the Extensions, after two unique identifiers that may exist."""
    while position < end:
        tag, start, position = any_value(tbs, position, end, "tbsCertificate")
        if tag == context(3):
            return tbs[start:position]
    return b""


validity_of = cached_per_certificate(validity)
"""Return what :func:`ocsp.guarded.certificates.validity` returns, from a cache."""


def outer_algorithm(certificate: x509.Certificate) -> bytes:
    """Return the DER of signatureAlgorithm of the Certificate, which is not signed."""
    return _outer(certificate)[0]


def signature_of(certificate: x509.Certificate) -> bytes:
    """
    Return the signature of *certificate*.

    Raises:
        DERError: If its BIT STRING has unused bits.
    """
    value = _outer(certificate)[1]
    start, stop = octets_in_bits(value, 0, len(value), "signatureValue")
    return value[start:stop]


def _outer(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Return the DER of signatureAlgorithm and of signatureValue."""
    der = certificate_der(certificate)
    position, end = content(der, 0, len(der), SEQUENCE, "certificate")
    _, _, position = any_value(der, position, end, "tbsCertificate")
    _, _, stop = any_value(der, position, end, "signatureAlgorithm")
    return der[position:stop], der[stop:end]


def digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    """Return the hash of *data*, as an identifier: security does not depend on it."""
    # Imported here: reading a message needs no hash, and hashlib loads OpenSSL.
    import hashlib

    return hashlib.new(algorithm.name, data, usedforsecurity=False).digest()


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return the DER of *certificate*."""
    # Imported here, because it takes a quarter of the import time of this package.
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def read_certificate(
    data: bytes, position: int, end: int, name: str
) -> tuple[x509.Certificate, int]:
    """
    Return the certificate at *position*, and where it ends.

    Raises:
        SchemaError: If it is not an X.509 certificate.
        LimitExceeded: If it is too long, its values are nested too deep, or it has more
            extensions than ``MAX_EXTENSIONS``.
    """
    _, stop = content(data, position, end, SEQUENCE, name)
    certificate = load_certificate(data[position:stop], path=name, offset=position)
    count = _count_extensions(parts_of(certificate).extensions)
    if count > limits.MAX_EXTENSIONS:
        raise LimitExceeded(
            "MAX_EXTENSIONS", count, limits.MAX_EXTENSIONS, path=name, offset=position
        )
    return certificate, stop


def _count_extensions(der: bytes) -> int:
    """Return the number of extensions in *der*, or one more than ``MAX_EXTENSIONS``."""
    count = position = end = 0
    if der:
        position, end = content(der, 0, len(der), SEQUENCE, "extensions")
    while position < end and count <= limits.MAX_EXTENSIONS:
        _, _, position = any_value(der, position, end, "extensions")
        count += 1
    return count


def serial_of(certificate: x509.Certificate) -> int:
    """Return the serial number, without the warning of ``cryptography`` below one."""
    return int.from_bytes(parts_of(certificate).serial, signed=True)
