"""
Verifying a signature: checking that a key made it over some data.

RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410, RFC 9881.

The AlgorithmIdentifier selects the scheme, and the key must be of the kind that the
scheme requires. Signatures with a weak hash are rejected (RFC 6960 §5.1.1). This module
does not check whether the owner of the key may sign the data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, cast, final

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
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier, pss_parameters, signature_hash
from ocsp.asn1.bounded_cache import cached_by_octets
from ocsp.asn1.signature_algorithms import (
    SIGNATURE_ALGORITHMS,
    KeyKind,
    SignatureParameters,
)
from ocsp.errors import SchemaError, SignatureInvalid
from ocsp.guarded.keys import has_signed, public_key
from ocsp.later import x509
from ocsp.signing import ml_dsa

__all__ = [
    "SignatureCheck",
    "check_signature",
    "check_signature_of",
    "cost_problem",
    "is_only_for_pss",
    "public_key_of",
    "signature_parameters",
    "weak_hash",
]

_KEY_CLASSES: dict[KeyKind, type] = {
    KeyKind.RSA: rsa.RSAPublicKey,
    KeyKind.EC: ec.EllipticCurvePublicKey,
    KeyKind.DSA: dsa.DSAPublicKey,
    KeyKind.ED25519: ed25519.Ed25519PublicKey,
    KeyKind.ED448: ed448.Ed448PublicKey,
    **ml_dsa.PUBLIC_KEYS,
}

_ALGORITHMS = {each.oid: each for each in SIGNATURE_ALGORITHMS}


class _Scheme(NamedTuple):
    """
    How to verify signatures of one algorithm.

    Attributes:
        kind: The kind of key.

        arguments: The arguments of the key's ``verify`` after signature and data.

        weak: The name of a hash that is too weak (RFC 6960 §5.1.1), or empty.

        hash: The hash; ``None`` for a scheme without a separate hash.

        for_hashed: The arguments for data that is hashed already.
    """

    kind: type
    arguments: tuple[object, ...]
    weak: str
    hash: hashes.HashAlgorithm | None = None
    for_hashed: tuple[object, ...] = ()


_DIGESTS: dict[str, Callable[[bytes | memoryview], hashlib._Hash]] = {
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""The usual hashes from hashlib, which is faster."""


@cached_by_octets(factor=1)
def _scheme(identifier: bytes) -> _Scheme:
    """
    Return how to verify signatures with this AlgorithmIdentifier; cached.

    Raises:
        UnsupportedAlgorithm: If the algorithm is not known.
    """
    dotted = algorithm_identifier(identifier).oid
    known = _ALGORITHMS.get(dotted)
    kind = None if known is None else _KEY_CLASSES.get(known.key)
    if known is None or kind is None:
        if known is not None and known.key in ml_dsa.KINDS:
            raise UnsupportedAlgorithm(ml_dsa.MISSING)
        raise UnsupportedAlgorithm(f"Signature algorithm OID: {dotted} not recognized")
    algorithm = known.hash or signature_hash(identifier)
    if algorithm is None:
        return _Scheme(kind, (), "")
    padded: tuple[object, ...] = ()
    weak = _weak(algorithm)
    if dotted == oids.RSASSA_PSS:
        _, mask_hash, salt_length = pss_parameters(identifier)
        padded = (padding.PSS(padding.MGF1(mask_hash), salt_length),)
        weak = weak or _weak(mask_hash)
    elif kind is rsa.RSAPublicKey:
        padded = (padding.PKCS1v15(),)
    whole, hashed = algorithm, utils.Prehashed(algorithm)
    if kind is ec.EllipticCurvePublicKey:
        return _Scheme(kind, (ec.ECDSA(whole),), weak, algorithm, (ec.ECDSA(hashed),))
    return _Scheme(kind, (*padded, whole), weak, algorithm, (*padded, hashed))


def _weak(algorithm: hashes.HashAlgorithm) -> str:
    weak = isinstance(algorithm, (hashes.SHA1, hashes.MD5))
    return algorithm.name if weak else ""


def weak_hash(identifier: bytes) -> str:
    """
    Return the name of the hash of the AlgorithmIdentifier if it is weak, or ``""``.

    Raises:
        UnsupportedAlgorithm: If the algorithm is not known.
    """
    return _scheme(identifier).weak


def signature_parameters(identifier: bytes) -> SignatureParameters:
    """
    Return the parameters for a key's ``verify`` for the AlgorithmIdentifier.

    Raises:
        UnsupportedAlgorithm: If the algorithm is not known.
    """
    first = next(iter(_scheme(identifier).arguments), None)
    # For a DSA key the first argument is the hash, which is not returned.
    known = isinstance(first, (padding.PSS, padding.PKCS1v15, ec.ECDSA))
    return cast("SignatureParameters", first) if known else None


def cost_problem(key: CertificatePublicKeyTypes | None) -> str:
    """Describe why checking a signature of *key* would be slow, or return ``""``."""
    if isinstance(key, rsa.RSAPublicKey):
        bits, most = key.public_numbers().e.bit_length(), limits.MAX_EXPONENT_BITS
        if bits > most:
            return f"has a public exponent of {bits} bits; at most {most} are accepted"
        most = limits.MAX_KEY_BITS
    elif isinstance(key, dsa.DSAPublicKey):
        most = limits.MAX_DSA_BITS
    else:
        return ""
    bits = key.key_size
    return f"has {bits} bits; at most {most} are accepted" if bits > most else ""


