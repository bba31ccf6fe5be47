"""Changes of status: what they mean, who sees them, and what is refused."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import threading

import psycopg
import pytest
from cryptography import x509

import ocsp
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.store import CertificateRow, Store
from tests.pki import NOW, ca
from tests.unit.status import contract as source_contract
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import query

HOLD = x509.ReasonFlags.certificate_hold
HOUR = datetime.timedelta(hours=1)
STOLEN = x509.ReasonFlags.key_compromise
SUPERSEDED = x509.ReasonFlags.superseded
UNSPECIFIED = x509.ReasonFlags.unspecified
REVOKED = StatusRecord.revoked(NOW, STOLEN)
GOOD = StatusRecord()


def _ask(source: StatusSource, *queries: StatusQuery) -> list[StatusRecord | None]:
    return list(asyncio.run(source.look_up(queries)))


def test_records_are_there_after_reopening(database: Database) -> None:
    """Every record is in the database, none only in the object."""
    with database.open(create=True) as store:
        store.add(ca(), 5, subject="CN=five", expires=NOW)
    with database.open(read_only=True) as store:
        (entry,) = store.entries()
        assert _ask(store, query(5)) == [StatusRecord(expires=NOW)]
    assert (entry.issuer, entry.serial_number) == ("CN=Test CA", 5)
    assert (entry.subject, entry.expires, entry.record) == (
        "CN=five",
        NOW,
        StatusRecord(expires=NOW),
    )


def test_adding_again_changes_nothing(store: Store) -> None:
    """A revoked certificate stays revoked."""
    assert store.add(ca(), 1)
    store.revoke(ca(), 1, NOW)
    assert not store.add(ca(), 1)
    assert _ask(store, query(1)) == [StatusRecord.revoked(NOW)]


def test_a_revocation_is_permanent_unless_on_hold(store: Store) -> None:
    """RFC 5280 §5.3.1: a hold ends with a release or with another reason."""
    store.add(ca(), 1)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    store.revoke(ca(), 1, NOW, HOLD)
    store.release(ca(), 1)
    assert _ask(store, query(1)) == [GOOD]
    store.revoke(ca(), 1, NOW, HOLD)
    assert store.revoke(ca(), 1, reason=STOLEN)[:2] == (True, REVOKED)
    with pytest.raises(ocsp.errors.AlreadyRevoked, match="is revoked already"):
        store.revoke(ca(), 1, NOW, HOLD)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, NOW, HOLD, change_reason=True)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    assert _ask(store, query(1)) == [REVOKED]


def test_a_hold_begins_the_revocation(store: Store) -> None:
    """Unless the caller gives another time. A hold without a reason ends the hold."""
    for serial, time, expected in ((1, None, NOW), (2, NOW + HOUR, NOW + HOUR)):
        store.add(ca(), serial)
        store.revoke(ca(), serial, NOW, HOLD)
        assert not store.revoke(ca(), serial, reason=HOLD).changed
        found = store.revoke(ca(), serial, time)
        assert found[:2] == (True, StatusRecord.revoked(expected))


@pytest.mark.parametrize(
    ("time", "reason"),
    [(None, None), (None, STOLEN), (NOW, STOLEN), (NOW, None)],
)
@pytest.mark.parametrize("change_reason", [False, True])
def test_revoking_again_changes_nothing(
    store: Store,
    time: datetime.datetime | None,
    reason: x509.ReasonFlags | None,
    change_reason: bool,
) -> None:
    """The first time and the first reason stay."""
    store.add(ca(), 1)
    assert store.revoke(ca(), 1, NOW, STOLEN)[:2] == (True, REVOKED)
    again = store.revoke(ca(), 1, time, reason, change_reason=change_reason)
    assert again == (False, REVOKED, None)
    assert _ask(store, query(1)) == [REVOKED]


@pytest.mark.parametrize(
    ("time", "reason"), [(NOW + HOUR, STOLEN), (None, SUPERSEDED), (NOW, SUPERSEDED)]
)
def test_another_revocation_is_refused(
    store: Store,
    time: datetime.datetime | None,
    reason: x509.ReasonFlags,
) -> None:
    """With another time, or another reason."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW, STOLEN)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, time, reason)
    assert _ask(store, query(1)) == [REVOKED]


