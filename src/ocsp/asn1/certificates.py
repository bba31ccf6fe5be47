"""
What OCSP needs of a certificate's own bytes: names and key, exactly as signed.

Rules of this file: names and keys are taken from the DER, never re-encoded, because
issuers hash what is there (RFC 6960 §4.1.1: the hash is over the DER of the issuer's
name, and over the key's BIT STRING without tag, length and unused bits).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.asn1.der import SEQUENCE, any_value, bit_string, content, context, depth
from ocsp.asn1.identity_cache import IdentityCache
from ocsp.errors import LimitExceeded, SchemaError

__all__ = [
    "UNREADABLE",
    "CertificateParts",
    "cached_per_certificate",
    "certificate_der",
    "decoded_extensions",
    "digest",
    "load_certificates",
    "outer_algorithm",
    "parts_of",
    "read_certificate",
    "serial_of",
]


UNREADABLE = (
    ValueError,
    TypeError,  # of a name with a BIT STRING, which only one attribute may have
    UserWarning,  # of the length of a name, in a program that makes errors of them
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises where it cannot read a name or an extension."""


def decoded_extensions(
    holder: x509.Certificate | x509.CertificateRevocationList | x509.RevokedCertificate,
) -> x509.Extensions:
    """
    Return the extensions of *holder*.

    Raises:
        SchemaError: If they cannot be read.
    """
    try:
        return holder.extensions
    except UNREADABLE as error:
        raise SchemaError(str(error)) from error


class CertificateParts(NamedTuple):
    """
    The parts of a certificate that OCSP hashes or copies.

    Attributes:
        serial: The content of serialNumber.

        algorithm: The DER of the AlgorithmIdentifier inside, which is signed.

        issuer: The DER of the issuer Name.

        subject: The DER of the subject Name.

        key_bits: The content of the subjectPublicKey BIT STRING.

        key_hash: The SHA-1 of that, which identifies a responder (``KeyHash``, RFC 6960
            §4.2.1) and secures nothing.
    """

    serial: bytes
    algorithm: bytes
    issuer: bytes
    subject: bytes
    key_bits: bytes
    key_hash: bytes


MAX_CACHED = 256
"""Certificates of which something is kept; an authority's are asked again and again."""

Found = TypeVar("Found")


def cached_per_certificate(
    find: Callable[[x509.Certificate], Found],
) -> Callable[[x509.Certificate], Found]:
    """Let *find* work out once what it says of a certificate; bounded."""
    kept: IdentityCache[int, Found] = IdentityCache(MAX_CACHED)

    @wraps(find)
    def look_up(certificate: x509.Certificate) -> Found:
        known = kept.get(id(certificate))
        if known is not None:
            return known[1]
        return kept.keep(id(certificate), certificate, find(certificate))

    return look_up


_SHA1 = hashes.SHA1()


@cached_per_certificate
def parts_of(certificate: x509.Certificate) -> CertificateParts:
    """
    Return the parts of *certificate*.

    Raises:
        TypeError: If it is none.
    """
    if not isinstance(certificate, x509.Certificate):
        raise TypeError("cert and issuer must be a Certificate")
    tbs = certificate.tbs_certificate_bytes  # which ``cryptography`` has read already
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
    )


def outer_algorithm(certificate: x509.Certificate) -> bytes:
    """Return the DER of the AlgorithmIdentifier outside, which is not signed."""
    der = certificate_der(certificate)
    position, end = content(der, 0, len(der), SEQUENCE, "certificate")
    _, _, position = any_value(der, position, end, "tbsCertificate")
    _, _, stop = any_value(der, position, end, "signatureAlgorithm")
    return der[position:stop]


def digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    """Return the hash of *data*; here a hash identifies, and secures nothing."""
    # Imported here, as reading a message needs no hash, and OpenSSL comes with it.
    import hashlib

    return hashlib.new(algorithm.name, data, usedforsecurity=False).digest()


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return the DER of *certificate*."""
    # Imported here, as it costs a quarter of the whole import of this package.
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def read_certificate(
    data: bytes, position: int, end: int, name: str
) -> tuple[x509.Certificate, int]:
    """
    Return the certificate at *position*, and where it stops.

    Raises:
        SchemaError: If it is no X.509 certificate.
        LimitExceeded: If its values nest deeper than ``MAX_DEPTH``.
    """
    _, stop = content(data, position, end, SEQUENCE, name)
    levels = depth(data, position, stop, limits.MAX_DEPTH)
    if levels > limits.MAX_DEPTH:
        raise LimitExceeded(
            "MAX_DEPTH", levels, limits.MAX_DEPTH, path=name, offset=position
        )
    try:
        return x509.load_der_x509_certificate(data[position:stop]), stop
    except (ValueError, x509.InvalidVersion, UserWarning) as error:
        # It warns of what it will refuse one day, and warnings may be errors.
        # What it says is made for who debugs its parser.
        raise SchemaError("not a certificate", path=name, offset=position) from error


def load_certificates(data: bytes) -> list[x509.Certificate]:
    """
    Return the certificates in *data*: one in DER, or any number in PEM.

    Raises:
        SchemaError: If there is none, or one that ``cryptography`` cannot read.
    """
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except (ValueError, x509.InvalidVersion, UserWarning) as error:
        raise SchemaError("contains no certificate in PEM or DER") from error


def serial_of(certificate: x509.Certificate) -> int:
    """Return the serial number, of which ``cryptography`` warns if it is below one."""
    return int.from_bytes(parts_of(certificate).serial, signed=True)
