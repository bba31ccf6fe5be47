"""The identity cache: bounded, and never the value of another object."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ocsp.asn1.identity_cache import IdentityCache
from ocsp.signing.signer import matches_certificate
from tests.pki import ca, delegate, key


def test_the_cache_is_bounded() -> None:
    """A full cache is cleared before it stores the next value."""
    known: IdentityCache[int, str] = IdentityCache(3)
    for number in range(10):
        assert known.keep(number, object(), str(number)) == str(number)
        assert len(known) <= 3
        assert known[number][1] == str(number)


def test_objects_live_as_long_as_their_entry() -> None:
    """So Python cannot reuse an id while it is a key."""
    known: IdentityCache[int, None] = IdentityCache(1)
    first = [object()]
    number = id(first)
    known.keep(number, first, None)
    del first
    assert id(known[number][0]) == number


def test_pairs_of_key_and_certificate_are_distinct() -> None:
    """In any order, and repeatedly."""
    other = ec.generate_private_key(ec.SECP256R1())
    for _ in range(2):
        assert matches_certificate(key("Test CA"), ca())
        assert not matches_certificate(other, ca())
        assert not matches_certificate(key("Test CA"), delegate())


def test_a_deleted_key_does_not_affect_the_next_one() -> None:
    """Short-lived keys, which often get the id of the one before."""
    ours = key("Test CA").private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    for _ in range(100):
        assert not matches_certificate(ec.generate_private_key(ec.SECP256R1()), ca())
        again: Any = load_der_private_key(ours, None)
        assert matches_certificate(again, ca())
        del again
