"""
Decode the keys in certificates, and check signatures with them.

A key in a certificate of an attacker can be of any kind and size. ``cryptography``
decodes it only when a program asks for it, and OpenSSL refuses some keys only when they
check a signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.guarded.boundary import is_foreign, read_foreign
from ocsp.later import x509

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificatePublicKeyTypes,
    )

__all__ = ["has_signed", "public_key"]


def public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes:
    """
    Return the public key in *certificate*.

    Raises:
        SchemaError: If the key cannot be decoded.
        UnsupportedAlgorithm: If the kind of key, or its curve, is not known.
    """
    return read_foreign(certificate.public_key, UnsupportedAlgorithm)


def has_signed(
    key: CertificatePublicKeyTypes | None,
    signature: bytes,
    data: bytes | memoryview,
    *arguments: object,
) -> bool:
    """
    Return whether *key* made *signature* over *data*.

    A key that cannot check the signature has not made it, for example an RSA key that
    is too small for the hash.

    Args:
        key: The public key.

        signature: The signature, in the encoding of X.509.

        data: The signed data.

        arguments: The other arguments of the method ``verify`` of this kind of key.

    Raises:
        UnsupportedAlgorithm: If OpenSSL does not support the hash or the padding.
    """
    try:
        # The ``verify`` methods of the kinds of key differ in their arguments.
        key.verify(signature, data, *arguments)  # type: ignore[arg-type, union-attr]
    except UnsupportedAlgorithm:
        raise
    except BaseException as error:
        if not is_foreign(error):
            raise
        return False
    return True
