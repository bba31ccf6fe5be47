"""
Checking signatures: every scheme, its parameters, and everything that is not one.

PSS signatures are made by ``cryptography`` and by ``openssl``, and go through both.
"""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from ocsp import (
    SignatureInvalid,
)
from ocsp.signatures import check_signature
from ocsp.signer import sign, signature_scheme
from tests.keys import (
    SCHEMES,
    key_of,
    label,
)

DATA = b"what is signed"
RSA = key_of("rsa")
SHA256 = hashes.SHA256()


def _signed(kind: str, algorithm: Any, pss: Any = None) -> tuple[bytes, bytes]:
    """Return the identifier and the signature of the key of *kind* over ``DATA``."""
    scheme = signature_scheme(key_of(kind), algorithm, pss)
    return scheme.identifier, sign(key_of(kind), DATA, scheme)


def _check(kind: str, identifier: bytes, signature: bytes, data: bytes = DATA) -> None:
    check_signature(key_of(kind).public_key(), identifier, signature, data)


# --- every scheme ------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "algorithm"), SCHEMES, ids=label)
def test_a_signature_of_every_scheme_is_checked(kind: str, algorithm: Any) -> None:
    """It passes as it is, and not with one bit changed in it or in the data."""
    identifier, signature = _signed(kind, algorithm)
    _check(kind, identifier, signature)
    middle = len(signature) // 2
    bent = bytearray(signature)
    bent[middle] ^= 1
    for wrong in (bytes(bent), signature[:-1], signature + b"\0", b"", DATA):
        with pytest.raises(SignatureInvalid):
            _check(kind, identifier, wrong)
    for other in (DATA[:-1], DATA + b"\0", b""):
        with pytest.raises(SignatureInvalid):
            _check(kind, identifier, signature, other)
