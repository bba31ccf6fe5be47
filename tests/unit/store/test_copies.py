"""Backup, restore, and the conversion of files of schema version 1."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from ocsp.responder import StatusRecord
from ocsp.store import SQLiteStore, backup, restore, upgrade_store
from ocsp.store.sqlite.copies import Restored
from ocsp.store.sqlite.database.file import StatusFile
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

GOOD, REVOKED = StatusRecord(), StatusRecord.revoked(NOW)
HOLD = x509.ReasonFlags.certificate_hold
OLD = """
PRAGMA application_id = 1329812304;
PRAGMA user_version = 1;
CREATE TABLE issuer (
    id INTEGER PRIMARY KEY, name_hash BLOB NOT NULL, key_hash BLOB NOT NULL,
    subject TEXT NOT NULL, UNIQUE (name_hash, key_hash)
);
CREATE TABLE certificate (
    issuer_id INTEGER NOT NULL REFERENCES issuer (id), serial BLOB NOT NULL,
    subject TEXT NOT NULL, expires INTEGER, revoked INTEGER, reason INTEGER,
    CHECK (reason IS NULL OR revoked IS NOT NULL), PRIMARY KEY (issuer_id, serial)
) WITHOUT ROWID;
"""


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return a file with certificate 1, which is good and has a stored answer."""
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store:
        store.add(ca(), 1)
        store.add_signer(ca())
        store.store_answers([signed(1, 1)], NOW_SECONDS)
    return path


def test_a_backup_has_what_was_complete(path: Path, tmp_path: Path) -> None:
    """Also what is only in the write-ahead log; it is one file."""
    with SQLiteStore(path) as store, SQLiteStore(path) as other:
        with store.transaction():
            store.revoke(ca(), 1, NOW)
        with other.transaction():
            other.add(ca(), 2)
            backup(path, tmp_path / "backup.db")
    assert not list(tmp_path.glob("backup.db-*"))
    with SQLiteStore(tmp_path / "backup.db") as copy:
        assert copy.look_up_now([query(1), query(2)]) == [REVOKED, None]
    with pytest.raises(ocsp.errors.StoreError, match="exists already"):
        backup(path, tmp_path / "backup.db")


def test_a_backup_that_cannot_be_written_is_named(path: Path, tmp_path: Path) -> None:
    """Not the status file, which is in order."""
    with pytest.raises(
        ocsp.errors.StoreError,
        match=r"nowhere/backup\.db: the dir.*/nowhere does not exist",
    ):
        backup(path, tmp_path / "nowhere" / "backup.db")


def test_a_restored_backup_is_read_by_those_that_run(
    path: Path, tmp_path: Path
) -> None:
    """They drop everything; the report says what is lost."""
    backup(path, tmp_path / "backup.db")
    with SQLiteStore(path) as worker, SQLiteStore(path) as writer:
        worker.poll_changes()
        writer.revoke(ca(), 1, NOW)
        assert len(worker.poll_changes().queries) == 1
        assert restore(tmp_path / "backup.db", path) == Restored(1)
        assert worker.poll_changes().everything
        found = worker.look_up_with_answer(query(1), SHA1)
        assert found == (GOOD, 1, signed(1, 1).answer)
        assert writer.revoke(ca(), 1, NOW).changed
        assert worker.look_up_now([query(1)]) == [REVOKED]
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "backup.db",
        "status.db",
    ]


def test_only_lost_changes_are_counted(path: Path, tmp_path: Path) -> None:
    """Not the certificates that were added; nothing is said if events were deleted."""
    for lost in (2, None):
        backup(path, tmp_path / f"{lost}.db")
        with SQLiteStore(path) as store:
            store.revoke(ca(), 1, NOW, HOLD)
            store.add(ca(), 2)
            store.release(ca(), 1)
        if lost is None:
            with sqlite3.connect(path) as file:
                file.execute("DROP TRIGGER event_stays")
                file.execute("DELETE FROM event WHERE id <= 3")
        assert restore(tmp_path / f"{lost}.db", path) == Restored(lost)


