"""
Test certificates with valid defaults; a test changes one field at a time.

Keys are made once for each name, because tests need many certificates and no secrets.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocsp import KeySigner

__all__ = [
    "BEGIN",
    "DELEGATION",
    "END",
    "NOW",
    "OF_A_CA",
    "RandomSigner",
    "ca",
    "delegate",
    "delegate_signer",
    "key",
    "leaf",
    "make",
    "name",
    "with_unused_bit",
]

NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
BEGIN = NOW - datetime.timedelta(days=1)
END = NOW + datetime.timedelta(days=30)


@cache
def key(owner: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of *owner*; the same at each call."""
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    """Return a name with one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def make(
    subject: str,
    issuer: str,
    *,
    public: CertificateIssuerPrivateKeyTypes | None = None,
    signer: CertificateIssuerPrivateKeyTypes | None = None,
    serial: int | None = None,
    begin: datetime.datetime = BEGIN,
    end: datetime.datetime = END,
    extensions: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """Return a certificate of *subject*, signed by *issuer*."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key((public or key(subject)).public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer or key(issuer), hashes.SHA256())


class RandomSigner:
    """A signer whose signatures differ each time, as those of an HSM do."""

    def __init__(self, signer: KeySigner, private: ec.EllipticCurvePrivateKey) -> None:
        """Sign as *signer* with its key *private*, on P-256."""
        self.certificate = signer.certificate
        self.algorithm_identifier = signer.algorithm_identifier
        self._private = private

    def sign(self, data: bytes) -> bytes:
        """Return a signature that was not made before."""
        return self._private.sign(data, ec.ECDSA(hashes.SHA256()))


def with_unused_bit(sign: Callable[[], tuple[bytes, bytes]]) -> bytes:
    """
    Return what *sign* makes, with one unused bit in the BIT STRING of the signature.

    *sign* returns a signed structure and its signature; the last bit has to be zero.
    """
    while True:
        data, signature = sign()
        if signature[-1] % 2 == 0:
            return data.replace(b"\x00" + signature, b"\x01" + signature)


OF_A_CA = (x509.BasicConstraints(ca=True, path_length=None),)
"""The extension of a CA (RFC 5280 §4.2.1.9)."""


def ca(common: str = "Test CA") -> x509.Certificate:
    """Return the certificate of a CA; the same at each call."""
    return _ca(common)


@cache
def _ca(common: str) -> x509.Certificate:
    return make(common, common, extensions=OF_A_CA)


def leaf(serial: int = 0x1F2E, issuer: str = "Test CA") -> x509.Certificate:
    """Return an end-entity certificate; the same at each call."""
    return _leaf(serial, issuer)


@cache
def _leaf(serial: int, issuer: str) -> x509.Certificate:
    return make(f"leaf-{serial:x}", issuer, serial=serial)


DELEGATION: tuple[x509.ExtensionType, ...] = (
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]),
    x509.OCSPNoCheck(),
)
"""The extensions of a delegated responder (RFC 6960 §4.2.2.2, RFC 9919 §3.2.2)."""


def delegate(
    issuer: str = "Test CA", common: str = "Test Responder"
) -> x509.Certificate:
    """Return the certificate of a delegated responder; the same at each call."""
    return _delegate(issuer, common)


@cache
def _delegate(issuer: str, common: str) -> x509.Certificate:
    return make(common, issuer, extensions=DELEGATION)


def delegate_signer(
    issuer: str = "Test CA", common: str = "Test Responder"
) -> KeySigner:
    """Return the signer of the delegated responder of *issuer*."""
    return KeySigner(key(common), delegate(issuer, common))
