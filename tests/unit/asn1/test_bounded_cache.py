"""Caches: bounded in octets, and never the value of another object."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ocsp import limits
from ocsp.asn1.bounded_cache import ENTRY_BYTES, BoundedCache, cached_by_octets
from ocsp.signing.signer import matches_certificate
from tests.pki import ca, delegate, key


def test_a_cache_is_bounded_in_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each generation is bounded; the older one is removed as a whole."""
    known: BoundedCache[int, str] = BoundedCache()
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 2 * 3 * (ENTRY_BYTES + 100))
    for number in range(10):
        assert known.keep(number, str(number), 100) == str(number)
        assert len(known) == number % 3 + 1
        entries = len(known) + (3 if number > 2 else 0)
        assert known.octets == entries * (ENTRY_BYTES + 100)
        assert known.get(number) == str(number)
    assert [number for number in range(10) if known[number]] == [6, 7, 8, 9]


def test_an_entry_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many others are kept, of which some are kept again."""
    known: BoundedCache[int, str] = BoundedCache()
    limit = 2 * 8 * (ENTRY_BYTES + 100)
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", limit)
    known.keep(-1, "used", 100)
    for number in range(100):
        known.keep(number, "unused", 100)
        known.keep(number, "unused", 50)
        if number % 4 == 0:
            assert known[-1] == "used"
        assert 0 < known.octets <= limit
    assert known[0] is None


def test_a_value_larger_than_a_generation_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the limit it is."""
    known: BoundedCache[str, str] = BoundedCache()
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 2 * (ENTRY_BYTES + 100))
    assert known.keep("fits", "value", 100) == "value"
    assert known.keep("large", "value", 101) == "value"
    assert known["large"] is None
    assert known["fits"] == "value"
    known.clear()
    assert known["fits"] is None
    assert known.octets == 0


def test_each_cache_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that its name says; all forget their values when a limit changes."""
    pairs: BoundedCache[int, int] = BoundedCache("MAX_CACHED_PAIR_BYTES")
    pairs.keep(1, 1, 1)
    monkeypatch.setattr(limits, "MAX_CACHED_PAIR_BYTES", 2 * ENTRY_BYTES)
    assert not pairs
    pairs.keep(1, 1, 1)
    assert not pairs
    pairs.keep(1, 1, 0)
    assert pairs


def test_results_are_cached_by_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is computed once, and counted with its factor."""
    seen: list[bytes] = []

    @cached_by_octets(factor=10)
    def reverse(octets: bytes) -> bytes:
        """Return *octets* in reverse order."""
        seen.append(octets)
        return octets[::-1]

    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 2 * (ENTRY_BYTES + 20))
    for octets in (b"ab", b"ab", b"abc", b"abc"):
        assert reverse(octets) == octets[::-1]
    assert seen == [b"ab", b"abc", b"abc"]
    assert reverse.__doc__ == "Return *octets* in reverse order."


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
