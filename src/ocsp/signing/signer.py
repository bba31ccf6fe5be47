"""
Signers: objects that make signatures with one key, algorithm and certificate.

Builders need the protocol :class:`Signer` only, so a key in an HSM can sign as well as
a key in memory. No signature with a weak hash can be made: the tables of this module
contain neither SHA-1 nor MD5 (RFC 6960 §5.1.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, NoReturn, Protocol, cast, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
    utils,
)
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp.asn1.algorithms import (
    PSSParameters,
    encode_algorithm,
    encode_pss,
    usual_parameters,
)
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.certificates import certificate_size
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.asn1.signature_algorithms import KeyKind, algorithm_for
from ocsp.errors import BuildError
from ocsp.signing import ml_dsa
from ocsp.signing.signatures import is_only_for_pss, public_key_of

__all__ = [
    "KeySigner",
    "RSAPadding",
    "SignatureScheme",
    "Signer",
    "fitting_hash",
    "is_local",
    "matches_certificate",
    "rate_of",
    "signature_scheme",
]


RSAPadding = padding.PKCS1v15 | padding.PSS


class Signer(Protocol):
    """
    Signs requests and responses with a key in memory, in an HSM or at a service.

    The library does not verify the signatures that a signer returns. A signer that
    never waits for a device or a service has an attribute ``local``, which is true. One
    that may only make some signatures a second has that number as its ``rate``.
    """

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        ...

    @property
    def algorithm_identifier(self) -> bytes:
        """The DER of the AlgorithmIdentifier of its signatures."""
        ...

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, in the encoding of X.509.

        Raises:
            SignerUnavailable: If the key cannot be used now.
        """
        ...


@final
class KeySigner:
    """A :class:`Signer` with a private key of ``cryptography``."""

    __slots__ = ("_certificate", "_identifier", "_private_key", "_sign")

    def __init__(
        self,
        private_key: CertificateIssuerPrivateKeyTypes,
        certificate: x509.Certificate,
        algorithm: hashes.HashAlgorithm | None = None,
        *,
        rsa_padding: RSAPadding | None = None,
    ) -> None:
        """
        Make a signer from a key and its certificate.

        Args:
            private_key: An RSA, DSA, EC, Ed25519, Ed448 or ML-DSA key.

            certificate: The certificate of the key. Its validity and its authority to
                sign responses are not checked.

            algorithm: The hash. By default the hash that fits the curve of an EC key,
                SHA-256 for RSA and DSA, and none for Ed25519, Ed448 and ML-DSA.

            rsa_padding: ``padding.PSS`` for PSS signatures with an RSA key; PKCS #1
                v1.5 by default.

        Raises:
            BuildError: If the certificate is for another key, or allows only PSS (RFC
                4055 §1.2) and *rsa_padding* is not PSS.
            TypeError: If the key is of another type.
            UnsupportedAlgorithm: If the hash is not supported for signatures.
        """
        if algorithm is None:
            algorithm = fitting_hash(private_key)
        scheme = signature_scheme(private_key, algorithm, rsa_padding)
        self._identifier, self._sign = scheme
        self._private_key = private_key
        self._certificate = certificate
        if not matches_certificate(private_key, certificate):
            raise BuildError(
                "Certificate public key and provided private key do not match"
            )
        if is_only_for_pss(certificate) and not isinstance(rsa_padding, padding.PSS):
            raise BuildError("the certificate allows only PSS: give padding.PSS")

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        return self._certificate

    @property
    def algorithm_identifier(self) -> bytes:
        """The DER of the AlgorithmIdentifier of its signatures."""
        return self._identifier

    @property
    def local(self) -> bool:
        """Whether an event loop may call :meth:`sign`: it takes less than 1 ms."""
        key = self._private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.key_size <= _FAST_RSA_BITS
        return isinstance(key, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey))

    def sign(self, data: bytes) -> bytes:
        """Return the signature over *data*."""
        return self._sign(self._private_key, data)

    def __repr__(self) -> str:
        return f"<KeySigner({text(name_of_subject(self._certificate))})>"

    def __copy__(self) -> KeySigner:
        return self

    def __deepcopy__(self, memo: object) -> KeySigner:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KeySigner cannot be pickled: it holds a private key")


def is_local(signer: Signer) -> bool:
    """Return whether *signer* never waits, so that an event loop may call it."""
    return bool(getattr(signer, "local", False))


