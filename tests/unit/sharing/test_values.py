"""The values on a server, and what is done with those that are damaged or hostile."""

from __future__ import annotations

import struct

import pytest

from ocsp import limits
from ocsp.responder import CertIDForm, IssuerKey
from ocsp.sharing.values import (
    HEADER_BYTES,
    answer_key,
    decode_answer,
    decode_signer,
    encode_answer,
    encode_signer,
    encode_tombstone,
    epoch_mark,
    is_mark,
)
from tests.pki import ca
from tests.unit.sharing.material import SHA256, answer, query, signers

STORED = answer().answer
VALUE = encode_answer(STORED)


def test_an_answer_is_written_and_read() -> None:
    """With all its fields."""
    assert decode_answer(VALUE) == STORED


def test_a_tombstone_is_an_answer_without_octets() -> None:
    """Of the version of the present status."""
    found = decode_answer(encode_tombstone(7))
    assert found is not None
    assert (found.version, found.tbs, found.signature) == (7, b"", b"")


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        VALUE[: HEADER_BYTES - 1],
        b"XXXX" + VALUE[4:],
        VALUE[:HEADER_BYTES],
        VALUE[: HEADER_BYTES + len(STORED.tbs)],
        encode_answer(STORED._replace(tbs=b"")),
        encode_answer(STORED._replace(next_update=STORED.this_update)),
        encode_answer(STORED._replace(version=1 << 53)),
        encode_answer(STORED._replace(next_update=1 << 53)),
        VALUE[: HEADER_BYTES - 4] + struct.pack(">I", 0xFFFFFFFF) + VALUE[HEADER_BYTES:],
        encode_tombstone(1) + b"x",
    ],
)  # fmt: skip
def test_another_form_counts_as_missing(value: bytes | None) -> None:
    """Without an error."""
    assert decode_answer(value) is None


def test_every_truncated_answer_counts_as_missing_or_has_a_shorter_signature() -> None:
    """The length of the signature is not stated: the signature itself decides."""
    end = HEADER_BYTES + len(STORED.tbs)
    for size in range(len(VALUE)):
        found = decode_answer(VALUE[:size])
        assert (found is None) == (size <= end)


def test_the_limit_of_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer one counts as missing, also of a signer."""
    monkeypatch.setattr(limits, "MAX_SHARED_BYTES", len(VALUE))
    assert decode_answer(VALUE) is not None
    monkeypatch.setattr(limits, "MAX_SHARED_BYTES", len(VALUE) - 1)
    assert decode_answer(VALUE) is None
    ((signer, _),) = signers()
    monkeypatch.setattr(limits, "MAX_SHARED_BYTES", len(encode_signer(signer)) - 1)
    assert decode_signer(encode_signer(signer), signer.identifier) is None


def test_a_signer_is_the_one_with_the_hash_that_was_asked_for() -> None:
    """Another certificate under its key counts as missing."""
    ((signer, _),) = signers()
    value = encode_signer(signer)
    assert decode_signer(value, signer.identifier) == signer
    for wrong in (None, b"", b"\x30", value[:-1], value + b"x", signer.certificate):
        assert decode_signer(wrong, signer.identifier) is None
    assert decode_signer(value, bytes(32)) is None


def test_a_key_names_epoch_issuer_form_and_serial_number() -> None:
    """Nothing else has the same key."""
    keys = {
        answer_key(epoch_mark(epoch), query(serial, issuer), form)
        for epoch in ("a", "b")
        for serial in (1, -1, 255, 1 << 159)
        for issuer in (ca(), ca("Other CA"))
        for form in CertIDForm
    }
    assert len(keys) == 2 * 4 * 2 * 3
    assert IssuerKey.of(ca()) != IssuerKey.of(ca("Other CA"))
    assert answer_key(epoch_mark("a"), query(1), SHA256) in keys


def test_marks() -> None:
    """Sixteen digits."""
    assert is_mark(epoch_mark("any epoch"))
    for wrong in (None, b"", b"x" * 15, b" " * 16, b"x" * 17):
        assert not is_mark(wrong)
