"""Stored answers: what is due, compare-and-set, and what a look-up returns."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator

import pytest
from cryptography import x509

import ocsp
from ocsp.responder import AnswerStore, StatusRecord, StatusSource
from ocsp.store import CertificateRow, Store
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import (
    BOTH,
    NOW_SECONDS,
    SHA1,
    SHA256,
    query,
    signed,
    signed_due,
)

HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
ISSUER = query(1).issuer


@pytest.fixture(name="store")
def _store(database: Database) -> Iterator[Store]:
    """Yield a store with the certificates 1 to 3, whose SHA-1 answers are due."""
    with database.open(create=True) as store:
        store.add_signer(ca())
        store.sign_ahead(ca(), [SHA1])
        for serial in (1, 2, 3):
            store.add(ca(), serial)
        yield store


def _due(store: Store, now: int = NOW_SECONDS, limit: int = 9) -> list[int]:
    return [each.query.serial_number for each in store.due_answers(ISSUER, now, limit)]


def test_a_store_implements_the_protocols(store: Store) -> None:
    """``mypy`` checks the assignments."""
    answers: AnswerStore = store
    source: StatusSource = store
    assert answers is source


def test_an_answer_comes_back_with_the_status(store: Store) -> None:
    """Octet for octet; other forms and other certificates have none."""
    new = signed(1, 1)
    assert store.store_answers([new], NOW_SECONDS) == 1
    found = store.look_up_with_answer(query(1), SHA1)
    assert found == (StatusRecord(), 1, new.answer)
    assert store.look_up_with_answer(query(1), SHA256) == (StatusRecord(), 1, None)
    assert store.look_up_with_answer(query(2), SHA1) == (StatusRecord(), 1, None)
    assert store.look_up_with_answer(query(9), SHA1) is None
    assert store.look_up_with_answer(query(1, ca("Other CA")), SHA1) is None
    assert store.look_up_answer(query(1), SHA1) == (new.answer, False)
    assert store.look_up_answer(query(1), SHA256) is None
    assert store.look_up_answer(query(2), SHA1) is None
    assert store.look_up_answer(query(9), SHA1) is None
    assert store.look_up_answer(query(1, ca("Other CA")), SHA1) is None


def test_an_answer_of_an_older_status_is_never_returned(store: Store) -> None:
    """From the moment of the change on, also after the hold has ended."""
    store.store_answers([signed(1, 1)], NOW_SECONDS)
    store.revoke(ca(), 1, NOW, HOLD)
    found = store.look_up_with_answer(query(1), SHA1)
    assert found is not None
    assert (found.version, found.stored) == (2, None)
    assert store.look_up_answer(query(1), SHA1) is None
    store.release(ca(), 1)
    assert store.look_up_with_answer(query(1), SHA1) == (StatusRecord(), 3, None)
    assert store.look_up_answer(query(1), SHA1) is None
    store.postpone_answers([(query(1), SHA1)], NOW_SECONDS + 900)
    assert store.look_up_answer(query(1), SHA1) is None


@pytest.mark.parametrize("version", [1, 3])
def test_an_answer_of_another_version_is_not_stored(store: Store, version: int) -> None:
    """A signer that was slow does not overwrite *revoked* with *good*."""
    store.revoke(ca(), 1, NOW, STOLEN)
    right = signed(1, 2, tbs=b"revoked", record=StatusRecord.revoked(NOW, STOLEN))
    assert store.store_answers([right], NOW_SECONDS) == 1
    assert (
        store.store_answers(
            [signed(1, version, record=StatusRecord.revoked(NOW, STOLEN))],
            NOW_SECONDS + 900,
        )
        == 0
    )
    found = store.look_up_with_answer(query(1), SHA1)
    assert found is not None
    assert found.stored == right.answer
    assert store.look_up_answer(query(1), SHA1) == (right.answer, True)


def test_an_answer_about_a_certificate_that_was_added_anew_is_not_stored(
    store: Store,
) -> None:
    """Its version is the same, but not its status: so too in a replaced database."""
    ended = NOW - datetime.timedelta(days=9)
    row = CertificateRow(serial_number=7, expires=ended)
    store.import_rows(ca(), [row], digest=bytes(32), done=1)
    due = next(
        each
        for each in store.due_answers(ISSUER, NOW_SECONDS, 9)
        if each.query.serial_number == 7
    )
    assert store.prune(expired_before=NOW).certificates == 1
    record = StatusRecord.revoked(ended, STOLEN)
    row = CertificateRow(serial_number=7, expires=ended, record=record)
    store.import_rows(ca(), [row], digest=bytes(32), done=2)
    assert store.store_answers([signed_due(due)], NOW_SECONDS) == 0
    assert store.look_up_answer(query(7), SHA1) is None
    due = due._replace(record=record)
    assert store.store_answers([signed_due(due)], NOW_SECONDS) == 1


def test_the_first_of_two_signers_wins(store: Store) -> None:
    """Until the answer is due: so all clients get the same octets."""
    first, second = signed(1, 1, tbs=b"first"), signed(1, 1, tbs=b"second")
    assert store.store_answers([first, second], NOW_SECONDS) == 1
    assert store.store_answers([second], NOW_SECONDS + 499) == 0
    later = signed(1, 1, tbs=b"later", now=NOW_SECONDS + 500)
    assert store.store_answers([later], NOW_SECONDS + 500) == 1


def test_an_answer_from_the_future_is_signed_over(store: Store) -> None:
    """The clock of the machine was wrong, and is right again."""
    future = NOW_SECONDS + 3 * 86400
    new = [signed(serial, 1, now=future) for serial in (1, 2, 3)]
    assert store.store_answers(new, future) == 3
    assert sorted(_due(store)) == [1, 2, 3]
    assert store.store_answers([signed(1, 1)], NOW_SECONDS) == 1
    assert sorted(_due(store)) == [2, 3]


def test_an_answer_of_another_signer_replaces_one(store: Store) -> None:
    """After the first signer was replaced, its answers are not used any more."""
    store.add_signer(ca("Other CA"))
    store.store_answers([signed(1, 1)], NOW_SECONDS)
    other = signed(1, 1, signer=ca("Other CA"))
    assert store.store_answers([other], NOW_SECONDS) == 1


def test_an_answer_that_outlives_its_signer_is_omitted(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The others of the same transaction are stored."""
    new = [signed(1, 1), signed(2, 1, seconds=10**10), signed(3, 1)]
    assert store.store_answers(new, NOW_SECONDS) == 2
    assert "0x2: the answer is not stored" in caplog.text
    assert "does not outlive the certificate of its signer" in caplog.text