def test_the_reason_can_be_changed_if_the_caller_says_so(store: Store) -> None:
    """The time stays. No reason and *unspecified* are the same."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW)
    assert not store.revoke(ca(), 1, reason=UNSPECIFIED).changed
    changed = store.revoke(ca(), 1, reason=STOLEN, change_reason=True)
    assert changed[:2] == (True, REVOKED)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, NOW - HOUR, SUPERSEDED, change_reason=True)


def test_a_revocation_without_time_begins_now(store: Store) -> None:
    """By the clock of this machine."""
    store.add(ca(), 1)
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    found = store.revoke(ca(), 1).record.revocation_time
    assert found is not None
    assert before <= found <= datetime.datetime.now(datetime.UTC)


def test_an_unknown_certificate_cannot_be_changed(store: Store) -> None:
    """A wrong serial number must not look like a successful revocation."""
    with pytest.raises(ocsp.errors.UnknownCertificate, match="serial number 0x9"):
        store.revoke(ca(), 9, NOW)
    with pytest.raises(LookupError):
        store.release(ca(), 9)
    assert list(store.entries()) == []


def test_a_revocation_for_the_reason_remove_from_crl_is_refused(
    store: Store,
) -> None:
    """RFC 5280 §5.3.1: the reason is for delta CRLs only."""
    store.add(ca(), 1)
    with pytest.raises(ocsp.errors.ConfigError, match="delta CRLs only"):
        store.revoke(ca(), 1, NOW, x509.ReasonFlags.remove_from_crl)
    assert _ask(store, query(1)) == [GOOD]


@pytest.mark.parametrize(
    "serial", [0, 1, -1, 127, 128, -128, -129, 2**159, 2**160 - 1, -(2**159), 2**1000]
)
def test_serial_numbers_keep_their_value(store: Store, serial: int) -> None:
    """Also large numbers, and negative ones, which faulty CAs issue."""
    store.add(ca(), serial)
    assert [entry.serial_number for entry in store.entries()] == [serial]
    assert _ask(store, query(serial), query(serial + 1)) == [GOOD, None]


def test_a_read_only_source_cannot_write(database: Database) -> None:
    """The responder needs no permission to write."""
    database.open(create=True).close()
    with (
        database.open(read_only=True) as store,
        pytest.raises(ocsp.errors.StoreError, match="readonly"),
    ):
        store.add(ca(), 1)


def test_a_database_that_breaks_in_use_is_unavailable(database: Database) -> None:
    """The responder returns tryLater; the driver's error is the cause."""
    with database.open(create=True) as store:
        store.add(ca(), 1)
        database.break_tables()
        with pytest.raises(ocsp.errors.SourceUnavailable) as failed:
            _ask(store, query(1))
        assert isinstance(failed.value.__cause__, sqlite3.Error | psycopg.Error)


def test_a_failed_change_leaves_the_database_unchanged(store: Store) -> None:
    """One transaction: not even the row of the issuer is added."""
    with pytest.raises(ocsp.errors.UnknownCertificate):
        store.revoke(ca("Other CA"), 1, NOW)
    assert list(store.entries()) == []


def test_threads_may_share_a_source(store: Store) -> None:
    """Threads write and read at the same time; no record is lost."""

    def work(first: int) -> None:
        for serial in range(first, first + 50):
            store.add(ca(), serial)
            assert _ask(store, query(serial)) == [GOOD]

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(store.entries())) == 200


def test_two_processes_may_use_the_database(database: Database) -> None:
    """A source returns what another process has written."""
    with (
        database.open(create=True) as writer,
        database.open(read_only=True) as reader,
    ):
        assert _ask(reader, query(1)) == [None]
        writer.add(ca(), 1)
        assert _ask(reader, query(1)) == [GOOD]
        writer.revoke(ca(), 1, NOW, STOLEN)
        assert _ask(reader, query(1)) == [REVOKED]


