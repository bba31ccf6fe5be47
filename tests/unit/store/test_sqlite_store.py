"""Test the store in one SQLite file."""

from __future__ import annotations

import asyncio
import datetime
import gc
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.store import SQLiteStore
from ocsp.store.sqlite.database import reader
from ocsp.store.sqlite.database.file import StatusFile
from ocsp.store.sqlite.database.schema import APPLICATION_ID
from tests.odd_files import device, fifo, loop
from tests.pki import NOW, ca

HOLD = x509.ReasonFlags.certificate_hold
HOUR = datetime.timedelta(hours=1)
STOLEN = x509.ReasonFlags.key_compromise
SUPERSEDED = x509.ReasonFlags.superseded
UNSPECIFIED = x509.ReasonFlags.unspecified
REVOKED = StatusRecord.revoked(NOW, STOLEN)
GOOD = StatusRecord()


@pytest.fixture(autouse=True)
def _check_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look-up check the file, not only the first one within 20 ms."""
    monkeypatch.setattr(reader, "CHECK_SECONDS", -1.0)


def _query(serial: int, issuer: x509.Certificate | None = None) -> StatusQuery:
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def _ask(source: StatusSource, *queries: StatusQuery) -> list[StatusRecord | None]:
    return list(asyncio.run(source.look_up(queries)))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        yield store


def test_records_are_there_after_reopening(tmp_path: Path) -> None:
    """Every record is in the file, none only in the object."""
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store:
        store.add(ca(), 5, subject="CN=five", expires=NOW)
    with SQLiteStore(path, read_only=True) as store:
        (entry,) = store.entries()
        assert _ask(store, _query(5)) == [StatusRecord(expires=NOW)]
    assert (entry.issuer, entry.serial_number) == ("CN=Test CA", 5)
    assert (entry.subject, entry.expires, entry.record) == (
        "CN=five",
        NOW,
        StatusRecord(expires=NOW),
    )


def test_a_source_that_is_deleted_closes_its_file(tmp_path: Path) -> None:
    """An application that keeps one for its whole life has no place to close it."""
    path = tmp_path / "status.db"
    SQLiteStore(path, create=True).close()
    source = SQLiteStore(path)
    connection = source._reader._connection
    assert connection is not None
    del source
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_adding_again_changes_nothing(store: SQLiteStore) -> None:
    """A revoked certificate stays revoked."""
    assert store.add(ca(), 1)
    store.revoke(ca(), 1, NOW)
    assert not store.add(ca(), 1)
    assert _ask(store, _query(1)) == [StatusRecord.revoked(NOW)]


def test_a_revocation_is_permanent_unless_on_hold(store: SQLiteStore) -> None:
    """RFC 5280 §5.3.1: a hold ends with a release or with another reason."""
    store.add(ca(), 1)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    store.revoke(ca(), 1, NOW, HOLD)
    store.release(ca(), 1)
    assert _ask(store, _query(1)) == [GOOD]
    store.revoke(ca(), 1, NOW, HOLD)
    assert store.revoke(ca(), 1, reason=STOLEN)[:2] == (True, REVOKED)
    with pytest.raises(ocsp.errors.AlreadyRevoked, match="is revoked already"):
        store.revoke(ca(), 1, NOW, HOLD)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, NOW, HOLD, change_reason=True)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    assert _ask(store, _query(1)) == [REVOKED]


def test_a_hold_begins_the_revocation(store: SQLiteStore) -> None:
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
    store: SQLiteStore,
    time: datetime.datetime | None,
    reason: x509.ReasonFlags | None,
    change_reason: bool,
) -> None:
    """The first time and the first reason stay."""
    store.add(ca(), 1)
    assert store.revoke(ca(), 1, NOW, STOLEN)[:2] == (True, REVOKED)
    again = store.revoke(ca(), 1, time, reason, change_reason=change_reason)
    assert again == (False, REVOKED, None)
    assert _ask(store, _query(1)) == [REVOKED]


@pytest.mark.parametrize(
    ("time", "reason"), [(NOW + HOUR, STOLEN), (None, SUPERSEDED), (NOW, SUPERSEDED)]
)
def test_another_revocation_is_refused(
    store: SQLiteStore,
    time: datetime.datetime | None,
    reason: x509.ReasonFlags,
) -> None:
    """With another time, or another reason."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW, STOLEN)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, time, reason)
    assert _ask(store, _query(1)) == [REVOKED]


def test_the_reason_can_be_changed_if_the_caller_says_so(store: SQLiteStore) -> None:
    """The time stays. No reason and *unspecified* are the same."""
    store.add(ca(), 1)
    store.revoke(ca(), 1, NOW)
    assert not store.revoke(ca(), 1, reason=UNSPECIFIED).changed
    changed = store.revoke(ca(), 1, reason=STOLEN, change_reason=True)
    assert changed[:2] == (True, REVOKED)
    with pytest.raises(ocsp.errors.AlreadyRevoked):
        store.revoke(ca(), 1, NOW - HOUR, SUPERSEDED, change_reason=True)


