"""
Signers: what signs, with which algorithm, under which certificate.

Rules of this file: a builder asks for no more than :class:`Signer`, so that a key in an
HSM signs as well as one in memory. Weak hashes are never produced: SHA-1 and MD5 have
no entry in the tables (RFC 6960 §5.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, final

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


_RSA = {
    "sha224": "1.2.840.113549.1.1.14",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
    "sha3-224": "2.16.840.1.101.3.4.3.13",
    "sha3-256": "2.16.840.1.101.3.4.3.14",
    "sha3-384": "2.16.840.1.101.3.4.3.15",
    "sha3-512": "2.16.840.1.101.3.4.3.16",
}
_ECDSA = {
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
    "sha3-224": "2.16.840.1.101.3.4.3.9",
    "sha3-256": "2.16.840.1.101.3.4.3.10",
    "sha3-384": "2.16.840.1.101.3.4.3.11",
    "sha3-512": "2.16.840.1.101.3.4.3.12",
}
_DSA = {
    "sha224": "2.16.840.1.101.3.4.3.1",
    "sha256": "2.16.840.1.101.3.4.3.2",
    "sha384": "2.16.840.1.101.3.4.3.3",
    "sha512": "2.16.840.1.101.3.4.3.4",
}
_HASHLESS: dict[type, tuple[str, str]] = {
    ed25519.Ed25519PrivateKey: ("1.3.101.112", "ed25519 or ed448"),
    ed448.Ed448PrivateKey: ("1.3.101.113", "ed25519 or ed448"),
    mldsa.MLDSA44PrivateKey: ("2.16.840.1.101.3.4.3.17", "ML-DSA"),
    mldsa.MLDSA65PrivateKey: ("2.16.840.1.101.3.4.3.18", "ML-DSA"),
    mldsa.MLDSA87PrivateKey: ("2.16.840.1.101.3.4.3.19", "ML-DSA"),
}
_KEY_TYPES = (
    ec.EllipticCurvePrivateKey,
    rsa.RSAPrivateKey,
    dsa.DSAPrivateKey,
    *_HASHLESS,
)


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
    kind = _key_type(type(private_key))
    if algorithm is not None and not isinstance(algorithm, hashes.HashAlgorithm):
        raise TypeError("Algorithm must be a registered hash algorithm.")
    if algorithm is not None and algorithm.name not in _ECDSA:
        raise UnsupportedAlgorithm(
            f"Hash algorithm {algorithm.name!r} not supported for signatures"
        )
    if kind in _HASHLESS:
        dotted, scheme = _HASHLESS[kind]
        if algorithm is not None:
            raise BuildError(f"Algorithm must be None when signing via {scheme}")
        return _identifier(dotted), private_key.sign  # type: ignore[return-value]
    if algorithm is None:
        raise TypeError("Algorithm must be a registered hash algorithm, not None.")
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return _ecdsa(private_key, algorithm)
    if isinstance(private_key, rsa.RSAPrivateKey):
        return _rsa(private_key, algorithm)
    return _dsa(private_key, algorithm)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def _key_type(implementation: type) -> type:
    """Return which kind of key a class implements."""
    for kind in _KEY_TYPES:
        if issubclass(implementation, kind):
            return kind
    raise TypeError(
        "Key must be an rsa, dsa, ec, ed25519, ed448, ml-dsa-44, ml-dsa-65 or "
        "ml-dsa-87 private key."
    )


@lru_cache(maxsize=64)
def _identifier(dotted: str, parameters: bytes = b"") -> bytes:
    return encode_algorithm(dotted, parameters)


def _ecdsa(
    key: ec.EllipticCurvePrivateKey, algorithm: hashes.HashAlgorithm
) -> tuple[bytes, Sign]:
    scheme = ec.ECDSA(algorithm)
    return _identifier(_ECDSA[algorithm.name]), lambda data: key.sign(data, scheme)


def _rsa(key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm) -> tuple[bytes, Sign]:
    scheme = padding.PKCS1v15()
    identifier = _identifier(_RSA[algorithm.name], NULL_DER)
    return identifier, lambda data: key.sign(data, scheme, algorithm)


def _dsa(key: dsa.DSAPrivateKey, algorithm: hashes.HashAlgorithm) -> tuple[bytes, Sign]:
    if algorithm.name not in _DSA:
        raise UnsupportedAlgorithm("SHA3 hashes are not supported with DSA keys")
    return _identifier(_DSA[algorithm.name]), lambda data: key.sign(data, algorithm)
