"""Load keys from files: private keys in PEM or DER, and public keys in DER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ocsp.guarded.boundary import read_foreign
from ocsp.guarded.nesting import check_parsable
from ocsp.guarded.pem import der_blocks, is_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        PrivateKeyTypes,
        PublicKeyTypes,
    )

__all__ = [
    "load_private_key",
    "load_public_key",
    "private_key_blocks",
    "rsa_public_key",
]

_PRIVATE = b"PRIVATE KEY-----"


def load_public_key(der: bytes) -> PublicKeyTypes:
    """
    Return the public key *der*, a SubjectPublicKeyInfo.

    Raises:
        SchemaError: If it cannot be decoded.
        LimitExceeded: If it is too long, or its values are nested too deep.
        UnsupportedAlgorithm: If the kind of key, or its curve, is not known.
    """
    check_parsable(der)
    return read_foreign(
        lambda: serialization.load_der_public_key(der), UnsupportedAlgorithm
    )


def rsa_public_key(modulus: bytes, exponent: bytes) -> rsa.RSAPublicKey:
    """
    Return the RSA public key with these numbers, as unsigned octets.

    Raises:
        SchemaError: If they are no RSA key.
    """
    numbers = int.from_bytes(exponent), int.from_bytes(modulus)
    return read_foreign(lambda: rsa.RSAPublicNumbers(*numbers).public_key())


def load_private_key(data: bytes, passphrase: bytes | None) -> PrivateKeyTypes:
    """
    Return the private key in *data*, in PEM or DER.

    Raises:
        TypeError: If the key is encrypted and *passphrase* is ``None``, or the reverse.
        SchemaError: If it cannot be decoded, or the passphrase is wrong.
        LimitExceeded: If it is too long, or its values are nested too deep.
        UnsupportedAlgorithm: If the kind of key, or its curve, is not known.
    """
    for der in der_blocks(data):
        check_parsable(der)
    load = (
        serialization.load_pem_private_key
        if is_pem(data)
        else serialization.load_der_private_key
    )
    return read_foreign(lambda: load(data, passphrase), TypeError, UnsupportedAlgorithm)


def private_key_blocks(data: bytes) -> list[bytes]:
    """
    Return each private key in *data* by itself, in PEM; or *data*, if it is DER.

    The list is empty if *data* is PEM without a private key.
    """
    if not is_pem(data):
        return [data]
    found = []
    for part in data.split(b"-----BEGIN ")[1:]:
        label, _, _ = part.partition(b"\n")
        end = b"-----END " + label.strip()
        body, is_complete, _ = part.partition(end)
        if label.strip().endswith(_PRIVATE) and is_complete:
            found.append(b"-----BEGIN " + body + end + b"\n")
    return found
