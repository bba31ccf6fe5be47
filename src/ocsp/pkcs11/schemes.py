"""
Signature schemes for keys in a token: RSA with either padding, and ECDSA.

The tables contain no SHA-1 and no MD5 (RFC 6960 §5.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ocsp.asn1.algorithms import (
    PSSParameters,
    encode_algorithm,
    encode_pss,
    usual_parameters,
)
from ocsp.asn1.signature_algorithms import KeyKind, algorithm_for
from ocsp.errors import ConfigError
from ocsp.pkcs11.settings import Pin, RSAPadding, check_type
from ocsp.pkcs11.token import Key
from ocsp.signing.signatures import is_only_for_pss, public_key_of

__all__ = ["Scheme", "choose_scheme", "scheme_for_key"]


@dataclass(frozen=True, slots=True)
class _RSA:
    """RSASSA-PKCS1-v1_5 or RSASSA-PSS. The token computes the hash."""

    public_key: rsa.RSAPublicKey
    algorithm: hashes.HashAlgorithm
    padding: RSAPadding

    key_type: ClassVar = "RSA"

    @property
    def setting(self) -> str:
        return "rsa_padding" if self.padding is RSAPadding.PSS else "algorithm"

    @property
    def identifier(self) -> bytes:
        if self.padding is RSAPadding.PSS:
            return encode_pss(
                PSSParameters(
                    self.algorithm, self.algorithm, self.algorithm.digest_size
                )
            )
        return _identifier(KeyKind.RSA, self.algorithm)

    def sign(self, key: Key, data: bytes, pin: Pin) -> bytes:
        import pkcs11

        name = self.algorithm.name.upper()
        if self.padding is RSAPadding.PKCS1V15:
            return key.sign(data, pkcs11.Mechanism[f"{name}_RSA_PKCS"], None, pin)
        salt = self.algorithm.digest_size
        parameters = (pkcs11.Mechanism[name], pkcs11.MGF[name], salt)
        mechanism = pkcs11.Mechanism[f"{name}_RSA_PKCS_PSS"]
        return key.sign(data, mechanism, parameters, pin)

    def verify(self, signature: bytes, data: bytes) -> None:
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if self.padding is RSAPadding.PSS:
            mask = padding.MGF1(self.algorithm)
            scheme = padding.PSS(mask, self.algorithm.digest_size)
        self.public_key.verify(signature, data, scheme, self.algorithm)


@dataclass(frozen=True, slots=True)
class _ECDSA:
    """
    ECDSA. This class computes the hash.

    Every token signs digests (``CKM_ECDSA``); few compute the hash of the data.
    """

    public_key: ec.EllipticCurvePublicKey
    algorithm: hashes.HashAlgorithm

    key_type: ClassVar = "EC"
    setting: ClassVar = "algorithm"

    @property
    def identifier(self) -> bytes:
        return _identifier(KeyKind.EC, self.algorithm)

    def sign(self, key: Key, data: bytes, pin: Pin) -> bytes:
        import pkcs11

        digest = hashes.Hash(self.algorithm)
        digest.update(data)
        # FIPS 186-5 §6.4.1: use the leftmost bits, as many as the order of the curve
        # has. Some tokens truncate a longer digest, others refuse it.
        octets = digest.finalize()[: (self.public_key.key_size + 7) // 8]
        raw = key.sign(octets, pkcs11.Mechanism.ECDSA, None, pin)
        half = len(raw) // 2
        r, s = int.from_bytes(raw[:half]), int.from_bytes(raw[half:])
        return encode_dss_signature(r, s)

    def verify(self, signature: bytes, data: bytes) -> None:
        self.public_key.verify(signature, data, ec.ECDSA(self.algorithm))


Scheme = _RSA | _ECDSA

_HASHES: dict[str, hashes.HashAlgorithm] = {
    algorithm.name: algorithm
    for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}
_CURVES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
"""The supported curves and the default hash of each."""


def _identifier(kind: KeyKind, algorithm: hashes.HashAlgorithm) -> bytes:
    oid = algorithm_for(kind, algorithm.name).oid
    return encode_algorithm(oid, usual_parameters(oid))


def choose_scheme(
    certificate: x509.Certificate,
    algorithm: hashes.HashAlgorithm | None,
    rsa_padding: RSAPadding,
) -> Scheme:
    """Return the signature scheme for the key of *certificate*."""
    check_type("certificate", certificate, x509.Certificate)
    check_type("algorithm", algorithm, hashes.HashAlgorithm, NoneType)
    check_type("rsa_padding", rsa_padding, RSAPadding)
    if is_only_for_pss(certificate) and rsa_padding is not RSAPadding.PSS:
        raise ConfigError("rsa_padding", "must be PSS: the certificate allows no other")
    return scheme_for_key(public_key_of(certificate), algorithm, rsa_padding)


def scheme_for_key(
    public_key: CertificatePublicKeyTypes,
    algorithm: hashes.HashAlgorithm | None,
    rsa_padding: RSAPadding,
) -> Scheme:
    """Return the signature scheme for *public_key*."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return _RSA(
            public_key, _require_supported(algorithm or hashes.SHA256()), rsa_padding
        )
    if rsa_padding is RSAPadding.PSS:
        raise ConfigError("rsa_padding", "PSS needs an RSA key, and this key is not")
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        default = _CURVES.get(public_key.curve.name)
        if default is not None:
            return _ECDSA(public_key, _require_supported(algorithm or default))
    reason = "its key must be RSA, or ECDSA on P-256, P-384 or P-521"
    raise ConfigError("certificate", reason)


def _require_supported(algorithm: hashes.HashAlgorithm) -> hashes.HashAlgorithm:
    if algorithm.name not in _HASHES:
        reason = f"{algorithm.name} is not one of {', '.join(_HASHES)}"
        raise ConfigError("algorithm", reason)
    return _HASHES[algorithm.name]
