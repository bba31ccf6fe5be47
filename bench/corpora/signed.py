"""
Certificates of one CA and responses about them, with real signatures.

No certificate and no response occurs twice: each certificate has another serial number,
name and key.
"""

from __future__ import annotations

import datetime
import hashlib
import random
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.corpora import certificates, der
from bench.corpora.authorities import SHA1
from bench.corpora.certificates import MOMENT, Certificate
from bench.corpora.keys import PrivateKey, ec_key, rsa_key, sign
from bench.corpora.responses import Entry, cert_id, response, tail

__all__ = ["RESPONDER", "Answer", "Issued", "Kind", "issued"]

RESPONDER = "http://ocsp.example/"
"""The URL in all certificates."""


class Kind(Enum):
    """Who signs the responses, and what they say."""

    P256 = "P-256"
    RSA = "RSA"
    REVOKED = "revoked"
    DELEGATED = "delegated"


class Answer(NamedTuple):
    """
    A certificate and what the responder says about it.

    Attributes:
        certificate: The DER of the certificate.

        response: The DER of the response.
    """

    certificate: bytes
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """
    What one CA has issued.

    Attributes:
        key: The key of the CA.

        issuer: The DER of its certificate.

        answers: The certificates, with a response for each.
    """

    key: PrivateKey
    issuer: bytes
    answers: tuple[Answer, ...]


_ECDSA = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_PKCS1 = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())
_NAME = certificates.name("Bench CA", "Bench")


@cache
def issued(kind: Kind, count: int) -> Issued:
    """Return *count* certificates of a CA, with responses of *kind*."""
    chosen = random.Random(kind.value)
    key = rsa_key("CA") if kind is Kind.RSA else ec_key("CA")
    public_key = _public_key(key)
    own = Certificate(
        serial=1,
        issuer=_NAME,
        subject=_NAME,
        public_key=public_key,
        extensions=certificates.ca_extensions(public_key),
        algorithm=_algorithm(key),
    )
    answers = tuple(_answer(chosen, kind, key, number) for number in range(count))
    return Issued(key=key, issuer=_certificate(own, key), answers=answers)


def _answer(chosen: random.Random, kind: Kind, key: PrivateKey, number: int) -> Answer:
    serial = chosen.getrandbits(126) | 1 << 126
    host = f"host{number}.example"
    own, issuer = _public_key(ec_key(f"leaf {number}")), _public_key(key)
    extensions = certificates.leaf_extensions(own, issuer, host, RESPONDER)
    leaf = Certificate(
        serial=serial,
        issuer=_NAME,
        subject=certificates.name(host, "Bench"),
        public_key=own,
        extensions=extensions,
        algorithm=_algorithm(key),
    )
    this_update = MOMENT - datetime.timedelta(seconds=chosen.randrange(1, 86_400))
    revoked = kind is Kind.REVOKED
    entry = Entry(
        cert_id=_cert_id(key, serial),
        this_update=this_update,
        next_update=this_update + datetime.timedelta(days=7),
        revoked=this_update - datetime.timedelta(days=3) if revoked else None,
        reason=1 if revoked else None,
    )
    said = tail(this_update, [entry])
    if kind is Kind.DELEGATED:
        signed = _by_delegate(said, key, number)
    else:
        signed = _signed(said, key)
    return Answer(_certificate(leaf, key), signed)


def _by_delegate(said: bytes, ca: PrivateKey, number: int) -> bytes:
    key = ec_key(f"delegate {number}")
    own = _public_key(key)
    delegate = Certificate(
        serial=1 << 64 | number,
        issuer=_NAME,
        subject=certificates.name(f"OCSP {number}", "Bench"),
        public_key=own,
        extensions=certificates.delegate_extensions(own, _public_key(ca)),
        algorithm=_algorithm(ca),
    )
    return _signed(said, key, _certificate(delegate, ca))


def _signed(said: bytes, key: PrivateKey, *delegate: bytes) -> bytes:
    data = der.sequence(der.explicit(2, der.octets(_key_hash(key))), said)
    return response(data, _algorithm(key), sign(key, data), delegate)


def _certificate(certificate: Certificate, issuer: PrivateKey) -> bytes:
    data = certificates.tbs(certificate)
    return der.sequence(data, certificate.algorithm, der.bits(sign(issuer, data)))


def _algorithm(key: PrivateKey) -> bytes:
    return _ECDSA if isinstance(key, ec.EllipticCurvePrivateKey) else _PKCS1


def _public_key(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


@cache
def _key_hash(key: PrivateKey) -> bytes:
    """Return the hash of the key without its header, as a ResponderID has it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        content = key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
    else:
        content = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return hashlib.sha1(content).digest()


def _cert_id(key: PrivateKey, serial: int) -> bytes:
    names = hashlib.sha1(_NAME).digest()
    return cert_id(SHA1, names, _key_hash(key), serial)