@final
class SignatureCheck:
    """Checks the signatures of one key with one algorithm, which fit each other."""

    __slots__ = ("_digest", "_key", "_scheme")

    def __init__(
        self,
        key: CertificatePublicKeyTypes | None,
        identifier: bytes,
        *,
        unsafe_sha1: bool = False,
    ) -> None:
        """
        Prepare the check.

        Args:
            key: The public key; ``None`` for a key of an unknown kind.

            identifier: The DER of the AlgorithmIdentifier of the signatures.

            unsafe_sha1: Accept signatures with SHA-1.

        Raises:
            SignatureInvalid: If the algorithm is for another kind of key, or the check
                would be slow (:func:`cost_problem`).
            UnsupportedAlgorithm: If the algorithm is not known, or its hash is weak.
        """
        scheme = _scheme(identifier)
        weak = scheme.weak
        if weak and not (unsafe_sha1 and weak == "sha1"):
            raise UnsupportedAlgorithm(f"{weak} is too weak for signatures")
        if key is None or not isinstance(key, scheme.kind):
            dotted = algorithm_identifier(identifier).oid
            name = "an unknown kind" if key is None else type(key).__name__
            raise SignatureInvalid(f"{dotted} is not for a key of {name}")
        problem = cost_problem(key)
        if problem:
            raise SignatureInvalid(f"the key {problem}")
        self._key: CertificatePublicKeyTypes = key
        self._scheme = scheme
        self._digest = _DIGESTS.get(scheme.hash.name) if scheme.hash else None

    def require(self, signature: bytes, data: bytes | memoryview) -> None:
        """
        Check that the key made *signature* over *data*.

        Args:
            signature: The signature, in the encoding of X.509.

            data: The signed data.

        Raises:
            SignatureInvalid: If it did not.
            UnsupportedAlgorithm: If OpenSSL does not support the hash or the padding.
        """
        scheme = self._scheme
        arguments = scheme.arguments
        if self._digest is not None:
            data, arguments = self._digest(data).digest(), scheme.for_hashed
        elif len(data) > _HASHED_AT_ONCE and scheme.hash is not None:
            data, arguments = _hashed(data, scheme.hash), scheme.for_hashed
        if not has_signed(self._key, signature, data, *arguments):
            raise SignatureInvalid("the signature is not that of the key")


def check_signature(
    key: CertificatePublicKeyTypes | None,
    identifier: bytes,
    signature: bytes,
    data: bytes | memoryview,
    *,
    unsafe_sha1: bool = False,
) -> None:
    """
    Check that *key* made *signature* over *data*.

    The arguments are those of :class:`SignatureCheck`.

    Raises:
        SignatureInvalid: If the key did not make the signature; also as in
            :class:`SignatureCheck`.
        UnsupportedAlgorithm: As in :class:`SignatureCheck`.
    """
    check = SignatureCheck(key, identifier, unsafe_sha1=unsafe_sha1)
    check.require(signature, data)


_HASHED_AT_ONCE = 1 << 20
"""
Octets that ``cryptography`` hashes in one call, which holds the lock of the interpreter
for one or two milliseconds. A CRL may have sixty times as many. hashlib releases it.
"""


def _hashed(data: bytes | memoryview, algorithm: hashes.HashAlgorithm) -> bytes:
    hashed = hashes.Hash(algorithm)
    for start in range(0, len(data), _HASHED_AT_ONCE):
        hashed.update(data[start : start + _HASHED_AT_ONCE])
    return hashed.finalize()


def is_only_for_pss(certificate: x509.Certificate) -> bool:
    """Return whether the key of *certificate* is an RSA key for PSS only (RFC 4055)."""
    return certificate.public_key_algorithm_oid.dotted_string == oids.RSASSA_PSS


def public_key_of(certificate: x509.Certificate) -> CertificatePublicKeyTypes:
    """
    Return the public key of *certificate*.

    Raises:
        SchemaError: If the key cannot be decoded.
        UnsupportedAlgorithm: If the kind of key is not known.
    """
    try:
        return public_key(certificate)
    except UnsupportedAlgorithm as error:
        if certificate.public_key_algorithm_oid.dotted_string in ml_dsa.IDENTIFIERS:
            raise UnsupportedAlgorithm(ml_dsa.MISSING) from error
        raise


def check_signature_of(
    certificate: x509.Certificate, identifier: bytes, signature: bytes, data: bytes
) -> None:
    """
    Check that the key of *certificate* made *signature* over *data*.

    Not checked: the parameters that the certificate may require for PSS, and all other
    fields of the certificate.

    Raises:
        SignatureInvalid: As in :func:`check_signature`; or the key cannot be read, or
            is for PSS only and the signature is not PSS.
        UnsupportedAlgorithm: As in :func:`check_signature`; or the kind of key is not
            known.
    """
    try:
        key = public_key_of(certificate)
    except SchemaError as error:
        raise SignatureInvalid(f"the key cannot be read: {error}") from error
    dotted = algorithm_identifier(identifier).oid
    if is_only_for_pss(certificate) and dotted != oids.RSASSA_PSS:
        raise SignatureInvalid(f"{dotted}: the certificate allows only PSS")
    check_signature(key, identifier, signature, data)
