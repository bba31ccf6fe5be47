"""Test the store in one SQLite file."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.store import CertificateRow, SQLiteStore, open_store
from ocsp.store.sqlite.database import file, reader
from ocsp.store.sqlite.database.file import StatusFile
from ocsp.store.sqlite.database.schema import APPLICATION_ID
from tests.odd_files import device, fifo, loop
from tests.pki import NOW, ca

STOLEN = x509.ReasonFlags.key_compromise
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


def test_a_source_that_is_deleted_closes_its_file(tmp_path: Path) -> None:
    """An application that keeps one for its whole life has no place to close it."""
    path = tmp_path / "status.db"
    SQLiteStore(path, create=True).close()
    source = SQLiteStore(path)
    source.add(ca(), 1)
    connection = source._reader._connection
    assert connection is not None
    users = {source._reader, source._writer}
    assert users <= file._connected
    del source
    gc.collect()
    assert not users & file._connected
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_file_that_cannot_be_opened_is_not_counted_as_open(tmp_path: Path) -> None:
    """However often a program tries."""
    path = tmp_path / "status.db"
    path.write_bytes(b"another file")
    before = set(file._connected)
    for _ in range(3):
        with pytest.raises(ocsp.errors.StoreError):
            SQLiteStore(path)
    assert file._connected == before


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Without ``create`` no file is created; what makes one is in the error."""
    path = tmp_path / "none.db"
    with pytest.raises(ocsp.errors.StoreError, match="the file does not exist"):
        SQLiteStore(path)
    with pytest.raises(ocsp.errors.StoreError, match="ocsp status import make it"):
        open_store(path)
    assert not path.exists()
    below = tmp_path / "none" / "status.db"
    with pytest.raises(ocsp.errors.StoreError, match="its directory does not exist"):
        SQLiteStore(below, create=True)


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

    def connect_late(
        self: StatusFile, *, read_only: bool, seconds: float
    ) -> sqlite3.Connection:
        connection = connect(self, read_only=read_only, seconds=seconds)
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

    def connect_early(
        self: StatusFile, *, read_only: bool, seconds: float
    ) -> sqlite3.Connection:
        connection = connect(self, read_only=read_only, seconds=seconds)
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


def test_the_file_by_itself_has_what_was_imported(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """When the store that imported is closed, also while a responder reads the file."""
    rows = [
        CertificateRow(serial_number=n, record=record)
        for n, record in enumerate((GOOD, REVOKED), 1)
    ]
    with SQLiteStore(tmp_path / "status.db") as other:
        other.import_rows(ca(), rows, digest=bytes(32), done=2)
        assert _ask(store, _query(1)) == [GOOD]
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "status.db").read_bytes())
    with SQLiteStore(copy) as copied:
        assert _ask(copied, _query(1), _query(2)) == [GOOD, REVOKED]
