"""
A throw-away certification authority, for ``ocsp demo``.

Rules of this file: keys are made anew each time, the CA's own never reaches a file,
and nothing here is meant for more than a demonstration on one machine. The responder
certificate follows RFC 9919 §3.2.2: delegated (EKU id-kp-OCSPSigning), short-lived,
id-pkix-ocsp-nocheck, and without pointers to a status of its own.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

__all__ = ["DemoCA", "Identity", "private_pem", "write_pem"]

_BACKDATED = datetime.timedelta(minutes=5)
"""Clocks differ; a certificate that is valid from this second on is refused by some."""

_CERTIFICATE_LIFE = datetime.timedelta(days=30)
_RESPONDER_LIFE = datetime.timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class DemoCA:
    """A CA that lives as long as this object."""

    def __init__(self, name: str, *, now: datetime.datetime) -> None:
        self._now = now
        self._key = _new_key()
        self._name = _common_name(name)
        self.certificate = self._sign(
            self._template(self._name, self._key, _CERTIFICATE_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .add_extension(_key_usage(signs_certificates=True), True),
            self._key,
        )

    def responder(self, name: str) -> Identity:
        """Return a delegated OCSP responder (RFC 6960 §4.2.2.2)."""
        key = _new_key()
        template = (
            self._template(_common_name(name), key, _RESPONDER_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(_key_usage(), True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False
            )
            .add_extension(x509.OCSPNoCheck(), False)
        )
        return Identity(certificate=self._sign(template, self._key), key=key)

    def issue(self, name: str, url: str) -> x509.Certificate:
        """Return a certificate that names the responder at *url*."""
        return self._leaf(name, url, self._key)

    def forged(self, name: str, url: str) -> x509.Certificate:
        """Return a certificate in this CA's name that somebody else has signed."""
        return self._leaf(name, url, _new_key())

    def _leaf(
        self, name: str, url: str, signer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
        )
        template = (
            self._template(_common_name(name), _new_key(), _CERTIFICATE_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
            .add_extension(x509.AuthorityInformationAccess([access]), False)
        )
        return self._sign(template, signer)

    def _template(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        life: datetime.timedelta,
    ) -> x509.CertificateBuilder:
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _BACKDATED)
            .not_valid_after(self._now + life)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self._key.public_key()
                ),
                False,
            )
        )

    @staticmethod
    def _sign(
        template: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        return template.sign(key, hashes.SHA256())


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return *key* in PEM (PKCS #8), without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_pem(path: Path, pem: bytes, *, secret: bool = False) -> Path:
    """Write *pem* to a new file *path*; what is secret only its owner may read."""
    path.touch(mode=0o600 if secret else 0o644, exist_ok=False)
    path.write_bytes(pem)
    return path