def test_a_revocation_without_time_begins_now(store: SQLiteStore) -> None:
    """By the clock of this machine."""
    store.add(ca(), 1)
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    found = store.revoke(ca(), 1).record.revocation_time
    assert found is not None
    assert before <= found <= datetime.datetime.now(datetime.UTC)


def test_an_unknown_certificate_cannot_be_changed(store: SQLiteStore) -> None:
    """A wrong serial number must not look like a successful revocation."""
    with pytest.raises(ocsp.errors.UnknownCertificate, match="serial number 0x9"):
        store.revoke(ca(), 9, NOW)
    with pytest.raises(LookupError):
        store.release(ca(), 9)
    assert list(store.entries()) == []


def test_a_revocation_for_the_reason_remove_from_crl_is_refused(
    store: SQLiteStore,
) -> None:
    """RFC 5280 §5.3.1: the reason is for delta CRLs only."""
    store.add(ca(), 1)
    with pytest.raises(ocsp.errors.ConfigError, match="delta CRLs only"):
        store.revoke(ca(), 1, NOW, x509.ReasonFlags.remove_from_crl)
    assert _ask(store, _query(1)) == [GOOD]


@given(serial=st.integers(-(2**159), 2**160))
def test_serial_numbers_keep_their_value(serial: int) -> None:
    """Also large numbers, and negative ones, which faulty CAs issue."""
    with (
        tempfile.TemporaryDirectory() as directory,
        SQLiteStore(Path(directory, "status.db"), create=True) as store,
    ):
        store.add(ca(), serial)
        assert [entry.serial_number for entry in store.entries()] == [serial]
        assert _ask(store, _query(serial), _query(serial + 1)) == [GOOD, None]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Without ``create`` no file is created."""
    path = tmp_path / "none.db"
    with pytest.raises(ocsp.errors.StoreError, match="the file does not exist"):
        SQLiteStore(path)
    assert not path.exists()


def test_other_files_are_rejected_and_unchanged(tmp_path: Path) -> None:
    """Text files and other SQLite databases, also with ``create``."""
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all\n" * 100)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for path in (text, foreign):
        before = path.read_bytes()
        for create in (False, True):
            with pytest.raises(ocsp.errors.StoreError, match=path.name):
                SQLiteStore(path, create=create)
        assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_rejected(tmp_path: Path) -> None:
    """Its schema may have changed."""
    path = tmp_path / "status.db"
    SQLiteStore(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    SQLiteStore(path).close()  # a later version that this one can read
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE setting SET value = 99 WHERE name = 'oldest_reader'")
    connection.close()
    expected = "has schema version 99; this version of ocsp supports 2"
    with pytest.raises(ocsp.errors.StoreError, match=expected):
        SQLiteStore(path)


def test_the_file_has_an_application_id(tmp_path: Path) -> None:
    """It identifies the file, for this package and for ``file``."""
    path = tmp_path / "status.db"
    SQLiteStore(path, create=True).close()
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4)


def test_a_read_only_source_cannot_write(tmp_path: Path) -> None:
    """The responder needs no permission to write."""
    path = tmp_path / "status.db"
    SQLiteStore(path, create=True).close()
    with (
        SQLiteStore(path, read_only=True) as store,
        pytest.raises(ocsp.errors.StoreError, match="readonly"),
    ):
        store.add(ca(), 1)


def test_a_file_that_breaks_in_use_is_unavailable(tmp_path: Path) -> None:
    """The responder returns tryLater; the driver's error is the cause."""
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store:
        store.add(ca(), 1)
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE certificate")
        connection.close()
        with pytest.raises(ocsp.errors.SourceUnavailable) as failed:
            _ask(store, _query(1))
        assert isinstance(failed.value.__cause__, sqlite3.Error)


def test_a_failed_change_leaves_the_file_unchanged(store: SQLiteStore) -> None:
    """One transaction: not even the row of the issuer is added."""
    with pytest.raises(ocsp.errors.UnknownCertificate):
        store.revoke(ca("Other CA"), 1, NOW)
    assert list(store.entries()) == []


def test_threads_may_share_a_source(store: SQLiteStore) -> None:
    """Threads write and read at the same time; no record is lost."""

    def work(first: int) -> None:
        for serial in range(first, first + 50):
            store.add(ca(), serial)
            assert store.look_up_now([_query(serial)]) == [GOOD]

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(store.entries())) == 200