def test_a_restored_database_has_another_identity(path: Path, tmp_path: Path) -> None:
    """So the number of an event means something else."""
    backup(path, tmp_path / "backup.db")
    restore(tmp_path / "backup.db", path)
    assert restore(tmp_path / "backup.db", path) == Restored(None)


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 500])
def test_a_file_that_is_lost_can_be_restored(
    path: Path, tmp_path: Path, content: bytes | None
) -> None:
    """That is what backups are for."""
    backup(path, tmp_path / "backup.db")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert restore(tmp_path / "backup.db", path) == Restored(None)
    with SQLiteStore(path) as store:
        assert store.look_up_now([query(1)]) == [GOOD]


def test_the_log_of_a_damaged_file_is_never_beside_the_restored_one(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that opens the file in this moment would apply the log to it."""
    backup(path, tmp_path / "backup.db")
    log = path.with_name(f"{path.name}-wal")
    replace, seen = Path.replace, []

    def note(self: Path, target: Path) -> Path:
        if Path(target) == path:
            seen.append(log.exists())
        return replace(self, target)

    with SQLiteStore(path) as writer:
        writer.add(ca(), 77)
        assert log.stat().st_size > 0
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
        monkeypatch.setattr(Path, "replace", note)
        restore(tmp_path / "backup.db", path)
    assert seen == [False]
    assert list(tmp_path.glob("*-old-*")) == []
    with SQLiteStore(path) as restored:
        assert restored.look_up_now([query(77)]) == [None]


def test_a_file_whose_damage_shows_when_it_is_open_can_be_restored(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of its log are sound, and others are not."""
    backup(path, tmp_path / "backup.db")
    open_writer = StatusFile.open_writer

    def fail(self: StatusFile) -> sqlite3.Connection:
        if self.path == path:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return open_writer(self)

    monkeypatch.setattr(StatusFile, "open_writer", fail)
    assert restore(tmp_path / "backup.db", path) == Restored(None)


def test_a_damaged_backup_is_refused(path: Path, tmp_path: Path) -> None:
    """The file stays as it is."""
    copy = tmp_path / "backup.db"
    backup(path, copy)
    data = bytearray(copy.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    copy.write_bytes(data)
    with pytest.raises(ocsp.errors.StoreError):
        restore(copy, path)
    with SQLiteStore(path) as store:
        assert store.look_up_now([query(1)]) == [GOOD]
    assert len(list(tmp_path.iterdir())) == 2


def _old_file(path: Path, rows: str) -> Path:
    key = query(1).issuer
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD)
        connection.execute("INSERT INTO issuer VALUES (7, ?, ?, 'CN=Test CA')", key)
        connection.execute(f"INSERT INTO certificate VALUES {rows}")
    connection.close()
    return path


def test_a_file_of_an_older_release_is_converted(tmp_path: Path) -> None:
    """Until then it is refused, with the command."""
    rows = "(7, x'01', 'CN=one', 5, NULL, NULL), (7, x'02', '', NULL, 1000, 6)"
    path = _old_file(tmp_path / "status.db", rows)
    with pytest.raises(ocsp.errors.StoreError, match="ocsp status upgrade"):
        SQLiteStore(path)
    assert upgrade_store(path)
    assert not upgrade_store(path)
    with SQLiteStore(path) as store:
        one, two = store.entries()
        assert (one.subject, one.record.status.name) == ("CN=one", "GOOD")
        assert one.expires is not None
        assert one.expires.timestamp() == 5
        assert list(store.events()) == []  # they were added without a history
        assert store.release(ca(), 2).changed
        store.add(ca(), 3)
        assert [event.action for event in store.events()] == ["changed", "added"]
        assert two.version == 1
    assert [each.name for each in tmp_path.iterdir()] == ["status.db"]


def test_a_file_with_rows_that_mean_nothing_is_not_converted(tmp_path: Path) -> None:
    """The old file stays, and the error shows the row."""
    path = _old_file(tmp_path / "status.db", "(7, x'01', '', NULL, 'x', NULL)")
    before = path.read_bytes()
    with pytest.raises(ocsp.errors.StoreError, match=r"the row \(7, b'\\x01'.*'x'"):
        upgrade_store(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["status.db"]


def test_another_file_is_not_converted(tmp_path: Path) -> None:
    """Nor a missing one."""
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for path in (foreign, tmp_path / "none.db"):
        with pytest.raises(ocsp.errors.StoreError, match=path.name):
            upgrade_store(path)
