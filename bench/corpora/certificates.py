"""Write certificates: of CAs, of delegated responders and of servers."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass

from bench.corpora import der

__all__ = [
    "MOMENT",
    "Certificate",
    "ca_extensions",
    "delegate_extensions",
    "ec_public_key",
    "leaf_extensions",
    "name",
    "rsa_public_key",
    "tbs",
]

MOMENT = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
"""The time at which all messages are used."""

_BEGIN, _END = (
    MOMENT - datetime.timedelta(days=30),
    MOMENT + datetime.timedelta(days=60),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """
    What a certificate says.

    Attributes:
        serial: Its serial number.

        issuer: The DER of the issuer's name.

        subject: The DER of the subject's name.

        public_key: The DER of SubjectPublicKeyInfo.

        extensions: The DER of the extensions.

        algorithm: The DER of the AlgorithmIdentifier of the signature.
    """

    serial: int
    issuer: bytes
    subject: bytes
    public_key: bytes
    extensions: tuple[bytes, ...]
    algorithm: bytes


def name(common: str, organization: str, country: str = "NO") -> bytes:
    """Return the DER of a name with the three attributes that most CAs have."""
    parts = (
        ("2.5.4.6", der.tlv(0x13, country.encode())),
        ("2.5.4.10", der.utf8(organization)),
        ("2.5.4.3", der.utf8(common)),
    )
    return der.sequence(
        *(der.tlv(der.SET, der.sequence(der.oid(kind), value)) for kind, value in parts)
    )


def ec_public_key(point: bytes, curve: str = "1.2.840.10045.3.1.7") -> bytes:
    """Return SubjectPublicKeyInfo of a point of P-256, or of another *curve*."""
    algorithm = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid(curve))
    return der.sequence(algorithm, der.bits(point))


def rsa_public_key(modulus: int) -> bytes:
    """Return SubjectPublicKeyInfo of an RSA key."""
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null())
    numbers = der.sequence(der.integer(modulus), der.integer(65537))
    return der.sequence(algorithm, der.bits(numbers))


def _extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.oid(dotted), flag, der.octets(value))


def _key_identifiers(own: bytes, issuer: bytes) -> tuple[bytes, bytes]:
    subject_key, issuer_key = (hashlib.sha1(key).digest() for key in (own, issuer))
    return (
        _extension("2.5.29.14", der.octets(subject_key)),
        _extension("2.5.29.35", der.sequence(der.tlv(0x80, issuer_key))),
    )


def ca_extensions(own: bytes, issuer: bytes) -> tuple[bytes, ...]:
    """Return the extensions of a CA with the public key *own*."""
    return (
        _extension("2.5.29.19", der.sequence(b"\x01\x01\xff"), critical=True),
        _extension("2.5.29.15", b"\x03\x02\x01\x86", critical=True),
        *_key_identifiers(own, issuer),
    )


def delegate_extensions(own: bytes, issuer: bytes) -> tuple[bytes, ...]:
    """Return the extensions of a delegated responder (RFC 6960 §4.2.2.2)."""
    return (
        _extension("2.5.29.15", b"\x03\x02\x07\x80", critical=True),
        _extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.9"))),
        _extension("1.3.6.1.5.5.7.48.1.5", der.null()),
        *_key_identifiers(own, issuer),
    )


def leaf_extensions(
    own: bytes, issuer: bytes, host: str, responder: str
) -> tuple[bytes, ...]:
    """Return the extensions of a server that is called *host*."""
    access = der.sequence(
        der.oid("1.3.6.1.5.5.7.48.1"), der.tlv(0x86, responder.encode())
    )
    return (
        _extension("2.5.29.15", b"\x03\x02\x07\x80", critical=True),
        _extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))),
        _extension("2.5.29.17", der.sequence(der.tlv(0x82, host.encode()))),
        _extension("1.3.6.1.5.5.7.1.1", der.sequence(access)),
        *_key_identifiers(own, issuer),
    )


def tbs(certificate: Certificate) -> bytes:
    """Return the DER of TBSCertificate, which the issuer signs."""
    return der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(certificate.serial),
        certificate.algorithm,
        certificate.issuer,
        der.sequence(_utc_time(_BEGIN), _utc_time(_END)),
        certificate.subject,
        certificate.public_key,
        der.explicit(3, der.sequence(*certificate.extensions)),
    )


def _utc_time(moment: datetime.datetime) -> bytes:
    return der.tlv(0x17, f"{moment:%y%m%d%H%M%SZ}".encode())