def test_the_signer_of_an_answer_must_be_known(store: Store) -> None:
    """The database could not check that the answer ends in time."""
    with pytest.raises(ocsp.errors.StoreError, match="add_signer adds it"):
        store.store_answers([signed(1, 1, signer=ca("Other CA"))], NOW_SECONDS)


def test_an_answer_without_a_certificate_is_omitted(store: Store) -> None:
    """The certificate was deleted while its answer was signed."""
    assert store.store_answers([signed(9, 1)], NOW_SECONDS) == 0
    other = signed(1, 1)._replace(query=query(1, ca("Other CA")))
    assert store.store_answers([other], NOW_SECONDS) == 0


def test_changed_answers_are_due_first(store: Store) -> None:
    """Before those that were never signed, and those that are only old."""
    assert sorted(_due(store)) == [1, 2, 3]
    store.revoke(ca(), 3, NOW, STOLEN)
    first, *others = _due(store)
    assert (first, sorted(others)) == (3, [1, 2])
    assert _due(store, limit=1) == [3]
    (due,) = store.due_answers(ISSUER, NOW_SECONDS, 1)
    assert due == (query(3), SHA1, StatusRecord.revoked(NOW, STOLEN), 2)
    store.store_answers(
        [signed(3, 2, record=StatusRecord.revoked(NOW, STOLEN)), signed(1, 1)],
        NOW_SECONDS,
    )
    assert _due(store) == [2]
    first, *others = _due(store, NOW_SECONDS + 500)
    assert (first, sorted(others)) == (2, [1, 3])