def test_changes_of_a_transaction_are_made_together(database: Database) -> None:
    """Another process sees none of them before the end, then all."""
    with database.open(create=True) as store, database.open() as other:
        with store.transaction():
            for serial in (1, 2):
                store.add(ca(), serial)
                store.revoke(ca(), serial, NOW, STOLEN)
            assert _ask(other, query(1), query(2)) == [None, None]
        assert _ask(other, query(1), query(2)) == [REVOKED, REVOKED]


@pytest.mark.parametrize("serials", [(1, 2, 9), (9, 1, 2), (1, 9, 2)])
def test_a_transaction_that_fails_changes_nothing(
    store: Store, serials: tuple[int, ...]
) -> None:
    """And the store can be used after it."""
    store.add(ca(), 1)
    store.add(ca(), 2)

    def revoke_all() -> None:
        with store.transaction():
            for serial in serials:
                store.revoke(ca(), serial, NOW, STOLEN)

    with pytest.raises(ocsp.errors.UnknownCertificate, match="0x9"):
        revoke_all()
    assert _ask(store, query(1), query(2)) == [GOOD, GOOD]
    assert store.revoke(ca(), 1, NOW, STOLEN).changed


def test_a_part_of_a_transaction_that_fails_is_taken_back(store: Store) -> None:
    """As a whole, if the caller goes on; what was done before and after it stays."""
    rows = [CertificateRow(serial_number=number) for number in (2, 2**2000)]
    with store.transaction():
        store.add(ca(), 1)
        with pytest.raises(ocsp.errors.StoreError, match=r"(?i)check"):
            store.import_rows(ca(), rows, digest=bytes(32), done=2)
        store.add(ca(), 3)
    assert [entry.serial_number for entry in store.entries()] == [1, 3]


def test_processes_that_write_at_the_same_time_lose_nothing(database: Database) -> None:
    """Each waits for the transaction of the other."""
    stores = [database.open(create=True) for _ in range(4)]

    def work(number: int) -> None:
        for serial in range(100 * number, 100 * number + 10):
            with stores[number].transaction():
                stores[number].add(ca(), serial)
                stores[number].revoke(ca(), serial, NOW, STOLEN)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.record for each in stores[0].entries()] == [REVOKED] * 40
    for store in stores:
        store.close()


def test_statuses_are_counted_by_issuer(store: Store) -> None:
    """A certificate on hold counts as neither good nor revoked."""
    for serial in range(1, 7):
        store.add(ca(), serial)
    store.add(ca("Other CA"), 1)
    store.revoke(ca(), 1)
    store.revoke(ca(), 2, reason=x509.ReasonFlags.key_compromise)
    store.revoke(ca(), 3, reason=x509.ReasonFlags.certificate_hold)
    assert store.count(IssuerKey.of(ca())) == (3, 2, 1)
    assert store.count(IssuerKey.of(ca("Other CA"))).total == 1
    assert store.count(IssuerKey.of(ca("Third CA"))) == (0, 0, 0)


def test_the_history_of_a_certificate_has_its_last_events(store: Store) -> None:
    """The newest comes first, and other certificates do not appear."""
    for serial in (1, 2):
        store.add(ca(), serial)
        store.revoke(ca(), serial, reason=x509.ReasonFlags.certificate_hold)
    store.release(ca(), 1)
    found = store.history(IssuerKey.of(ca()), 1)
    assert [event.action for event in found] == ["changed", "changed", "added"]
    assert [event.after for event in found[::2]] == [GOOD, GOOD]
    assert {event.serial_number for event in found} == {1}
    assert store.history(IssuerKey.of(ca()), 1, limit=1) == found[:1]
    assert store.history(IssuerKey.of(ca("Other CA")), 1) == []


@pytest.mark.usefixtures("_impatient")
def test_a_store_is_a_source(database: Database, store: Store) -> None:
    """What holds for every source of status holds for every store."""
    store.add(ca(), source_contract.GOOD)
    store.add(ca(), source_contract.REVOKED)
    store.revoke(ca(), source_contract.REVOKED, NOW, source_contract.STOLEN)
    source_contract.check(
        source_contract.Scene(
            source=store,
            revoke=lambda: store.revoke(ca(), source_contract.GOOD, NOW),
            remove=database.remove,
        )
    )
