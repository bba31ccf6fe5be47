"""Whether a key made a signature, with the algorithms of RFC 3279, 4055, 5758 and 8410."""

from __future__ import annotations

from typing import Any, NamedTuple

from asn1crypto.algos import RSASSAPSSParams
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key

__all__ = ["Signed", "made_by"]


class Signed(NamedTuple):
    """
    What was signed, how, and the signature.

    Attributes:
        data: The octets.

        algorithm: The algorithm, dotted.

        parameters: The DER of its parameters, or nothing.

        signature: The signature.
    """

    data: bytes
    algorithm: str
    parameters: bytes
    signature: bytes


_RSA = {
    "1.2.840.113549.1.1.14": hashes.SHA224(),
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
    "2.16.840.1.101.3.4.3.13": hashes.SHA3_224(),
    "2.16.840.1.101.3.4.3.14": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.3.15": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.3.16": hashes.SHA3_512(),
    "1.2.840.113549.1.1.5": hashes.SHA1(),
}
_ECDSA = {
    "1.2.840.10045.4.3.1": hashes.SHA224(),
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
    "2.16.840.1.101.3.4.3.9": hashes.SHA3_224(),
    "2.16.840.1.101.3.4.3.10": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.3.11": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.3.12": hashes.SHA3_512(),
    "1.2.840.10045.4.1": hashes.SHA1(),
}
_DSA = {
    "2.16.840.1.101.3.4.3.1": hashes.SHA224(),
    "2.16.840.1.101.3.4.3.2": hashes.SHA256(),
    "2.16.840.1.101.3.4.3.3": hashes.SHA384(),
    "2.16.840.1.101.3.4.3.4": hashes.SHA512(),
}
_PSS = "1.2.840.113549.1.1.10"
_FOR_PSS = bytes.fromhex("06092a864886f70d01010a")
"""The algorithm of a key that signs with PSS only (RFC 4055 §1.2)."""

_ED25519, _ED448 = "1.3.101.112", "1.3.101.113"
_DIGESTS = {
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def made_by(key_info: bytes, signed: Signed, *, weak: bool) -> bool:
    """
    Return whether the key made the signature.

    Args:
        key_info: The SubjectPublicKeyInfo.

        signed: What is signed.

        weak: Whether SHA-1 and small keys count.
    """
    try:
        key = load_der_public_key(key_info)
        arguments = _arguments(key, signed, weak=weak)
        if arguments is None or (
            _FOR_PSS in key_info[:32] and signed.algorithm != _PSS
        ):
            return False
        key.verify(signed.signature, signed.data, *arguments)  # type: ignore[union-attr, call-arg]
    except (ValueError, TypeError, KeyError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _arguments(key: Any, signed: Signed, *, weak: bool) -> tuple[Any, ...] | None:
    """Return how the key verifies; ``None`` if the algorithm does not count."""
    named = signed.algorithm
    found: tuple[Any, ...] | None = None
    if isinstance(key, rsa.RSAPublicKey) and (weak or key.key_size >= 2048):
        found = _pss(signed.parameters, weak=weak) if named == _PSS else None
        if named in _RSA:
            found = padding.PKCS1v15(), _RSA[named]
    elif isinstance(key, ec.EllipticCurvePublicKey) and (weak or key.key_size >= 256):
        found = (ec.ECDSA(_ECDSA[named]),) if named in _ECDSA else None
        found = None if signed.parameters else found
    elif isinstance(key, dsa.DSAPublicKey):
        found = (_DSA[named],) if named in _DSA else None
    elif isinstance(key, ed25519.Ed25519PublicKey):
        found = () if named == _ED25519 else None
    elif isinstance(key, ed448.Ed448PublicKey):
        found = () if named == _ED448 else None
    return None if found and _is_sha1(found) and not weak else found


def _is_sha1(arguments: tuple[Any, ...]) -> bool:
    algorithms = [getattr(each, "algorithm", each) for each in arguments]
    return any(isinstance(each, hashes.SHA1) for each in algorithms)


def _pss(parameters: bytes, *, weak: bool) -> tuple[Any, ...] | None:
    said = RSASSAPSSParams.load(parameters)
    generator = said["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if generator == "sha1" and not weak:
        return None
    scheme = padding.PSS(padding.MGF1(_DIGESTS[generator]), said["salt_length"].native)
    return scheme, _DIGESTS[said["hash_algorithm"]["algorithm"].native]