def test_an_answer_can_be_postponed(store: Store) -> None:
    """It is not the first one for ever, and what is stored stays usable."""
    store.store_answers([signed(2, 1)], NOW_SECONDS)
    store.postpone_answers([(query(1), SHA1), (query(2), SHA1)], NOW_SECONDS + 3600)
    assert _due(store) == [3]
    assert sorted(_due(store, NOW_SECONDS + 3600)) == [1, 2, 3]
    found = store.look_up_with_answer(query(2), SHA1)
    assert found is not None
    assert found.stored is not None


def test_a_row_that_means_nothing_is_postponed(
    store: Store, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Another program can switch the checks of the database off."""
    database.drop_checks()
    database.execute(
        "UPDATE certificate SET revoked = 999999999999999 WHERE serial = '\\x01'"
    )
    assert sorted(_due(store)) == [2, 3]
    assert "serial number 0x1: the row of the certificate has values" in caplog.text
    assert sorted(_due(store, NOW_SECONDS + 3599)) == [2, 3]
    with pytest.raises(ocsp.errors.StoreError, match="revoked 999999999999999"):
        store.look_up_with_answer(query(1), SHA1)
    assert asyncio.run(store.look_up([query(2)])) == [StatusRecord()]


def test_the_forms_of_answers_can_be_changed(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New rows are added page by page; those of other forms go."""
    monkeypatch.setattr(database.forms, "PAGE", 2)
    store.store_answers([signed(1, 1)], NOW_SECONDS)
    store.sign_ahead(ca(), [SHA1, SHA256])
    due = store.due_answers(ISSUER, NOW_SECONDS, 9)
    assert sorted((each.query.serial_number, each.form) for each in due) == [
        (1, SHA256), (2, SHA1), (2, SHA256), (3, SHA1), (3, SHA256),
    ]  # fmt: skip
    store.sign_ahead(ca(), [BOTH])
    store.add(ca(), 4)
    due = store.due_answers(ISSUER, NOW_SECONDS, 9)
    assert sorted((each.query.serial_number, each.form) for each in due) == [
        (serial, BOTH) for serial in (1, 2, 3, 4)
    ]


def test_rows_are_completed_after_an_interruption(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was stopped when a part of the rows had been added."""
    with monkeypatch.context() as patch:
        patch.setattr(database.forms, "PAGE", 1)
        patch.setattr(database.forms, "_COMPLETE", "an error in SQL")
        with pytest.raises(ocsp.errors.StoreError):
            store.sign_ahead(ca(), [SHA1, SHA256])
    store.sign_ahead(ca(), [SHA1, SHA256])
    assert len(store.due_answers(ISSUER, NOW_SECONDS, 9)) == 6


def test_open_changes_are_those_that_an_answer_does_not_show(
    store: Store,
) -> None:
    """Also when the signature of the new answer was postponed."""
    store.store_answers([signed(n, 1) for n in (1, 2, 3)], NOW_SECONDS)
    assert store.count_open_changes() == 0
    for serial in (1, 2):
        store.revoke(ca(), serial, NOW, STOLEN)
    assert (store.count_open_changes(), store.count_open_changes(last=1)) == (2, 1)
    store.postpone_answers([(query(1), SHA1)], NOW_SECONDS + 3600)
    assert store.count_open_changes() == 2
    store.store_answers(
        [signed(2, 2, record=StatusRecord.revoked(NOW, STOLEN))], NOW_SECONDS
    )
    assert store.count_open_changes() == 1
