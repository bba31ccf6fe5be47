"""Claims: what one process signs, until the end of its block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import chain

import pytest
from cryptography import x509

from ocsp.store import Claim, Store
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import NOW_SECONDS, SHA1, SHA256, query, signed, signed_due

HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
ISSUER = query(1).issuer


@pytest.fixture(name="store")
def _store(database: Database) -> Iterator[Store]:
    """Yield a store with the certificates 1 to 5, whose SHA-1 answers are due."""
    with database.open(create=True) as store:
        store.add_signer(ca())
        store.sign_ahead(ca(), [SHA1])
        for serial in range(1, 6):
            store.add(ca(), serial)
        yield store


def _serials(claim: Claim) -> list[int]:
    return [each.query.serial_number for each in claim.answers]


def _sign(store: Store, now: int = NOW_SECONDS, limit: int = 9) -> list[int]:
    """Sign one claim, and return its serial numbers."""
    with store.claim_due(ISSUER, now, limit) as claim:
        new = [signed_due(each, now=now) for each in claim.answers]
        assert claim.store(new, now) == len(new)
        return _serials(claim)


def test_what_is_due_is_claimed_and_stored(store: Store) -> None:
    """In batches, until nothing is left."""
    assert store.has_due(ISSUER, NOW_SECONDS)
    batches = [_sign(store, limit=2) for _ in range(4)]
    assert [len(each) for each in batches] == [2, 2, 1, 0]
    assert sorted(chain.from_iterable(batches)) == [1, 2, 3, 4, 5]
    assert not store.has_due(ISSUER, NOW_SECONDS)
    for serial in range(1, 6):
        found = store.look_up_with_answer(query(serial), SHA1)
        assert found is not None
        assert found.stored == signed(serial, 1).answer


def test_an_issuer_without_certificates_has_nothing_to_claim(store: Store) -> None:
    """Its number is not known yet."""
    unknown = query(1, ca("Other CA")).issuer
    with store.claim_due(unknown, NOW_SECONDS, 9) as claim:
        assert not claim.answers
    assert not store.has_due(unknown, NOW_SECONDS)


def test_a_change_comes_first_and_is_settled_by_its_answers(store: Store) -> None:
    """With the status that it has then; both forms have to be signed."""
    store.sign_ahead(ca(), [SHA1, SHA256])
    while _sign(store):
        pass
    store.add(ca(), 6)
    store.revoke(ca(), 4, NOW, STOLEN)
    with store.claim_due(ISSUER, NOW_SECONDS, 3) as claim:
        assert _serials(claim) == [4, 4, 6]
        assert [each.version for each in claim.answers] == [2, 2, 1]
        assert claim.answers[0].record.revocation_reason is STOLEN
    assert store.has_due(ISSUER, NOW_SECONDS)
    assert store.count_open_changes() == 1
    assert sorted(_sign(store)) == [4, 4, 6, 6]
    assert _sign(store) == []
    assert store.count_open_changes() == 0
    assert not store.has_due(ISSUER, NOW_SECONDS)


def test_what_a_block_leaves_unsigned_stays_due(store: Store) -> None:
    """Also after an error in it."""
    with (
        contextlib.suppress(ZeroDivisionError),
        store.claim_due(ISSUER, NOW_SECONDS, 9) as claim,
    ):
        assert len(claim.answers) == 5
        raise ZeroDivisionError
    with store.claim_due(ISSUER, NOW_SECONDS, 9) as claim:
        claim.store([signed(claim.answers[0].query.serial_number, 1)], NOW_SECONDS)
    assert len(_sign(store)) == 4


def test_what_is_postponed_waits(store: Store) -> None:
    """Until its time: also a change that cannot be signed."""
    assert len(_sign(store)) == 5
    store.revoke(ca(), 2, NOW, HOLD)
    with store.claim_due(ISSUER, NOW_SECONDS, 9) as claim:
        assert _serials(claim) == [2]
        claim.postpone([(query(2), SHA1)], NOW_SECONDS + 100)
    assert _sign(store) == []
    assert not store.has_due(ISSUER, NOW_SECONDS + 99)
    assert _sign(store, NOW_SECONDS + 100) == [2]
    assert store.count_open_changes() == 0


def test_a_change_while_its_answer_is_signed_stays_due(store: Store) -> None:
    """The answer is not stored, and the change does not wait for the claim."""
    with store.claim_due(ISSUER, NOW_SECONDS, 9) as claim:
        store.revoke(ca(), 3, NOW, STOLEN)
        new = [signed_due(each) for each in claim.answers]
        assert claim.store(new, NOW_SECONDS) == 4
    with store.claim_due(ISSUER, NOW_SECONDS, 9) as claim:
        assert [(each.query.serial_number, each.version) for each in claim.answers] == [
            (3, 2)
        ]


def test_an_answer_from_the_future_is_claimed(store: Store) -> None:
    """The clock was wrong when it was signed."""
    later = NOW_SECONDS + 9000
    assert len(_sign(store, later)) == 5
    assert len(_sign(store)) == 5
    assert _sign(store) == []


def test_an_answer_that_the_database_refuses_costs_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """It is due an hour later, so that it does not come first for ever."""
    store.revoke(ca(), 2, NOW, STOLEN)
    with store.claim_due(ISSUER, NOW_SECONDS, 9) as claim:
        new = [
            signed_due(
                each,
                seconds=10**10 if each.query.serial_number == 2 else 1000,
            )
            for each in claim.answers
        ]
        assert claim.store(new, NOW_SECONDS) == 4
    assert "0x2: the answer is not stored" in caplog.text
    assert _sign(store) == []
    assert 2 in _sign(store, NOW_SECONDS + 3600)
