"""
Copy a status file: back it up, restore it, and convert one of an older release.

Each function writes a new file beside the old one, and moves it into place when it is
complete. Responders that run notice it within 20 ms, and drop all that they kept.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ocsp.errors import StoreError
from ocsp.guarded.files import why_no_directory
from ocsp.store.sqlite.copying import has_gap
from ocsp.store.sqlite.database.file import (
    StatusFile,
    application_and_version,
    immediate,
    name_database,
    reported,
)
from ocsp.store.sqlite.database.schema import (
    APPLICATION_ID,
    DATABASE_ID,
    LAST_EVENT,
    VERSION,
)

__all__ = ["Restored", "backup", "restore", "upgrade"]

_OLD_VERSION = 1
_PAGE = 5000
_OLD_ISSUERS = "SELECT id, name_hash, key_hash, subject FROM issuer"
_OLD_CERTIFICATES = """
SELECT issuer_id, serial, subject, expires, revoked, reason FROM certificate
ORDER BY issuer_id, serial
"""
# They were added to the old file, which kept no history.
_NO_EVENTS = (
    "INSERT INTO writer (id, who, host, program, bulk) VALUES (1, '', '', '', 1)"
)
_CHANGES_AFTER = """
SELECT count(*), coalesce((SELECT min(id) FROM event), 0) FROM event
INDEXED BY event_changed WHERE id > ? AND action = 'changed'
"""


class Restored(NamedTuple):
    """
    What a restored backup does not have.

    Attributes:
        lost: How many changes of status were made after the backup, and are lost; or
            ``None`` if the file that it replaces is missing, damaged or another one, or
            if events after the backup were deleted.
            Clients have answers that were made from these changes.
    """

    lost: int | None


def backup(path: Path | str, target: Path | str) -> None:
    """
    Write a copy of the status file *path* to the new file *target*.

    It has all changes that were complete at one moment. Processes that use the file
    go on meanwhile. Copying the file with other programs can miss the latest changes.

    Raises:
        StoreError: If the file cannot be read, or *target* exists or cannot be written.
    """
    target = Path(target)
    if os.path.lexists(target):
        raise StoreError(f"{target}: exists already")
    with _new_file(target) as new:
        _copy(StatusFile(path), new)
        new.replace(target)


def restore(source: Path | str, path: Path | str) -> Restored:
    """
    Put the backup *source* in the place of the status file *path*.

    The database gets a new identity, so that nothing that was kept of the old one is
    used with it.

    Raises:
        StoreError: If *source* is no status file or is damaged, or *path* cannot be
            written.
    """
    file = StatusFile(path)
    with _new_file(file.path) as new:
        _copy(StatusFile(source), new)
        copied = StatusFile(new)
        with contextlib.closing(copied.open_writer()) as connection:
            with reported(copied.path), immediate(connection):
                _require_sound(connection, source)
                name, last = _history(connection)
                name_database(connection)
            with reported(copied.path):
                connection.execute("PRAGMA journal_mode = WAL")
        with _writing(file) as old:
            lost = _lost(old, name, last)
            _move_into_place(new, file)
    return Restored(lost)


def upgrade(path: Path | str) -> bool:
    """
    Convert a status file of an older release; return ``False`` if it is a present one.

    Raises:
        StoreError: If it is no status file, or has rows that mean nothing.
    """
    file = StatusFile(path)
    file.state()
    with reported(file.path), contextlib.closing(file.connect("rw")) as old:
        application, version = application_and_version(old)
        if application != APPLICATION_ID:
            raise StoreError(f"{file.path}: is not a certificate status file of ocsp")
        if version >= VERSION:
            return False
        if version != _OLD_VERSION:
            raise StoreError(f"{file.path}: has the unknown schema version {version}")
        with immediate(old), _new_file(file.path) as new:
            made = StatusFile(new)
            made.create()
            with contextlib.closing(made.open_writer()) as connection:
                _convert(old, connection, file.path)
            _move_into_place(new, file)
    return True


def _convert(old: sqlite3.Connection, new: sqlite3.Connection, path: Path) -> None:
    """Copy the rows of a file of schema version 1."""
    with immediate(new):
        new.execute(_NO_EVENTS)
        new.executemany(
            "INSERT INTO issuer (id, name_hash, key_hash, subject) VALUES (?, ?, ?, ?)",
            old.execute(_OLD_ISSUERS),
        )
        for row in old.execute(_OLD_CERTIFICATES):
            try:
                new.execute(
                    "INSERT INTO certificate"
                    " (issuer_id, serial, subject, expires, revoked, reason)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    row,
                )
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"{path}: the row {row} means nothing; correct or delete it first"
                ) from error
        new.execute("DELETE FROM writer")


def _copy(source: StatusFile, new: Path) -> None:
    """Write what *source* has at this moment to the file *new*."""
    made = sqlite3.connect(new, isolation_level=None)  # _new_file reports its errors
    with (
        reported(source.path),
        contextlib.closing(made) as writer,
        contextlib.closing(source.open_reader(read_only=False)) as reader,
    ):
        reader.backup(writer)
        # One file without others beside it, until it is in its place.
        writer.execute("PRAGMA journal_mode = DELETE")


def _require_sound(connection: sqlite3.Connection, source: Path | str) -> None:
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise StoreError(f"{source}: is damaged: {result}")


def _history(connection: sqlite3.Connection) -> tuple[str, int]:
    """Return the identity of the database, and the number of its last event."""
    (name,) = connection.execute(DATABASE_ID).fetchone()
    row = connection.execute(LAST_EVENT).fetchone()
    return str(name), int(row[0]) if row else 0


@contextlib.contextmanager
def _writing(file: StatusFile) -> Iterator[sqlite3.Connection | None]:
    """Keep others from writing to *file*; yield ``None`` if it cannot be used."""
    try:
        with reported(file.path):
            connection = file.open_writer()
    except StoreError:
        yield None
        return
    with contextlib.closing(connection), contextlib.ExitStack() as held:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            held.enter_context(immediate(connection))
        yield connection


def _lost(old: sqlite3.Connection | None, name: str, last: int) -> int | None:
    """Return how many changes *old* has after the event *last*, if it is known."""
    if old is None:
        return None
    try:
        old_name, old_last = _history(old)
        changes, first = old.execute(_CHANGES_AFTER, (last,)).fetchone()
    except (sqlite3.Error, TypeError):
        return None
    if old_name != name or has_gap(last, first, old_last):
        return None
    return int(changes)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Yield the path of a file beside *path*, and remove it at the end."""
    if reason := why_no_directory(path):
        raise StoreError(f"{path}: {reason}")
    new = path.with_name(f"{path.name}-new-{secrets.token_hex(4)}")
    try:
        with reported(path):
            yield new
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            new.with_name(f"{new.name}{suffix}").unlink(missing_ok=True)


def _move_into_place(new: Path, file: StatusFile) -> None:
    """
    Let *new* be the file, with the permissions of the old one.

    A process that opens the file meanwhile finds the old one with its log, no file, or
    the new one without a log: the log of the old one would damage the new one.
    """
    with contextlib.suppress(OSError):
        found = file.path.stat()
        new.chmod(found.st_mode & 0o7777)
        os.chown(new, found.st_uid, found.st_gid)
    handle = os.open(new, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    with _moved_away(file):
        new.replace(file.path)


@contextlib.contextmanager
def _moved_away(file: StatusFile) -> Iterator[None]:
    """Give *file* and its log another name during the block; then delete them."""
    name = f"-old-{secrets.token_hex(4)}"
    away = [(file.beside(each), file.beside(name + each)) for each in ("", "-wal")]
    for old, other in away:
        with contextlib.suppress(FileNotFoundError):
            old.replace(other)
    file.beside("-shm").unlink(missing_ok=True)
    yield
    for _, other in away:
        other.unlink(missing_ok=True)