def rate_of(signer: Signer) -> float | None:
    """Return how many signatures a second *signer* may make; ``None``: any number."""
    rate: float | None = getattr(signer, "rate", None)
    return rate


_FAST_RSA_BITS = 2048
"""A signature with a key of 2048 bits takes about 0.6 ms; with 3072 bits, 1.6 ms."""

_pairs: BoundedCache[tuple[int, int], tuple[object, x509.Certificate, bool]] = (
    BoundedCache("MAX_CACHED_PAIR_BYTES")
)


def matches_certificate(
    private_key: CertificateIssuerPrivateKeyTypes, certificate: x509.Certificate
) -> bool:
    """Return whether *certificate* has the public key of *private_key*; cached."""
    pair = id(private_key), id(certificate)
    known = _pairs[pair]
    if known is not None:
        return known[2]
    matches = bool(public_key_of(certificate) == private_key.public_key())
    found = private_key, certificate, matches
    return _pairs.keep(pair, found, certificate_size(certificate))[2]


def fitting_hash(
    private_key: CertificateIssuerPrivateKeyTypes,
) -> hashes.HashAlgorithm | None:
    """Return the default hash for *private_key*, or ``None`` if it needs no hash."""
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        if private_key.key_size > 384:
            return hashes.SHA512()
        return hashes.SHA384() if private_key.key_size > 256 else hashes.SHA256()
    if isinstance(private_key, (rsa.RSAPrivateKey, dsa.DSAPrivateKey)):
        return hashes.SHA256()
    return None


