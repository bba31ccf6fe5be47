"""
Checking a signature: that a key has made it over some octets.

RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410, RFC 9881.

Rules of this file: the AlgorithmIdentifier decides how, and the key has to be of that
kind; weak hashes have no entry in the table (RFC 6960 §5.1.1). Whose key it is, and
what it may sign, is decided elsewhere.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
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
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from ocsp import oids
from ocsp.algorithms import algorithm_identifier, pss_parameters, signature_hash
from ocsp.errors import SignatureInvalid

__all__ = ["SignatureParameters", "check_signature", "signature_parameters"]

SignatureParameters = padding.PSS | padding.PKCS1v15 | ec.ECDSA | None

_WEAK = (hashes.SHA1, hashes.MD5)
_NIST = "2.16.840.1.101.3.4.3"
_RSA = (
    *(f"1.2.840.113549.1.1.{last}" for last in (4, 5, 11, 12, 13, 14)),
    *(f"{_NIST}.{last}" for last in (13, 14, 15, 16)),
    "1.3.14.3.2.29",
)
_ECDSA = (
    *(f"1.2.840.10045.4.{last}" for last in ("1", "3.1", "3.2", "3.3", "3.4")),
    *(f"{_NIST}.{last}" for last in (9, 10, 11, 12)),
)
_KINDS: dict[str, type] = {
    **dict.fromkeys(_RSA, rsa.RSAPublicKey),
    oids.RSASSA_PSS: rsa.RSAPublicKey,
    **dict.fromkeys(_ECDSA, ec.EllipticCurvePublicKey),
    **{f"{_NIST}.{last}": dsa.DSAPublicKey for last in (1, 2, 3, 4)},
    "1.3.101.112": ed25519.Ed25519PublicKey,
    "1.3.101.113": ed448.Ed448PublicKey,
    f"{_NIST}.17": mldsa.MLDSA44PublicKey,
    f"{_NIST}.18": mldsa.MLDSA65PublicKey,
    f"{_NIST}.19": mldsa.MLDSA87PublicKey,
}
"""Which kind of key makes the signatures of an algorithm."""


def signature_parameters(identifier: bytes) -> SignatureParameters:
    """
    Return what a key's ``verify`` takes for the AlgorithmIdentifier *identifier*.

    Raises:
        UnsupportedAlgorithm: If the algorithm is not known.
    """
    dotted = algorithm_identifier(identifier).oid
    if dotted == oids.RSASSA_PSS:
        _, mask_hash, salt_length = pss_parameters(identifier)
        return padding.PSS(padding.MGF1(mask_hash), salt_length)
    algorithm = signature_hash(identifier)
    if dotted in _RSA:
        return padding.PKCS1v15()
    if dotted in _ECDSA and algorithm is not None:
        return ec.ECDSA(algorithm)
    return None


def check_signature(
    key: CertificatePublicKeyTypes, identifier: bytes, signature: bytes, data: bytes
) -> None:
    """
    Require that *key* has made *signature* over *data*.

    Args:
        key: The public key.

        identifier: The DER of the AlgorithmIdentifier of the signature.

        signature: The signature, encoded as X.509 has it.

        data: What was signed.

    Raises:
        SignatureInvalid: If it has not, or the algorithm is for another kind of key.
        UnsupportedAlgorithm: If the algorithm is not known, or has a weak hash.
    """
    dotted = algorithm_identifier(identifier).oid
    kind = _KINDS.get(dotted)
    if kind is None:
        raise UnsupportedAlgorithm(f"Signature algorithm OID: {dotted} not recognized")
    algorithm = _strong(identifier, dotted)
    if not isinstance(key, kind):
        raise SignatureInvalid(f"{dotted} is not for a key of {type(key).__name__}")
    chosen = signature_parameters(identifier)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, chosen, algorithm)  # type: ignore[arg-type]
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, chosen)  # type: ignore[arg-type]
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, data, algorithm)  # type: ignore[arg-type]
        else:
            key.verify(signature, data)  # type: ignore[union-attr]
    except InvalidSignature as error:
        raise SignatureInvalid("the signature is not that of the key") from error


_DSA_HASHES = {f"{_NIST}.3": hashes.SHA384(), f"{_NIST}.4": hashes.SHA512()}
"""Hashes that the documented attribute does not know."""


def _strong(identifier: bytes, dotted: str) -> hashes.HashAlgorithm | None:
    algorithm = _DSA_HASHES.get(dotted) or signature_hash(identifier)
    if isinstance(algorithm, _WEAK):
        raise UnsupportedAlgorithm(f"{algorithm.name} is too weak for signatures")
    if dotted == oids.RSASSA_PSS:
        mask_hash = pss_parameters(identifier).mask_hash
        if isinstance(mask_hash, _WEAK):
            raise UnsupportedAlgorithm(f"{mask_hash.name} is too weak for signatures")
    return algorithm
