"""
Signers: what signs, with which algorithm, under which certificate.

Rules of this file: a builder asks for no more than :class:`Signer`, so that a key in an
HSM signs as well as one in memory. Weak hashes are never produced: SHA-1 and MD5 have
no entry in the tables (RFC 6960 §5.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    mldsa,
    padding,
    rsa,
)
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp._der import NULL_DER
from ocsp.algorithms import encode_algorithm
from ocsp.errors import BuildError

__all__ = ["KeySigner", "Signer", "matches_certificate", "signature_scheme"]

Sign = Callable[[bytes], bytes]
Scheme = Callable[[Any, hashes.HashAlgorithm | None], tuple[bytes, Sign]]


class Signer(Protocol):
    """
    Whoever signs a response: a key in memory, in an HSM or at a service.

    Implementations are trusted: a response is only as good as its signer.
    """

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        ...

    @property
    def algorithm_identifier(self) -> bytes:
        """The DER of the AlgorithmIdentifier of the signatures."""
        ...

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, encoded as X.509 has it.

        Raises:
            SignerUnavailable: If the key cannot be used now.
        """
        ...


@final
class KeySigner:
    """A :class:`Signer` on a private key of ``cryptography``."""

    __slots__ = ("_algorithm_identifier", "_certificate", "_sign")

    def __init__(
        self,
        private_key: CertificateIssuerPrivateKeyTypes,
        certificate: x509.Certificate,
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> None:
        """
        Tie a key to its certificate.

        Args:
            private_key: An RSA, DSA, EC, Ed25519, Ed448 or ML-DSA key.

            certificate: The certificate of that key. Neither its validity nor its
                authority to sign responses is checked here.

            algorithm: The hash to sign with. Without one: the hash that fits the
                curve, SHA-256 for RSA and DSA, none where the scheme has its own.

        Raises:
            BuildError: If key and certificate do not belong together.
            TypeError: If the key is of another type.
            UnsupportedAlgorithm: If the hash is not one to sign with.
        """
        if algorithm is None:
            algorithm = _fitting_hash(private_key)
        self._algorithm_identifier, self._sign = signature_scheme(
            private_key, algorithm
        )
        self._certificate = certificate
        if not matches_certificate(private_key, certificate):
            raise BuildError(
                "Certificate public key and provided private key do not match"
            )

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        return self._certificate

    @property
    def algorithm_identifier(self) -> bytes:
        """The DER of the AlgorithmIdentifier of the signatures."""
        return self._algorithm_identifier

    def sign(self, data: bytes) -> bytes:
        """Return the signature over *data*."""
        return self._sign(data)

    def __repr__(self) -> str:
        return f"<KeySigner({self._certificate.subject.rfc4514_string()!r})>"


def matches_certificate(
    private_key: CertificateIssuerPrivateKeyTypes, certificate: x509.Certificate
) -> bool:
    """Tell whether *certificate* has the public key of *private_key*."""
    return bool(certificate.public_key() == private_key.public_key())


def _fitting_hash(
    private_key: CertificateIssuerPrivateKeyTypes,
) -> hashes.HashAlgorithm | None:
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        if private_key.key_size > 384:
            return hashes.SHA512()
        return hashes.SHA384() if private_key.key_size > 256 else hashes.SHA256()
    if isinstance(private_key, (rsa.RSAPrivateKey, dsa.DSAPrivateKey)):
        return hashes.SHA256()
    return None


_SHA2 = ("sha224", "sha256", "sha384", "sha512")
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")
_NIST = "2.16.840.1.101.3.4.3"


def _identifiers(
    names: tuple[str, ...], prefix: str, first: int, parameters: bytes = b""
) -> dict[str, bytes]:
    """Return the identifiers of a family whose last arcs count up from *first*."""
    return {
        name: encode_algorithm(f"{prefix}.{first + step}", parameters)
        for step, name in enumerate(names)
    }


_RSA = {
    **_identifiers(_SHA2[1:], "1.2.840.113549.1.1", 11, NULL_DER),
    **_identifiers(_SHA2[:1], "1.2.840.113549.1.1", 14, NULL_DER),
    **_identifiers(_SHA3, _NIST, 13, NULL_DER),
}
_ECDSA = {
    **_identifiers(_SHA2, "1.2.840.10045.4.3", 1),
    **_identifiers(_SHA3, _NIST, 9),
}
_DSA = _identifiers(_SHA2, _NIST, 1)
_ECDSA_SCHEMES = {
    algorithm.name: ec.ECDSA(algorithm)
    for algorithm in (
        hashes.SHA224(),
        hashes.SHA256(),
        hashes.SHA384(),
        hashes.SHA512(),
        hashes.SHA3_224(),
        hashes.SHA3_256(),
        hashes.SHA3_384(),
        hashes.SHA3_512(),
    )
}


def signature_scheme(
    private_key: CertificateIssuerPrivateKeyTypes,
    algorithm: hashes.HashAlgorithm | None,
) -> tuple[bytes, Sign]:
    """
    Return how *private_key* signs with *algorithm*.

    Returns:
        The DER of the AlgorithmIdentifier, and the function that signs.

    Raises:
        TypeError: If the key is of a type that signs no certificates, *algorithm* is
            no hash, or the scheme needs a hash and there is none.
        BuildError: If there is a hash and the scheme has its own.
        UnsupportedAlgorithm: If the hash is not one to sign with.
    """
    scheme = _SCHEMES[_key_type(type(private_key))]
    if algorithm is None:
        return scheme(private_key, None)
    if not isinstance(algorithm, hashes.HashAlgorithm):
        raise TypeError("Algorithm must be a registered hash algorithm.")
    if algorithm.name not in _ECDSA:
        raise UnsupportedAlgorithm(
            f"Hash algorithm {algorithm.name!r} not supported for signatures"
        )
    return scheme(private_key, algorithm)


def _ecdsa(
    key: ec.EllipticCurvePrivateKey, algorithm: hashes.HashAlgorithm | None
) -> tuple[bytes, Sign]:
    name = _required(algorithm).name
    scheme = _ECDSA_SCHEMES[name]
    return _ECDSA[name], lambda data: key.sign(data, scheme)


def _rsa(
    key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm | None
) -> tuple[bytes, Sign]:
    hash_algorithm = _required(algorithm)
    scheme = padding.PKCS1v15()
    return _RSA[hash_algorithm.name], lambda data: key.sign(
        data, scheme, hash_algorithm
    )


def _dsa(
    key: dsa.DSAPrivateKey, algorithm: hashes.HashAlgorithm | None
) -> tuple[bytes, Sign]:
    hash_algorithm = _required(algorithm)
    if hash_algorithm.name not in _DSA:
        raise UnsupportedAlgorithm("SHA3 hashes are not supported with DSA keys")
    return _DSA[hash_algorithm.name], lambda data: key.sign(data, hash_algorithm)


def _required(algorithm: hashes.HashAlgorithm | None) -> hashes.HashAlgorithm:
    if algorithm is None:
        raise TypeError("Algorithm must be a registered hash algorithm, not None.")
    return algorithm


def _hashless(dotted: str, name: str) -> Scheme:
    """Return the scheme of a key that has its own hash."""
    identifier = encode_algorithm(dotted)

    def scheme(key: Any, algorithm: hashes.HashAlgorithm | None) -> tuple[bytes, Sign]:
        if algorithm is not None:
            raise BuildError(f"Algorithm must be None when signing via {name}")
        return identifier, key.sign

    return scheme


_SCHEMES: dict[type, Scheme] = {
    ec.EllipticCurvePrivateKey: _ecdsa,
    rsa.RSAPrivateKey: _rsa,
    dsa.DSAPrivateKey: _dsa,
    ed25519.Ed25519PrivateKey: _hashless("1.3.101.112", "ed25519"),
    ed448.Ed448PrivateKey: _hashless("1.3.101.113", "ed448"),
    mldsa.MLDSA44PrivateKey: _hashless("2.16.840.1.101.3.4.3.17", "ml-dsa-44"),
    mldsa.MLDSA65PrivateKey: _hashless("2.16.840.1.101.3.4.3.18", "ml-dsa-65"),
    mldsa.MLDSA87PrivateKey: _hashless("2.16.840.1.101.3.4.3.19", "ml-dsa-87"),
}


@lru_cache(maxsize=64)
def _key_type(implementation: type) -> type:
    """Return which kind of key a class implements."""
    for kind in _SCHEMES:
        if issubclass(implementation, kind):
            return kind
    raise TypeError(
        "Key must be an rsa, dsa, ec, ed25519, ed448, ml-dsa-44, ml-dsa-65 or "
        "ml-dsa-87 private key."
    )
