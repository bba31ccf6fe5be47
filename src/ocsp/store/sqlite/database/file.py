"""
Open a status file: check what it is, and notice that it was replaced.

A file in WAL mode has two others beside it, with the suffixes ``-wal`` and ``-shm``.
SQLite takes those that it finds for those of the file, also after another file was
moved over it, and would then mix the two. So the process that notices a replacement
removes those of the old file. A file counts as replaced too if the files beside it are
others than when it was opened.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from ocsp.errors import StoreError, UnreadableFile
from ocsp.guarded.files import FileState, file_state, require_database
from ocsp.store.sqlite.database.schema import APPLICATION_ID, SCHEMA, VERSION

__all__ = [
    "FileIdentity",
    "StatusFile",
    "application_and_version",
    "error_text",
    "immediate",
    "is_busy",
    "name_database",
    "nested",
    "reported",
]

LOCK_SECONDS = 5.0
"""How long a writer waits for another one; a transaction takes milliseconds."""

RETRY_SECONDS = 0.001
"""
How often a writer that waits tries again. SQLite itself sleeps up to 100 ms, in which
a process that writes without pause takes the lock again and again.
"""

_CACHE_KIBIBYTES = 8 << 10
"""
The page cache of a reader. It has the upper pages of the trees, and the rest of it is
read over and over: in one of 32 MiB, each page that a look-up needs is out of the
caches of the processor, and an answer takes a tenth longer.
"""

_WRITER_KIBIBYTES = 128 << 10
"""The page cache of a writer: a batch of an import changes most pages of the trees."""


class FileIdentity(NamedTuple):
    """
    What tells one file from another.

    Attributes:
        file: The device and the inode of the file.

        wal: The inode of its write-ahead log, or ``None`` if there is none.

        shm: The inode of the index of that log, or ``None``.
    """

    file: tuple[int, int]
    wal: int | None
    shm: int | None


class Connected(Protocol):
    """What keeps a connection to a status file open."""

    @property
    def identity(self) -> FileIdentity | None:
        """The file that is open, or ``None``."""
        ...

    def close_if_idle(self) -> bool:
        """Close the file unless it is in use at this moment; tell whether it is."""
        ...


_connected: set[Connected] = set()
"""What this process has open."""


class StatusFile:
    """The path of a status file, and the functions that open it."""

    def __init__(self, path: Path | str) -> None:
        """Open no file yet; *path* is where it is."""
        self.path = Path(path)
        self._log = str(self.beside("-wal"))
        self._index = str(self.beside("-shm"))

    def state(self) -> FileState:
        """
        Return a value that changes when the file is replaced or written.

        Raises:
            StoreError: If there is no such file, or it is not a regular file.
        """
        try:
            return file_state(self.path)
        except UnreadableFile as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise StoreError(f"{self.path}: the file does not exist") from error
            raise StoreError(str(error)) from error

    def identity(self, state: FileState) -> FileIdentity:
        """Return the identity of the file in *state*, with those beside it."""
        return FileIdentity(
            (state.device, state.inode),
            _inode(self._log),
            _inode(self._index),
        )

    def close_outdated(self, user: Connected) -> None:
        """
        Before *user* opens the file, close connections to a log that is gone.

        All connections of a process to one file share the index of its log, also after
        it was removed. A new connection would not see what other processes write.

        Raises:
            StoreError: If such a connection is in use at this moment.
        """
        now = self.identity(self.state())
        for each in list(_connected):
            open_one = each.identity
            if open_one is None or open_one.file != now.file or open_one == now:
                continue
            if each is not user and not each.close_if_idle():
                raise StoreError(
                    f"{self.path}: its write-ahead log was removed, and is still in use"
                )

    @staticmethod
    def opened(user: Connected) -> None:
        """Take note that *user* has opened the file."""
        _connected.add(user)

    @staticmethod
    def closed(user: Connected) -> None:
        """Take note that *user* has closed the file."""
        _connected.discard(user)

    def beside(self, suffix: str) -> Path:
        """Return the path of the file beside it with *suffix*."""
        return self.path.with_name(f"{self.path.name}{suffix}")

    def discard_log(self, old: FileIdentity) -> None:
        """
        Remove the files beside the path that belong to the file *old*.

        The caller still has *old* open, so that no other file can have its inodes.

        Raises:
            StoreError: If they cannot be removed.
        """
        for suffix, inode in (("-wal", old.wal), ("-shm", old.shm)):
            beside = self.beside(suffix)
            if inode is None or _inode(str(beside)) != inode:
                continue
            try:
                beside.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"{beside}: belongs to a file that was replaced, and cannot be"
                    f" removed: {error.strerror}"
                ) from error

    def create(self) -> None:
        """
        Make the tables if the file is missing or empty.

        Raises:
            StoreError: If the file cannot be made, or has another content.
        """
        if not self.path.parent.is_dir():
            raise StoreError(f"{self.path}: its directory does not exist")
        connection = self.connect("rwc")
        # Until the file is in WAL mode, each process that reads it locks it.
        connection.execute(f"PRAGMA busy_timeout = {int(LOCK_SECONDS * 1000)}")
        try:
            with reported(self.path), immediate(connection):
                if _is_empty(connection):
                    for statement in SCHEMA:
                        connection.execute(statement)
                    name_database(connection)
                self._require_status_file(connection)
            with reported(self.path):
                connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()

    def open_reader(
        self, *, read_only: bool, seconds: float = 0.0
    ) -> sqlite3.Connection:
        """
        Return a connection that only reads, and never waits.

        Args:
            read_only: Leave the write-ahead log as it is, also if this is the last
                connection that is closed.

            seconds: How long to wait for a process that has locked the whole file.

        Raises:
            StoreError: If the file cannot be opened, or is no status file.
        """
        connection = self._open("ro" if read_only else "rw", seconds)
        for setting in (f"cache_size = -{_CACHE_KIBIBYTES}", "query_only = 1"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def open_writer(self) -> sqlite3.Connection:
        """
        Return a connection for transactions of :func:`immediate`.

        Raises:
            StoreError: If the file cannot be opened, or is no status file.
        """
        connection = self._open("rw", LOCK_SECONDS)
        # The writer copies the log after its transactions, not in them.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # The pages of a large transaction: without them it writes the log many times.
        connection.execute(f"PRAGMA cache_size = -{_WRITER_KIBIBYTES}")
        return connection

    def _open(self, mode: str, seconds: float = 0.0) -> sqlite3.Connection:
        self.state()  # a missing file has an error of its own
        connection = self.connect(mode)
        # The process that closes the last connection locks the file while it does.
        connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        try:
            with reported(self.path):
                self._require_status_file(connection)
                connection.execute("PRAGMA busy_timeout = 0")
        except BaseException:
            connection.close()
            raise
        return connection

    def connect(self, mode: str) -> sqlite3.Connection:
        """
        Return a connection to the file, whatever it is.

        Args:
            mode: ``ro``, ``rw``, or ``rwc`` to make the file.

        Raises:
            StoreError: If SQLite cannot open it without waiting.
        """
        try:
            require_database(self.path)
        except UnreadableFile as error:
            raise StoreError(str(error)) from error
        with reported(self.path):
            return sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,
            )

    def _require_status_file(self, connection: sqlite3.Connection) -> None:
        """Raise ``StoreError`` if the file is none that this release can use."""
        application, version = application_and_version(connection)
        if application != APPLICATION_ID:
            raise StoreError(f"{self.path}: is not a certificate status file of ocsp")
        if version < VERSION:
            raise StoreError(
                f"{self.path}: was made by an older release of ocsp (schema version"
                f" {version}); convert it with: ocsp status upgrade"
            )
        if version > VERSION and _oldest_reader(connection) > VERSION:
            raise StoreError(
                f"{self.path}: has schema version {version}; "
                f"this version of ocsp supports {VERSION}"
            )


@contextlib.contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """
    Make the changes of the ``with`` block in one transaction: all of them or none.

    Raises:
        sqlite3.OperationalError: If another process writes for longer than
            ``LOCK_SECONDS``.
    """
    _begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Closing the file has taken the transaction back.
        with contextlib.suppress(sqlite3.ProgrammingError):
            if connection.in_transaction:  # SQLite ends some transactions by itself
                connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def nested(connection: sqlite3.Connection) -> Iterator[None]:
    """Make the changes of the ``with`` block a part of a transaction: all, or none."""
    connection.execute("SAVEPOINT nested")
    try:
        yield
        connection.execute("RELEASE nested")
    except BaseException:
        # SQLite may have taken the whole transaction back.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK TO nested")
            connection.execute("RELEASE nested")
        raise


def _begin(connection: sqlite3.Connection) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= end:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether *error* says that another process has locked the file."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into ``StoreError``, with the path of the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error_text(error)}") from error


def error_text(error: sqlite3.Error) -> str:
    """Return what *error* says, in words for operators."""
    if is_busy(error):
        return "another process has locked the file"
    return str(error)


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables and not _pragma(connection, "application_id")


def name_database(connection: sqlite3.Connection) -> None:
    """Give the database an identity of its own, and say which releases read it."""
    connection.executemany(
        "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
        [("database_id", os.urandom(16).hex()), ("oldest_reader", str(VERSION))],
    )


def _oldest_reader(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "SELECT value FROM setting WHERE name = 'oldest_reader'"
    ).fetchone()
    return int(row[0]) if row and str(row[0]).isdecimal() else VERSION + 1


def application_and_version(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return what kind of file it is, and the version of its schema."""
    return _pragma(connection, "application_id"), _pragma(connection, "user_version")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _inode(path: str) -> int | None:
    try:
        return os.lstat(path).st_ino  # a Path takes three times as long
    except OSError:
        return None
