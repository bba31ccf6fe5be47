"""Imports in batches, lists, the history, and what is deleted."""

from __future__ import annotations

import asyncio
import datetime
import getpass
import socket

import pytest
from cryptography import x509

import ocsp
from ocsp import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.store import CertificateRow, ImportedBatch, Pruned, Store, listing
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
GOOD, REVOKED = StatusRecord(), StatusRecord.revoked(NOW, STOLEN)
ON_HOLD = StatusRecord.revoked(NOW, HOLD)
DAY = datetime.timedelta(days=1)
FILE = bytes(32)


def _rows(*records: StatusRecord) -> list[CertificateRow]:
    return [
        CertificateRow(serial_number=n, subject=f"CN={n}", record=record)
        for n, record in enumerate(records, 1)
    ]


def _records(store: Store, *serials: int) -> list[StatusRecord | None]:
    return list(asyncio.run(store.look_up([query(n) for n in serials])))


def test_a_batch_adds_and_revokes(store: Store) -> None:
    """No certificate becomes good, and a hold may become permanent."""
    rows = _rows(GOOD, REVOKED, ON_HOLD, ON_HOLD)
    done = store.import_rows(ca(), rows, digest=FILE, done=4)
    assert done == ImportedBatch(4, 0, 0, None)
    assert _records(store, 1, 2, 3, 4) == [GOOD, REVOKED, ON_HOLD, ON_HOLD]
    rows = _rows(REVOKED, GOOD, REVOKED, GOOD, GOOD)
    assert store.import_rows(ca(), rows, digest=FILE, done=9) == (1, 2, 2, 3)
    assert _records(store, 1, 2, 3, 4, 5) == [REVOKED, REVOKED, REVOKED, ON_HOLD, GOOD]
    assert store.import_rows(ca(), rows, digest=FILE, done=9) == (0, 0, 5, None)


def test_an_import_says_how_far_it_is(store: Store) -> None:
    """For each file and issuer, so that it can go on after an interruption."""
    issuer = query(1).issuer
    assert store.imported_rows(issuer, FILE) == 0
    store.import_rows(ca(), _rows(GOOD), digest=FILE, done=1, name="index.txt")
    store.import_rows(ca(), _rows(GOOD, GOOD), digest=FILE, done=2)
    assert store.imported_rows(issuer, FILE) == 2
    assert store.imported_rows(issuer, bytes(31) + b"1") == 0
    assert store.imported_rows(query(1, ca("Other CA")).issuer, FILE) == 0


def test_a_batch_with_a_row_that_is_refused_changes_nothing(store: Store) -> None:
    """All or nothing, and the count stays."""
    rows = [*_rows(GOOD), CertificateRow(serial_number=2**2000)]
    with pytest.raises(ocsp.errors.StoreError, match=r"(?i)check"):
        store.import_rows(ca(), rows, digest=FILE, done=2)
    assert _records(store, 1) == [None]
    assert store.imported_rows(query(1).issuer, FILE) == 0


def test_everything_that_was_imported_comes_back(store: Store) -> None:
    """Subject, expiry, hash, time, reason and invalidity date."""
    record = StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=NOW,
        revocation_reason=STOLEN,
        invalidity_date=NOW - DAY,
        cert_hash=bytes(range(32)),
    )
    row = CertificateRow(
        serial_number=-5, subject="CN=ü", expires=NOW + DAY, record=record
    )
    store.import_rows(ca(), [row], digest=FILE, done=1)
    entry = store.find(query(1).issuer, -5)
    assert entry is not None
    assert (entry.subject, entry.expires) == ("CN=ü", NOW + DAY)
    assert (entry.record.cert_hash, entry.record.expires) == (
        bytes(range(32)),
        NOW + DAY,
    )
    assert entry.record.invalidity_date == NOW - DAY
    assert store.find(query(1).issuer, 5) is None


def test_imported_certificates_are_signed_ahead(store: Store) -> None:
    """Their rows are made in the same transaction."""
    store.sign_ahead(ca(), [SHA1])
    with store.transaction():
        store.import_rows(ca(), _rows(GOOD, REVOKED), digest=FILE, done=2)
        store.add(ca(), 3)
    assert store.count_due(query(1).issuer, NOW_SECONDS) == 3