def test_two_processes_may_have_the_file_open(tmp_path: Path) -> None:
    """A source returns what another process has written."""
    path = tmp_path / "status.db"
    with (
        SQLiteStore(path, create=True) as writer,
        SQLiteStore(path, read_only=True) as reader,
    ):
        assert _ask(reader, _query(1)) == [None]
        writer.add(ca(), 1)
        assert _ask(reader, _query(1)) == [GOOD]
        writer.revoke(ca(), 1, NOW, STOLEN)
        assert _ask(reader, _query(1)) == [REVOKED]


def test_changes_of_a_transaction_are_made_together(tmp_path: Path) -> None:
    """Another process sees none of them before the end, then all."""
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store, SQLiteStore(path) as other:
        with store.transaction():
            for serial in (1, 2):
                store.add(ca(), serial)
                store.revoke(ca(), serial, NOW, STOLEN)
            assert _ask(other, _query(1), _query(2)) == [None, None]
        assert _ask(other, _query(1), _query(2)) == [REVOKED, REVOKED]


@pytest.mark.parametrize("serials", [(1, 2, 9), (9, 1, 2), (1, 9, 2)])
def test_a_transaction_that_fails_changes_nothing(
    store: SQLiteStore, serials: tuple[int, ...]
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
    assert _ask(store, _query(1), _query(2)) == [GOOD, GOOD]
    assert store.revoke(ca(), 1, NOW, STOLEN).changed


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Each waits for the transaction of the other."""
    path = tmp_path / "status.db"
    stores = [SQLiteStore(path, create=True) for _ in range(4)]

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


# --- a file that is replaced while it is open -----------------------------------------


def _made(path: Path, *, revoked: bool) -> Path:
    """Write a status file in which serial number 1 is good or revoked."""
    with SQLiteStore(path, create=True) as store:
        store.add(ca(), 1)
        if revoked:
            store.revoke(ca(), 1, NOW, STOLEN)
    return path


@pytest.fixture(name="served")
def _served(tmp_path: Path) -> Iterator[SQLiteStore]:
    """Return a source, as a responder opens it, in which serial number 1 is good."""
    with SQLiteStore(
        _made(tmp_path / "served.db", revoked=False), read_only=True
    ) as source:
        assert _ask(source, _query(1)) == [GOOD]
        yield source


def _require_unavailable(source: SQLiteStore) -> None:
    for _ in range(2):
        with pytest.raises(ocsp.errors.SourceUnavailable, match=r"served\.db"):
            _ask(source, _query(1))


def test_a_replaced_file_is_read(served: SQLiteStore, tmp_path: Path) -> None:
    """As after ``mv new.db served.db``."""
    _made(tmp_path / "new.db", revoked=True).replace(tmp_path / "served.db")
    assert _ask(served, _query(1)) == [REVOKED]
    assert [each.record for each in served.entries()] == [REVOKED]
    _made(tmp_path / "new.db", revoked=False).replace(tmp_path / "served.db")
    assert _ask(served, _query(1)) == [GOOD]


def test_a_file_that_changes_while_it_is_opened_is_read(
    served: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes to the same file: that is no replacement."""
    path = tmp_path / "served.db"
    connect = StatusFile.open_reader

    def connect_late(self: StatusFile, *, read_only: bool) -> sqlite3.Connection:
        connection = connect(self, read_only=read_only)
        if read_only:
            with SQLiteStore(path) as writer:
                writer.add(ca(), x509.random_serial_number())
        return connection

    monkeypatch.setattr(StatusFile, "open_reader", connect_late)
    with SQLiteStore(path) as writer:
        writer.revoke(ca(), 1, NOW, STOLEN)
    for _ in range(2):
        assert _ask(served, _query(1)) == [REVOKED]


def test_a_file_that_is_replaced_while_it_is_opened_is_unavailable(
    served: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: the next request reads the new file."""
    path = tmp_path / "served.db"
    _made(tmp_path / "first.db", revoked=False).replace(path)
    _made(tmp_path / "second.db", revoked=True)
    connect = StatusFile.open_reader

    def connect_early(self: StatusFile, *, read_only: bool) -> sqlite3.Connection:
        connection = connect(self, read_only=read_only)
        monkeypatch.setattr(StatusFile, "open_reader", connect)
        (tmp_path / "second.db").replace(path)
        return connection

    monkeypatch.setattr(StatusFile, "open_reader", connect_early)
    with pytest.raises(ocsp.errors.SourceUnavailable, match="is replacing the file"):
        _ask(served, _query(1))
    assert _ask(served, _query(1)) == [REVOKED]


def test_a_file_behind_a_link_is_followed(tmp_path: Path) -> None:
    """A release is often switched by a symbolic link."""
    link = tmp_path / "served.db"
    link.symlink_to(_made(tmp_path / "old.db", revoked=False))
    with SQLiteStore(link, read_only=True) as source:
        assert _ask(source, _query(1)) == [GOOD]
        link.unlink()
        link.symlink_to(_made(tmp_path / "new.db", revoked=True))
        assert _ask(source, _query(1)) == [REVOKED]


def test_a_copy_over_the_file_is_read(tmp_path: Path) -> None:
    """As after ``cp backup.db served.db``, even with an equal change counter."""
    path = _made(tmp_path / "served.db", revoked=False)
    backup = path.read_bytes()
    with SQLiteStore(path) as writer:
        writer.add(ca(), 2)
    with SQLiteStore(path, read_only=True) as source:
        assert _ask(source, _query(1), _query(2)) == [GOOD, GOOD]
        path.write_bytes(backup)
        with SQLiteStore(path) as writer:
            writer.revoke(ca(), 1, NOW, STOLEN)
        assert _ask(source, _query(1), _query(2)) == [REVOKED, None]


def test_a_deleted_file_is_unavailable_until_it_is_back(
    served: SQLiteStore, tmp_path: Path
) -> None:
    """The deleted file is still open, but its content is no longer the status."""
    path = tmp_path / "served.db"
    path.rename(tmp_path / "kept.db")
    _require_unavailable(served)
    _made(path, revoked=True)
    assert _ask(served, _query(1)) == [REVOKED]
    path.unlink()
    _require_unavailable(served)
    (tmp_path / "kept.db").rename(path)
    assert _ask(served, _query(1)) == [GOOD]


@pytest.mark.parametrize("content", [b"", b"not a database\n" * 500, None])
def test_a_file_with_another_content_is_unavailable(
    served: SQLiteStore, tmp_path: Path, content: bytes | None
) -> None:
    """Emptied, overwritten, truncated; the restored file is read again."""
    path = tmp_path / "served.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    _require_unavailable(served)
    path.write_bytes(whole)
    assert _ask(served, _query(1)) == [GOOD]


def test_a_directory_in_place_of_the_file_is_unavailable(
    served: SQLiteStore, tmp_path: Path
) -> None:
    """Or a file that cannot be opened for another reason."""
    path = tmp_path / "served.db"
    path.unlink()
    path.mkdir()
    _require_unavailable(served)
    path.rmdir()
    _made(path, revoked=True)
    assert _ask(served, _query(1)) == [REVOKED]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs the files of POSIX")
@pytest.mark.parametrize("suffix", ["", "-journal", "-wal"])
@pytest.mark.parametrize("make", [fifo, device, loop, Path.mkdir])
def test_another_kind_of_file_is_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None], suffix: str
) -> None:
    """In place of the file, or beside it; also for a source that only reads."""
    path = tmp_path / "status.db"
    if suffix:
        _made(path, revoked=False)
    make(tmp_path / f"status.db{suffix}")
    for read_only, create in ((True, False), (False, False), (False, True)):
        with pytest.raises(ocsp.errors.StoreError) as caught:
            SQLiteStore(path, read_only=read_only, create=create)
        assert str(caught.value).startswith(f"{path}{suffix}: ")


def test_a_file_without_permission_is_unavailable(
    served: SQLiteStore, tmp_path: Path
) -> None:
    """After it was replaced; the responder goes on when it may read the file."""
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    path = tmp_path / "served.db"
    _made(tmp_path / "new.db", revoked=True).replace(path)
    path.chmod(0)
    _require_unavailable(served)
    path.chmod(0o600)
    assert _ask(served, _query(1)) == [REVOKED]


def test_a_change_is_never_made_to_a_deleted_file(tmp_path: Path) -> None:
    """It would be lost; after a replacement it is made to the new file."""
    path = _made(tmp_path / "status.db", revoked=False)
    with SQLiteStore(path) as store:
        path.unlink()
        with pytest.raises(ocsp.errors.StoreError, match="does not exist"):
            store.revoke(ca(), 1, NOW, STOLEN)
        _made(path, revoked=False)
        assert store.revoke(ca(), 1, NOW, STOLEN).changed
    with SQLiteStore(path) as other:
        assert _ask(other, _query(1)) == [REVOKED]


def test_statuses_are_counted_by_issuer(store: SQLiteStore) -> None:
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


def test_the_history_of_a_certificate_has_its_last_changes(store: SQLiteStore) -> None:
    """The newest comes first, and other certificates do not appear."""
    for serial in (1, 2):
        store.add(ca(), serial)
        store.revoke(ca(), serial, reason=x509.ReasonFlags.certificate_hold)
    store.release(ca(), 1)
    found = store.history(IssuerKey.of(ca()), 1)
    assert [event.after.status.name for event in found] == ["GOOD", "REVOKED"]
    assert {event.serial_number for event in found} == {1}
    assert store.history(IssuerKey.of(ca()), 1, limit=1) == found[:1]
    assert store.history(IssuerKey.of(ca("Other CA")), 1) == []
