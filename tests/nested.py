"""Values that are nested so deep that a parser that recurses ends the process."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocsp.asn1.der import context, encode, encode_integer, encode_oid
from ocsp.asn1.oids import RSASSA_PSS
from tests.pki import key, name

__all__ = [
    "LEVELS",
    "nested_algorithm",
    "nested_certificate",
    "nested_crl",
    "nested_pkcs7",
    "nested_request",
]

LEVELS = 2400
"""Enough to end a process with a stack of eight megabytes."""

_SEQUENCE = 0x30
_ECDSA = encode(_SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))
_SIGNATURE = encode(0x03, bytes(9))
_TIMES = (encode(0x17, b"260101000000Z"), encode(0x17, b"270101000000Z"))


def nested_algorithm(levels: int = LEVELS) -> bytes:
    """Return an AlgorithmIdentifier: RSASSA-PSS whose hash is RSASSA-PSS, and so on."""
    oid = encode_oid(RSASSA_PSS)
    algorithm = encode(_SEQUENCE, oid)
    for _ in range(levels):
        parameters = encode(_SEQUENCE, encode(context(0), algorithm))
        algorithm = encode(_SEQUENCE, oid, parameters)
    return algorithm


def nested_certificate(
    levels: int = LEVELS, *, times: tuple[bytes, bytes] = _TIMES
) -> bytes:
    """Return a self-signed certificate with such an algorithm in tbsCertificate."""
    subject = name("Nested").public_bytes()
    public = key("Nested").public_key()
    tbs = encode(
        _SEQUENCE,
        encode(context(0), encode_integer(2)),
        encode_integer(1),
        nested_algorithm(levels),
        subject,
        encode(_SEQUENCE, *times),
        subject,
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    return encode(_SEQUENCE, tbs, _ECDSA, _SIGNATURE)


def nested_crl(issuer: bytes, levels: int = LEVELS) -> bytes:
    """Return a CRL of *issuer*, a Name in DER, with such an algorithm."""
    algorithm = nested_algorithm(levels)
    tbs = encode(_SEQUENCE, encode_integer(1), algorithm, issuer, *_TIMES)
    return encode(_SEQUENCE, tbs, algorithm, _SIGNATURE)


def nested_request(levels: int = LEVELS) -> bytes:
    """Return a certificate request with such an algorithm in its key."""
    subject = name("Nested").public_bytes()
    public = encode(_SEQUENCE, nested_algorithm(levels), _SIGNATURE)
    info = encode(_SEQUENCE, encode_integer(0), subject, public, encode(context(0)))
    return encode(_SEQUENCE, info, _ECDSA, _SIGNATURE)


def nested_pkcs7(certificate: bytes, *, definite: bool = False) -> bytes:
    """Return a PKCS #7 with *certificate*, in BER unless *definite*."""

    def value(tag: int, *content: bytes) -> bytes:
        if definite:
            return encode(tag, *content)
        return b"".join((bytes((tag, 0x80)), *content, b"\x00\x00"))

    data = value(_SEQUENCE, encode_oid("1.2.840.113549.1.7.1"))
    signed = value(
        _SEQUENCE,
        encode_integer(1),
        encode(0x31),
        data,
        value(context(0), certificate),
        encode(0x31),
    )
    oid = encode_oid("1.2.840.113549.1.7.2")
    return value(_SEQUENCE, oid, value(context(0), signed))
