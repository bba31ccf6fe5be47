"""
The table of signature algorithms: one line for each.

Readers, signers, the PKCS #11 signer and the command line take what they know from
this table. A new algorithm is one line here, if its kind of key is known.

The identifiers are numbers, because old releases of ``cryptography`` lack the names of
new ones.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

__all__ = [
    "SIGNATURE_ALGORITHMS",
    "KeyKind",
    "Parameters",
    "SignatureAlgorithm",
    "SignatureParameters",
    "algorithm_for",
]


SignatureParameters = padding.PSS | padding.PKCS1v15 | ec.ECDSA | None
"""The parameters for the ``verify`` of a key, beside the hash."""


class KeyKind(enum.Enum):
    """The kind of key that makes a signature."""

    RSA = "RSA"
    EC = "EC"
    DSA = "DSA"
    ED25519 = "Ed25519"
    ED448 = "Ed448"
    ML_DSA_44 = "ML-DSA-44"
    ML_DSA_65 = "ML-DSA-65"
    ML_DSA_87 = "ML-DSA-87"
    UNSUPPORTED = "unsupported"
    """``cryptography`` knows the name of the algorithm, but has no such keys."""


class Parameters(enum.Enum):
    """What the parameters of an AlgorithmIdentifier may be."""

    ABSENT = "absent"
    """RFC 5758 §3.2, RFC 8410 §3, RFC 9881 §2."""

    NULL_OR_ABSENT = "null-or-absent"
    """RFC 5754 §2, RFC 4055 §5."""

    PSS = "rsassa-pss-params"
    """RFC 4055 §3.1."""

    ANY = "any"
    """Old algorithms, of which real certificates have either form."""


class SignatureAlgorithm(NamedTuple):
    """
    A signature algorithm.

    Attributes:
        oid: The object identifier, dotted.

        name: The name in the standard.

        key: The kind of key.

        hash: The hash, or ``None`` if the algorithm has no separate one, or names it in
            its parameters.

        parameters: What the parameters may be.

        has_hash_attribute: Whether ``cryptography`` returns :attr:`hash` as
            ``signature_hash_algorithm``; for others it raises UnsupportedAlgorithm.
    """

    oid: str
    name: str
    key: KeyKind
    hash: hashes.HashAlgorithm | None
    parameters: Parameters
    has_hash_attribute: bool = True


_RSA = "1.2.840.113549.1.1"
_ECDSA = "1.2.840.10045.4"
_NIST = "2.16.840.1.101.3.4.3"
_GOST = KeyKind.UNSUPPORTED
_ABSENT, _NULL, _ANY = Parameters.ABSENT, Parameters.NULL_OR_ABSENT, Parameters.ANY

SIGNATURE_ALGORITHMS = tuple(
    SignatureAlgorithm(*row)
    for row in (
        (f"{_RSA}.4", "md5WithRSAEncryption", KeyKind.RSA, hashes.MD5(), _ANY),
        (f"{_RSA}.5", "sha1WithRSAEncryption", KeyKind.RSA, hashes.SHA1(), _NULL),
        ("1.3.14.3.2.29", "sha1WithRSASignature", KeyKind.RSA, hashes.SHA1(), _NULL),
        (f"{_RSA}.14", "sha224WithRSAEncryption", KeyKind.RSA, hashes.SHA224(), _NULL),
        (f"{_RSA}.11", "sha256WithRSAEncryption", KeyKind.RSA, hashes.SHA256(), _NULL),
        (f"{_RSA}.12", "sha384WithRSAEncryption", KeyKind.RSA, hashes.SHA384(), _NULL),
        (f"{_RSA}.13", "sha512WithRSAEncryption", KeyKind.RSA, hashes.SHA512(), _NULL),
        (
            f"{_NIST}.13",
            "rsassa-pkcs1-v1-5-with-sha3-224",
            KeyKind.RSA,
            hashes.SHA3_224(),
            _NULL,
        ),
        (
            f"{_NIST}.14",
            "rsassa-pkcs1-v1-5-with-sha3-256",
            KeyKind.RSA,
            hashes.SHA3_256(),
            _NULL,
        ),
        (
            f"{_NIST}.15",
            "rsassa-pkcs1-v1-5-with-sha3-384",
            KeyKind.RSA,
            hashes.SHA3_384(),
            _NULL,
        ),
        (
            f"{_NIST}.16",
            "rsassa-pkcs1-v1-5-with-sha3-512",
            KeyKind.RSA,
            hashes.SHA3_512(),
            _NULL,
        ),
        (f"{_RSA}.10", "RSASSA-PSS", KeyKind.RSA, None, Parameters.PSS),
        (f"{_ECDSA}.1", "ecdsa-with-SHA1", KeyKind.EC, hashes.SHA1(), _ANY),
        (f"{_ECDSA}.3.1", "ecdsa-with-SHA224", KeyKind.EC, hashes.SHA224(), _ABSENT),
        (f"{_ECDSA}.3.2", "ecdsa-with-SHA256", KeyKind.EC, hashes.SHA256(), _ABSENT),
        (f"{_ECDSA}.3.3", "ecdsa-with-SHA384", KeyKind.EC, hashes.SHA384(), _ABSENT),
        (f"{_ECDSA}.3.4", "ecdsa-with-SHA512", KeyKind.EC, hashes.SHA512(), _ABSENT),
        (f"{_NIST}.9", "ecdsa-with-SHA3-224", KeyKind.EC, hashes.SHA3_224(), _ABSENT),
        (f"{_NIST}.10", "ecdsa-with-SHA3-256", KeyKind.EC, hashes.SHA3_256(), _ABSENT),
        (f"{_NIST}.11", "ecdsa-with-SHA3-384", KeyKind.EC, hashes.SHA3_384(), _ABSENT),
        (f"{_NIST}.12", "ecdsa-with-SHA3-512", KeyKind.EC, hashes.SHA3_512(), _ABSENT),
        ("1.2.840.10040.4.3", "dsa-with-sha1", KeyKind.DSA, hashes.SHA1(), _ANY),
        (f"{_NIST}.1", "dsa-with-sha224", KeyKind.DSA, hashes.SHA224(), _ABSENT),
        (f"{_NIST}.2", "dsa-with-sha256", KeyKind.DSA, hashes.SHA256(), _ABSENT),
        (f"{_NIST}.3", "dsa-with-sha384", KeyKind.DSA, hashes.SHA384(), _ABSENT, False),
        (f"{_NIST}.4", "dsa-with-sha512", KeyKind.DSA, hashes.SHA512(), _ABSENT, False),
        ("1.3.101.112", "Ed25519", KeyKind.ED25519, None, _ABSENT),
        ("1.3.101.113", "Ed448", KeyKind.ED448, None, _ABSENT),
        (f"{_NIST}.17", "ML-DSA-44", KeyKind.ML_DSA_44, None, _ABSENT),
        (f"{_NIST}.18", "ML-DSA-65", KeyKind.ML_DSA_65, None, _ABSENT),
        (f"{_NIST}.19", "ML-DSA-87", KeyKind.ML_DSA_87, None, _ABSENT),
        ("1.2.643.2.2.3", "gostR3411-94-with-gostR3410-2001", _GOST, None, _ANY),
        ("1.2.643.7.1.1.3.2", "gost3410-2012-256", _GOST, None, _ANY),
        ("1.2.643.7.1.1.3.3", "gost3410-2012-512", _GOST, None, _ANY),
        ("1.3.6.1.5.5.7.6.36", "id-alg-unsigned", _GOST, None, _ABSENT),  # RFC 9925
    )
)

_WEAK = ("md5", "sha1")
"""Hashes that are too weak to sign with (RFC 6960 §5.1.1)."""

_TO_SIGN = {
    (each.key, None if each.hash is None else each.hash.name): each
    for each in SIGNATURE_ALGORITHMS
    if each.parameters is not Parameters.PSS
    and (each.hash is None or each.hash.name not in _WEAK)
}


def algorithm_for(key: KeyKind, hash_name: str | None) -> SignatureAlgorithm:
    """
    Return the algorithm to sign with a kind of key and a hash; RSA is PKCS #1 v1.5.

    Raises:
        UnsupportedAlgorithm: If there is none, or the hash is too weak.
    """
    found = _TO_SIGN.get((key, hash_name))
    if found is None:
        raise UnsupportedAlgorithm(
            f"Hash algorithm {hash_name!r} not supported for signatures"
        )
    return found