# --- lists ----------------------------------------------------------------------------


def test_lists_are_read_page_by_page(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With conditions; several issuers in turn."""
    monkeypatch.setattr(listing, "PAGE", 2)
    store.import_rows(ca(), _rows(GOOD, REVOKED, GOOD, ON_HOLD), digest=FILE, done=4)
    store.import_rows(ca("Other CA"), _rows(REVOKED), digest=FILE, done=1)
    store.add(ca(), 9, expires=NOW)
    other = query(1, ca("Other CA")).issuer

    def serials(**conditions: object) -> list[int]:
        entries = store.entries(**conditions)  # type: ignore[arg-type]
        return [entry.serial_number for entry in entries]

    assert serials() == [1, 2, 3, 4, 9, 1]
    assert serials(issuer=other) == [1]
    assert serials(status=OCSPCertStatus.GOOD) == [1, 3, 9]
    assert serials(status=OCSPCertStatus.REVOKED) == [2, 4, 1]
    assert serials(expires_before=NOW + DAY) == [9]
    assert serials(revoked_since=NOW) == [2, 4, 1]
    assert serials(revoked_since=NOW + DAY) == []
    assert [each.subject for each in store.issuers()] == ["CN=Test CA", "CN=Other CA"]
    assert {each.key for each in store.issuers()} == {query(1).issuer, other}


def test_the_history_says_who_changed_what(store: Store, database: Database) -> None:
    """When, and from where; another program says nothing about itself."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW, HOLD)
    store.release(ca(), 1)
    database.execute("UPDATE certificate SET revoked = 5")
    added, first, second, third = store.events()
    assert (first.before, first.after, first.version) == (GOOD, ON_HOLD, 2)
    assert (second.before, second.after, second.version) == (ON_HOLD, GOOD, 3)
    assert first.who is not None
    assert first.who.partition(" ")[0] == getpass.getuser()
    assert (first.host, first.program) == (socket.gethostname(), "the tests")
    assert (third.who, third.host, third.program) == (None, None, None)
    assert third.after.revocation_time is not None
    age = datetime.datetime.now(datetime.UTC) - first.at
    assert datetime.timedelta() <= age < DAY
    assert list(store.events(first.id)) == [second, third]
    assert (added.who, added.program) == (first.who, "the tests")


# --- what is deleted ------------------------------------------------------------------


def test_expired_certificates_are_deleted(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, with their answers; others stay."""
    monkeypatch.setattr(database.pruning, "PAGE", 2)
    store.sign_ahead(ca(), [SHA1])
    store.add_signer(ca())
    old = datetime.datetime.now(datetime.UTC) - 10 * DAY
    for serial, expires in enumerate((old, None, old, old + 9 * DAY, old), 1):
        store.add(ca(), serial, expires=expires)
    store.revoke(ca(), 5, NOW, STOLEN)
    store.store_answers([signed(1, 1)], NOW_SECONDS)
    assert store.prune(expired_before=old + DAY) == Pruned(3, 0)
    assert [entry.serial_number for entry in store.entries()] == [2, 4]
    assert store.count_due(query(1).issuer, NOW_SECONDS) == 2
    assert store.prune() == (0, 0)


def test_old_events_are_deleted_but_those_of_the_last_day_stay(
    store: Store, database: Database
) -> None:
    """Responders have to read them."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW, STOLEN)
    database.execute(
        "INSERT INTO event (at, issuer_id, serial, version) VALUES (5, 1, '\\x01', 9)"
    )
    now = datetime.datetime.now(datetime.UTC)
    assert store.prune(events_before=now) == (0, 1)
    assert [event.version for event in store.events()] == [1, 2, None]


@pytest.mark.parametrize("key", ["expired_before", "events_before"])
def test_a_time_in_the_future_is_refused(store: Store, key: str) -> None:
    """It would delete certificates that are still used."""
    future = datetime.datetime.now(datetime.UTC) + DAY
    with pytest.raises(ocsp.ConfigError, match=f"{key}.*is in the future"):
        store.prune(**{key: future})
