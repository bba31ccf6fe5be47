"""
The file under a SQLite cache: opened, shared, and replaced where it is damaged.

Rules of this file: what a cache has lost it can ask for again, so a file that cannot be
read gives way to an empty one. It is set aside, not deleted, since it may be somebody
else's. One process at a time opens or replaces a file: SQLite's own files beside it
(``-wal``, ``-shm``) belong to it by name, and must not meet another one.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from ocsp.errors import StoreError

if sys.platform != "win32":
    import fcntl

__all__ = ["CacheFile"]

APPLICATION_ID = 0x4F435343
"""``OCSC`` in the header of the file, by which it is known."""

VERSION = 1
"""Of the schema below. Raise it with every change: older files are then replaced."""

LOCK_SECONDS = 1.0
"""
How long to wait while another process writes, which takes milliseconds. Longer than
that, asking the responder is quicker.
"""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE answer (
    number INTEGER PRIMARY KEY,   -- the one that came first has the lowest
    cert_id BLOB NOT NULL UNIQUE, -- with SHA-256
    this_update INTEGER NOT NULL, -- seconds since 1970
    revoked INTEGER NOT NULL,     -- whether it says so
    expires INTEGER NOT NULL,     -- seconds since 1970
    digest BLOB NOT NULL,         -- SHA-256 of all that counts
    der BLOB NOT NULL             -- the response
);
"""

_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""What may go wrong with a file that is as it should be."""

_FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""
What a file can raise. Where a message of SQLite quotes damaged octets, Python fails to
decode it.
"""

_Result = TypeVar("_Result")


class _NotACache(sqlite3.DatabaseError):
    """The file is of another program, or of another version of this one."""


class CacheFile:
    """A SQLite file of which nothing is needed."""

    def __init__(self, path: Path) -> None:
        """
        Open the file *path*, which is made where it is missing.

        Raises:
            StoreError: If none can be made there.
        """
        self._path = path.absolute()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._damaged = 0
        self._closed = False
        if self._path.exists() and not self._path.is_file():
            raise StoreError(f"{path}: is not a file")
        try:
            self._open()
        except (*_FAILURES, OSError) as error:
            raise StoreError(f"{path}: {error}") from error
        _OPEN.add(self)

    def run(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
        """
        Return what *work* makes of the file, or ``None`` where it cannot be had.

        If the file turns out to be damaged, *work* gets an empty one.
        """
        with self._lock:
            for _ in range(2):
                try:
                    return None if self._closed else work(self._open())
                except _FAILURES as error:
                    if not _is_damage(error):
                        return None
                    self._damaged = self._inode
                    self._let_go()
                except OSError:
                    return None
        return None

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            self._let_go()

    def forked(self) -> None:
        """
        Leave the connection to the parent.

        One must neither be used nor closed in two processes: the locks of a file are
        those of a process.
        """
        self._lock = threading.Lock()
        if self._connection is not None:
            _LEFT_TO_PARENT.append(self._connection)
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with _alone(self._path):
                # Another process may have replaced the damaged one since.
                if self._damaged and _inode(self._path) == self._damaged:
                    _set_aside(self._path)
                self._connection = _connect_or_replace(self._path)
                self._inode = _inode(self._path)
                self._damaged = 0
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_OPEN: weakref.WeakSet[CacheFile] = weakref.WeakSet()
_LEFT_TO_PARENT: list[sqlite3.Connection] = []


def _after_fork() -> None:
    for file in _OPEN:
        file.forked()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in _PASSING  # above are details


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time, and one thread, open or replace *path*."""
    handle = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def _set_aside(path: Path) -> None:
    """Rename what is there, with what SQLite has beside it."""
    for suffix in ("-shm", "-wal", "-journal", ""):
        there = path.with_name(f"{path.name}{suffix}")
        aside = path.with_name(f"{path.name}.aside{suffix}")
        aside.unlink(missing_ok=True)
        if there.exists():
            there.replace(aside)


def _connect_or_replace(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except _FAILURES as error:
        if not _is_damage(error):
            raise
    _set_aside(path)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    """
    Open *path*, which is made where it is missing.

    Raises:
        sqlite3.Error: If it is not what it should be.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    known = _value(connection, "PRAGMA application_id") == APPLICATION_ID
    known = known and _value(connection, "PRAGMA user_version") == VERSION
    if not known and _value(connection, "SELECT count(*) FROM sqlite_schema"):
        raise _NotACache("is not a cache of this version")
    connection.execute("PRAGMA journal_mode = WAL")
    # After a power failure the latest answers may be gone, and the rest is intact.
    connection.execute("PRAGMA synchronous = NORMAL")
    if not known:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)


def _value(connection: sqlite3.Connection, sql: str) -> object:
    with closing(connection.execute(sql)) as cursor:
        return cursor.fetchone()[0]