_HASHES = {
    algorithm.name: algorithm
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
_KEY_KINDS: dict[type, KeyKind] = {
    ec.EllipticCurvePrivateKey: KeyKind.EC,
    rsa.RSAPrivateKey: KeyKind.RSA,
    dsa.DSAPrivateKey: KeyKind.DSA,
    ed25519.Ed25519PrivateKey: KeyKind.ED25519,
    ed448.Ed448PrivateKey: KeyKind.ED448,
    **ml_dsa.PRIVATE_KEYS,
}

_WITH_SEPARATE_HASH = frozenset({KeyKind.EC, KeyKind.RSA, KeyKind.DSA})


Signing = Callable[[CertificateIssuerPrivateKeyTypes, bytes], bytes]


class SignatureScheme(NamedTuple):
    """
    How to sign with one kind of key and one hash.

    Attributes:
        identifier: The DER of the AlgorithmIdentifier.

        sign: A function of a key and data that returns the signature.
    """

    identifier: bytes
    sign: Signing


def signature_scheme(
    private_key: CertificateIssuerPrivateKeyTypes,
    algorithm: hashes.HashAlgorithm | None,
    rsa_padding: RSAPadding | None = None,
) -> SignatureScheme:
    """
    Return how to sign with *private_key* and *algorithm*.

    Args:
        private_key: The key.

        algorithm: The hash; ``None`` for Ed25519, Ed448 and ML-DSA.

        rsa_padding: For an RSA key: PKCS #1 v1.5, which is also the default, or PSS
            with a given salt length, ``DIGEST_LENGTH`` or ``MAX_LENGTH``.

    Raises:
        TypeError: If the key is not of a type that signs certificates, *algorithm* is
            not a hash, or the key needs a hash and none is given.
        BuildError: If a hash is given for a key that needs none, or the salt length is
            not possible.
        UnsupportedAlgorithm: If the hash is not supported for signatures.
    """
    hash_type: type = type(algorithm)
    scheme = _scheme_of(type(private_key), hash_type)
    if rsa_padding is None:
        return scheme
    return _padded(private_key, scheme, algorithm, rsa_padding)


def _padded(
    private_key: CertificateIssuerPrivateKeyTypes,
    scheme: SignatureScheme,
    algorithm: hashes.HashAlgorithm | None,
    rsa_padding: RSAPadding,
) -> SignatureScheme:
    if not isinstance(rsa_padding, (padding.PKCS1v15, padding.PSS)):
        raise TypeError("Padding must be PSS or PKCS1v15")
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError("Padding is only supported with RSA keys")
    if isinstance(rsa_padding, padding.PKCS1v15):
        return scheme
    # A scheme for RSA always has a hash. ``padding.MGF1`` has no public attribute for
    # its hash.
    known = _HASHES[cast("hashes.HashAlgorithm", algorithm).name]
    mask_hash = rsa_padding.mgf._algorithm
    if mask_hash.name not in _HASHES:
        raise UnsupportedAlgorithm(
            f"Hash algorithm {mask_hash.name!r} not supported for signatures"
        )
    salt = _salt_length(rsa_padding, private_key, known)
    identifier = encode_pss(PSSParameters(known, mask_hash, salt))
    exact = padding.PSS(padding.MGF1(mask_hash), salt)
    return SignatureScheme(identifier, _signing(exact, known))


def _salt_length(
    pss: padding.PSS, private_key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm
) -> int:
    """Return the number of octets of the salt, which the AlgorithmIdentifier states."""
    wanted = pss._salt_length
    if wanted is padding.PSS.DIGEST_LENGTH:
        return algorithm.digest_size
    longest = padding.calculate_max_pss_salt_length(private_key, algorithm)
    if wanted is padding.PSS.MAX_LENGTH:
        return longest
    if not isinstance(wanted, int):
        raise BuildError("the salt length AUTO can only verify: give a number")
    if wanted > longest:
        raise BuildError(
            f"a salt of {wanted} octets is too long: at most {longest} for this key"
        )
    return wanted


@lru_cache(maxsize=64)
def _scheme_of(key_type: type, hash_type: type) -> SignatureScheme:
    """Return the scheme for a class of keys and a class of hashes; cached."""
    kind = _kind(key_type)
    if hash_type is type(None):
        return _scheme(kind, None)
    if not issubclass(hash_type, hashes.HashAlgorithm):
        raise TypeError("Algorithm must be a registered hash algorithm.")
    return _scheme(kind, str(hash_type.name))


def _kind(implementation: type) -> KeyKind:
    """Return the kind of key that a class of private keys implements."""
    for abstract, kind in _KEY_KINDS.items():
        if issubclass(implementation, abstract):
            return kind
    raise TypeError(
        "Key must be an rsa, dsa, ec, ed25519, ed448, ml-dsa-44, ml-dsa-65 or "
        "ml-dsa-87 private key."
    )


def _scheme(kind: KeyKind, name: str | None) -> SignatureScheme:
    if name is not None and name not in _HASHES:
        raise UnsupportedAlgorithm(
            f"Hash algorithm {name!r} not supported for signatures"
        )
    if kind not in _WITH_SEPARATE_HASH and name is not None:
        raise BuildError("Algorithm must be None for this kind of key")
    if kind in _WITH_SEPARATE_HASH and name is None:
        raise TypeError("Algorithm must be a registered hash algorithm, not None.")
    if kind is KeyKind.DSA and str(name).startswith("sha3-"):
        raise UnsupportedAlgorithm("SHA3 hashes are not supported with DSA keys")
    oid = algorithm_for(kind, name).oid
    identifier = encode_algorithm(oid, usual_parameters(oid))
    if name is None:
        return SignatureScheme(identifier, _signing())
    algorithm = _HASHES[name]
    if kind is KeyKind.EC:
        return SignatureScheme(identifier, _signing_digest(algorithm))
    if kind is KeyKind.RSA:
        return SignatureScheme(identifier, _signing(padding.PKCS1v15(), algorithm))
    return SignatureScheme(identifier, _signing(algorithm))


def _signing(*arguments: object) -> Signing:
    """Return a function that signs; the key's ``sign`` gets *arguments* as well."""

    def sign(private_key: CertificateIssuerPrivateKeyTypes, data: bytes) -> bytes:
        # The ``sign`` methods of the kinds of key differ in their arguments.
        signature: bytes = private_key.sign(data, *arguments)  # type: ignore[arg-type]
        return signature

    return sign


def _ecdsa(algorithm: utils.Prehashed) -> ec.ECDSA:
    """
    Return ECDSA that makes the same signature of the same data (RFC 6979).

    Two processes that sign an answer in the same second then make the same octets, for
    which caches have one entry. Releases of OpenSSL before 3.2 cannot do that.
    """
    try:
        return ec.ECDSA(algorithm, deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ec.ECDSA(algorithm)


def _signing_digest(algorithm: hashes.HashAlgorithm) -> Signing:
    """Return the same for ECDSA, with the hash from hashlib, which is faster."""
    digest = getattr(hashlib, algorithm.name.replace("-", "_"))
    scheme = _ecdsa(utils.Prehashed(algorithm))

    def sign(private_key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
        return private_key.sign(digest(data).digest(), scheme)

    return sign  # type: ignore[return-value]  # callers pass EC keys only
