"""Make new keys for delegates: the kinds that an operator can choose from."""

from __future__ import annotations

import enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp.asn1.signature_algorithms import KeyKind
from ocsp.errors import ConfigError
from ocsp.signing import ml_dsa

__all__ = ["NewKeyKind", "kind_of_key", "new_key"]


class NewKeyKind(enum.Enum):
    """A kind of key for a new delegate."""

    P256 = "p256"
    """ECDSA with P-256: small and fast, and every client has it."""

    P384 = "p384"
    """ECDSA with P-384."""

    RSA2048 = "rsa2048"
    """RSA with 2,048 bits, for clients without ECDSA."""

    RSA3072 = "rsa3072"
    """RSA with 3,072 bits."""

    RSA4096 = "rsa4096"
    """RSA with 4,096 bits: a signature takes fifty times as long as with P-256."""

    ED25519 = "ed25519"
    """Ed25519 (RFC 8410), which many clients lack."""

    MLDSA44 = "mldsa44"
    """ML-DSA-44 (FIPS 204, RFC 9881), which most clients lack."""

    MLDSA65 = "mldsa65"
    """ML-DSA-65."""

    MLDSA87 = "mldsa87"
    """ML-DSA-87."""


_RSA_BITS = {
    NewKeyKind.RSA2048: 2048,
    NewKeyKind.RSA3072: 3072,
    NewKeyKind.RSA4096: 4096,
}

_CURVES = {"secp256r1": NewKeyKind.P256, "secp384r1": NewKeyKind.P384}

_ML_DSA = {
    NewKeyKind.MLDSA44: KeyKind.ML_DSA_44,
    NewKeyKind.MLDSA65: KeyKind.ML_DSA_65,
    NewKeyKind.MLDSA87: KeyKind.ML_DSA_87,
}


def new_key(kind: NewKeyKind) -> CertificateIssuerPrivateKeyTypes:
    """
    Return a new key in memory.

    Raises:
        ConfigError: If the release of ``cryptography`` does not have this kind.
    """
    if kind is NewKeyKind.P256:
        return ec.generate_private_key(ec.SECP256R1())
    if kind is NewKeyKind.P384:
        return ec.generate_private_key(ec.SECP384R1())
    if kind in _RSA_BITS:
        return rsa.generate_private_key(65537, _RSA_BITS[kind])
    if kind is NewKeyKind.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return _new_ml_dsa_key(_ML_DSA[kind])


def _new_ml_dsa_key(kind: KeyKind) -> CertificateIssuerPrivateKeyTypes:
    for implementation, known in ml_dsa.PRIVATE_KEYS.items():
        if known is kind:
            try:
                # The class is missing in old releases, so its type is not known here.
                key: CertificateIssuerPrivateKeyTypes = implementation.generate()  # type: ignore[attr-defined]
            except UnsupportedAlgorithm:
                break
            return key
    raise ConfigError("kind", ml_dsa.MISSING)


def kind_of_key(key: CertificateIssuerPrivateKeyTypes) -> NewKeyKind | None:
    """Return the kind of *key*, or ``None`` if new keys of its kind are not made."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES.get(key.curve.name)
    if isinstance(key, rsa.RSAPrivateKey):
        sizes = {bits: kind for kind, bits in _RSA_BITS.items()}
        return sizes.get(key.key_size)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return NewKeyKind.ED25519
    for implementation, known in ml_dsa.PRIVATE_KEYS.items():
        if isinstance(key, implementation):
            return {each: kind for kind, each in _ML_DSA.items()}[known]
    return None
