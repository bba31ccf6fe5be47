"""
The parts of a certificate that OCSP hashes or copies, exactly as the CA signed them.

Names and keys are copied from the DER and never re-encoded, because a CertID contains
hashes of these octets (RFC 6960 §4.1.1: of the DER of the issuer's name, and of the
key's BIT STRING without tag, length and unused bits).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple, TypeVar

from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    any_value,
    bit_string,
    content,
    octets_in_bits,
)
from ocsp.errors import LimitExceeded
from ocsp.guarded.certificates import load_certificate, validity
from ocsp.later import x509

__all__ = [
    "CertificateParts",
    "cached_per_certificate",
    "certificate_der",
    "certificate_size",
    "digest",
    "outer_algorithm",
    "parts_of",
    "parts_of_subject",
    "read_certificate",
    "serial_of",
    "signature_of",
    "validity_of",
]


class _Rest(NamedTuple):
    """The parts that :class:`CertificateParts` reads at the first use of one."""

    subject: bytes
    key_bits: bytes
    extensions: bytes


class CertificateParts:
    """
    The parts of a certificate that OCSP hashes or copies.

    A CertID needs the first fields only. All others are read at the first use of one.

    Attributes:
        certificate: The certificate.

        tbs: The DER of tbsCertificate, which the CA signed.

        serial: The content of serialNumber.

        algorithm: The DER of the AlgorithmIdentifier inside tbsCertificate, which is
            signed.

        issuer: The DER of the issuer Name.
    """

    __slots__ = (
        "_after_issuer",
        "_key_hash",
        "_outside",
        "_rest",
        "algorithm",
        "certificate",
        "issuer",
        "serial",
        "tbs",
    )

    def __init__(
        self, certificate: x509.Certificate, tbs: bytes, outside: bytes | None
    ) -> None:
        """
        Read the first fields.

        Args:
            certificate: The certificate. ``cryptography`` has read it, so the headers
                of its fields are those of DER.

            tbs: Its tbsCertificate.

            outside: signatureAlgorithm and signatureValue, which follow it; ``None`` to
                take them from the certificate at their first use.
        """
        length = tbs[1]
        position = 2 if length < 0x80 else length - 0x7E  # 2 + (length & 0x7F)
        if tbs[position] == _VERSION:
            position += 2 + tbs[position + 1]
        serial = _stop(tbs, position)
        algorithm = _stop(tbs, serial)
        issuer = _stop(tbs, algorithm)
        length = tbs[position + 1]
        start = position + 2 if length < 0x80 else position + length - 0x7E
        self.certificate = certificate
        self.tbs = tbs
        self.serial = tbs[start:serial]
        self.algorithm = tbs[serial:algorithm]
        self.issuer = tbs[algorithm:issuer]
        self._after_issuer = issuer
        self._rest: _Rest | None = None
        self._key_hash: bytes | None = None
        self._outside = outside

    @property
    def subject(self) -> bytes:
        """The DER of the subject Name."""
        return (self._rest or self._read_rest()).subject

    @property
    def key_bits(self) -> bytes:
        """The content of the subjectPublicKey BIT STRING."""
        return (self._rest or self._read_rest()).key_bits

    @property
    def key_hash(self) -> bytes:
        """
        The SHA-1 of :attr:`key_bits`.

        It identifies a responder (``KeyHash``, RFC 6960 §4.2.1); security does not
        depend on it. A responder writes it in each response.
        """
        if self._key_hash is None:
            self._key_hash = digest(_SHA1, self.key_bits)
        return self._key_hash

    @property
    def extensions(self) -> bytes:
        """The DER of the Extensions, or nothing if they are absent."""
        return (self._rest or self._read_rest()).extensions

    @property
    def outside(self) -> bytes:
        """The DER of signatureAlgorithm and signatureValue, which are not signed."""
        if self._outside is None:
            der = certificate_der(self.certificate)
            start, _ = content(der, 0, len(der), SEQUENCE, "certificate")
            self._outside = der[_stop(der, start) :]
        return self._outside

    def _read_rest(self) -> _Rest:
        tbs = self.tbs
        subject = _stop(tbs, self._after_issuer)  # after validity
        key = _stop(tbs, subject)
        end = _stop(tbs, key)
        start, _ = content(tbs, key, end, SEQUENCE, "subjectPublicKeyInfo")
        first, last = bit_string(tbs, _stop(tbs, start), end, "subjectPublicKey")
        bits = tbs[first:last]
        position = end
        while position < len(tbs) and tbs[position] != _EXTENSIONS:
            position = _stop(tbs, position)  # one of two unique identifiers
        extensions = b""
        if position < len(tbs):
            first, last = content(tbs, position, len(tbs), _EXTENSIONS, "extensions")
            extensions = tbs[first:last]
        rest = _Rest(tbs[subject:key], bits, extensions)
        self._rest = rest
        return rest


_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3


def _stop(der: bytes, position: int) -> int:
    """Return where the value at *position* ends, of which the header is right."""
    length = der[position + 1]
    if length < 0x80:
        return position + 2 + length
    start = position + length - 0x7E
    return start + int.from_bytes(der[position + 2 : start])


CACHE_FACTOR: Final = 8
"""Octets that the values from a certificate take for each octet of it, at most."""

Result = TypeVar("Result")


def cached_per_certificate(
    find: Callable[[x509.Certificate], Result],
) -> Callable[[x509.Certificate], Result]:
    """Cache the results of *find*, as programs use the same few CAs again."""
    kept: BoundedCache[int, tuple[x509.Certificate, Result]] = BoundedCache()

    @wraps(find)
    def look_up(certificate: x509.Certificate) -> Result:
        known = kept[id(certificate)]
        if known is not None:
            return known[1]
        found = certificate, find(certificate)
        octets = CACHE_FACTOR * certificate_size(certificate)
        return kept.keep(id(certificate), found, octets)[1]

    return look_up


def certificate_size(certificate: x509.Certificate) -> int:
    """Return the number of octets of *certificate* without its signature."""
    known = _latest.get(id(certificate)) or _parts.get(id(certificate))
    return len(certificate.tbs_certificate_bytes if known is None else known.tbs)


_SHA1: Final = hashes.SHA1()

_parts: BoundedCache[int, CertificateParts] = BoundedCache()


def parts_of(certificate: x509.Certificate) -> CertificateParts:
    """
    Return the parts of *certificate*; cached as by :func:`cached_per_certificate`.

    Raises:
        TypeError: If it is not an ``x509.Certificate``.
    """
    known = _parts[id(certificate)]
    if known is not None:
        return known
    return _keep(_read(certificate))


def _read(certificate: x509.Certificate) -> CertificateParts:
    if not isinstance(certificate, x509.Certificate):
        raise TypeError("cert and issuer must be a Certificate")
    return CertificateParts(certificate, certificate.tbs_certificate_bytes, None)


def parts_of_subject(certificate: x509.Certificate) -> CertificateParts:
    """
    Return the parts of a certificate in question, as :func:`parts_of`.

    A program asks about thousands of certificates, and seldom about one again. So only
    the latest few are kept, as many as a client checks at the same time: what is read
    for each then takes the same few memory pages.

    Raises:
        TypeError: If it is not an ``x509.Certificate``.
    """
    known = _latest.get(id(certificate)) or _parts.get(id(certificate))
    if known is not None:
        return known
    parts = _read(certificate)
    if len(parts.tbs) <= _MOST_KEPT_OCTETS:
        if len(_latest) >= MAX_LATEST:
            _latest.clear()
        _latest[id(certificate)] = parts
    return parts


MAX_LATEST: Final = 64
"""Certificates in question whose parts are kept."""

_MOST_KEPT_OCTETS: Final = 4096
"""Octets of a certificate in question whose parts are kept; most have below 2,000."""

_latest: dict[int, CertificateParts] = {}


def _keep(parts: CertificateParts) -> CertificateParts:
    octets = CACHE_FACTOR * len(parts.tbs)
    return _parts.keep(id(parts.certificate), parts, octets)


validity_of = cached_per_certificate(validity)
"""Return what :func:`ocsp.guarded.certificates.validity` returns, from a cache."""


def outer_algorithm(certificate: x509.Certificate) -> bytes:
    """Return the DER of signatureAlgorithm of the Certificate, which is not signed."""
    outside = parts_of(certificate).outside
    return outside[: _stop(outside, 0)]


def signature_of(certificate: x509.Certificate) -> bytes:
    """
    Return the signature of *certificate*.

    Raises:
        DERError: If its BIT STRING has unused bits.
    """
    outside = parts_of(certificate).outside
    position = _stop(outside, 0)
    start, stop = octets_in_bits(outside, position, len(outside), "signatureValue")
    return outside[start:stop]


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
    start, stop = content(data, position, end, SEQUENCE, name)
    certificate = load_certificate(data[position:stop], path=name, offset=position)
    after = _stop(data, start)
    # What ``cryptography`` would encode again, octet for octet.
    parts = CertificateParts(certificate, data[start:after], data[after:stop])
    most = limits.MAX_EXTENSIONS
    # Each extension has an identifier, so this is a bound that takes no time.
    if parts.tbs.count(OBJECT_IDENTIFIER) > most:
        count = _count_extensions(parts.extensions)
        if count > most:
            raise LimitExceeded(
                "MAX_EXTENSIONS", count, most, path=name, offset=position
            )
    _keep(parts)
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
