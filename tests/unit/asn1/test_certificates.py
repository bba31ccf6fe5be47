"""Which certificates are read again, and which are kept."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import certificates
from ocsp.asn1.certificates import parts_of, parts_of_subject
from tests.compiled import needs_sources
from tests.pki import ca, leaf


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    certificates._parts.clear()
    certificates._latest.clear()


def test_the_latest_certificates_in_question_are_kept() -> None:
    """A client checks a few at the same time, so each of these is read once."""
    first = [parts_of_subject(leaf(serial)) for serial in range(5, 13)]
    assert [parts_of_subject(leaf(serial)) for serial in range(5, 13)] == first
    assert not certificates._parts


@needs_sources
def test_few_certificates_in_question_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program asks about many, and seldom about one again."""
    monkeypatch.setattr(certificates, "MAX_LATEST", 2)
    first = parts_of_subject(leaf(5))
    for serial in range(6, 20):
        parts_of_subject(leaf(serial))
        assert len(certificates._latest) <= 2
    again = parts_of_subject(leaf(5))
    assert again is not first
    assert (again.certificate, again.tbs) == (first.certificate, first.tbs)


@needs_sources
def test_long_certificates_in_question_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is kept is bounded in octets too."""
    monkeypatch.setattr(certificates, "_MOST_KEPT_OCTETS", 100)
    assert parts_of_subject(leaf(5)).serial == b"\x05"
    assert not certificates._latest


def test_issuers_are_kept() -> None:
    """Also for a question about one: a CA is a subject too."""
    kept = parts_of(ca())
    for serial in range(5, 25):
        assert parts_of_subject(leaf(serial)).certificate is leaf(serial)
        assert parts_of(ca()) is kept
    assert parts_of_subject(ca()) is kept
    assert list(certificates._parts.values()) == [kept]


def test_only_certificates_have_parts() -> None:
    """Whichever function is asked."""
    other: object = b"a certificate"
    for ask in (parts_of, parts_of_subject):
        with pytest.raises(TypeError):
            ask(other)  # type: ignore[arg-type]


@needs_sources
def test_the_hash_of_a_key_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A responder writes that of its own key in each response."""
    counted: list[bytes] = []

    def digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
        counted.append(data)
        return hashlib.new(algorithm.name, data).digest()

    monkeypatch.setattr(certificates, "digest", digest)
    parts = parts_of(ca())
    expected = hashlib.sha1(parts.key_bits).digest()
    assert [parts.key_hash, parts_of(ca()).key_hash] == [expected, expected]
    assert counted == [parts.key_bits]
