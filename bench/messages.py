"""Provide messages for the benchmarks: published vectors and generated streams."""

from __future__ import annotations

import datetime
import random
from functools import cache
from pathlib import Path

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

import ocsp

__all__ = [
    "MOMENT",
    "STREAM",
    "ca",
    "key",
    "leaf",
    "leaf_key",
    "rsa_key",
    "streamed",
    "vector",
]

MOMENT = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
STREAM = 400
"""The number of messages in a stream; each has other values."""


def vector(name: str) -> bytes:
    """Return a file of the test vectors of ``cryptography``."""
    folder = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
    return (folder / f"{name}.der").read_bytes()


@cache
def key() -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of the CA."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def leaf_key() -> ec.EllipticCurvePublicKey:
    """Return the P-256 key of the certificates that the CA has issued."""
    return ec.generate_private_key(ec.SECP256R1()).public_key()


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return an RSA key of 2,048 bits."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ca(kind: str = "ec") -> x509.Certificate:
    """Return the certificate of the CA, with a key of *kind*."""
    return _certificate("Bench CA", 1, kind)


@cache
def leaf() -> x509.Certificate:
    """Return a certificate that the CA has issued."""
    return _certificate("leaf.test", 0x1F2E3D4C5B6A)


def _certificate(subject: str, serial: int, kind: str = "ec") -> x509.Certificate:
    private = rsa_key() if kind == "rsa" else key()
    own = private.public_key() if subject == "Bench CA" else leaf_key()
    return x509.CertificateBuilder(
        issuer_name=_name("Bench CA"),
        subject_name=_name(subject),
        public_key=own,
        serial_number=serial,
        not_valid_before=MOMENT - datetime.timedelta(days=1),
        not_valid_after=MOMENT + datetime.timedelta(days=90),
    ).sign(private, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@cache
def streamed(kind: str) -> tuple[bytes, ...]:
    """Return messages of *kind* (short, good, revoked) that differ in all values."""
    values = random.Random(20260701)
    make = _request if kind == "short" else _response
    return tuple(make(kind, values) for _ in range(STREAM))


def _cert_id(values: random.Random) -> ocsp.CertID:
    # Sixteen octets, the first from 0x10 to 0x7e: a random number, as CAs choose it.
    serial = values.randrange(0x10 << 120, 0x7F << 120)
    return ocsp.CertID.for_serial(ca(), serial, hashes.SHA1())


def _request(_: str, values: random.Random) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(_cert_id(values))
    return builder.build().public_bytes(Encoding.DER)


def _response(kind: str, values: random.Random) -> bytes:
    def moment() -> datetime.datetime:
        return MOMENT + datetime.timedelta(seconds=values.randrange(86_400))

    revoked = kind == "revoked"
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    reason = x509.ReasonFlags.key_compromise if revoked else None
    since = moment() if revoked else None
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(
        _cert_id(values), status, moment(), moment(), since, reason
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
    signed = builder.produced_at(moment()).sign(key(), hashes.SHA256())
    return signed.public_bytes(Encoding.DER)
