"""The copies of the epoch in a cluster: where they are, and what they decide."""

from __future__ import annotations

import pytest

pytest.importorskip("valkey")

from valkey.crc import key_slot

from ocsp.sharing import SharedAnswers, ValkeyAddress
from ocsp.sharing.nodes import MAX_RANGES, Nodes
from ocsp.sharing.reader import EPOCH_SECONDS
from ocsp.sharing.values import EPOCH_KEY, epoch_mark

CLUSTER = ValkeyAddress.read("valkey+cluster://a,b,c")
OLD, NEW = epoch_mark("old"), epoch_mark("new")
AWAY = OSError("away")


def test_one_server_has_no_copies() -> None:
    """Nor have servers that sentinels watch."""
    for url in ("valkey://a", "valkey+sentinel://a,b,c/name"):
        assert Nodes(ValkeyAddress.read(url)).copies(EPOCH_KEY) == (EPOCH_KEY,)


def test_each_ninth_of_the_slots_has_a_copy() -> None:
    """So a node with less than half of the slots has less than half of them."""
    slots = [key_slot(key) for key in Nodes(CLUSTER).copies(EPOCH_KEY)]
    assert sorted(slot * 9 // MAX_RANGES for slot in slots) == list(range(9))


def test_each_signer_has_copies_of_its_own() -> None:
    """Under keys of which none is that of another value."""
    keys = [key for each in (b"a", b"b") for key in Nodes(CLUSTER).copies(each)]
    assert len(set(keys)) == 18


@pytest.mark.parametrize(
    ("copies", "mark"),
    [
        ([OLD] * 9, OLD),
        ([OLD] * 5 + [AWAY] * 4, OLD),
        ([OLD] * 5 + [NEW] * 4, OLD),
        ([OLD] * 4 + [NEW] * 5, NEW),
        ([OLD] * 4 + [AWAY] * 5, OLD),
        ([AWAY] * 9, OLD),
        ([NEW] * 4 + [AWAY] * 5, b""),
        ([OLD] * 4 + [NEW] * 4 + [AWAY], b""),
        ([OLD] * 4 + [b""] * 5, b""),
        ([OLD] * 4 + [NEW] + [AWAY] * 4, b""),
        ([b"?"] * 9, b""),
    ],
)
def test_more_than_half_of_the_copies_decide(copies: list[object], mark: bytes) -> None:
    """Without them the last mark stays for a while, unless a copy has another one."""
    answers = SharedAnswers(CLUSTER)
    answers._learn([OLD] * 9)
    answers._learn(copies)
    assert answers.epoch == mark


def test_the_last_mark_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute after it was read."""
    now = 0.0
    monkeypatch.setattr("ocsp.sharing.reader.time.monotonic", lambda: now)
    answers = SharedAnswers(CLUSTER)
    answers._learn([OLD] * 5 + [AWAY] * 4)
    now = EPOCH_SECONDS - 1
    answers._learn([OLD] * 4 + [AWAY] * 5)
    assert answers.epoch == OLD
    now = EPOCH_SECONDS
    answers._learn([OLD] * 4 + [AWAY] * 5)
    assert answers.epoch == b""
