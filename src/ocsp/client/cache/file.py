"""
The file of a SQLite cache: open it, share it, and replace it if it is damaged.

A client can fetch lost answers again, so an empty file replaces one that is damaged.
The old file is renamed, not deleted: it may belong to another program. A lock lets one
process at a time open or replace the file, because SQLite finds its own files
(``-wal``, ``-shm``) by the name of the database file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ocsp.errors import StoreError

__all__ = ["CacheFile"]

APPLICATION_ID = 0x4F435343
"""``OCSC``, the application ID in the header of the file."""

VERSION = 2
"""The version of the schema below. Increase it with every change of the schema."""

LOCK_SECONDS = 1.0
"""
How long to wait while another process writes. A write takes milliseconds; a longer wait
would be slower than asking the responder.
"""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE answer (
    number INTEGER PRIMARY KEY,   -- increases with each answer that is stored
    cert_id BLOB NOT NULL UNIQUE, -- with SHA-256
    this_update INTEGER NOT NULL, -- seconds since 1970
    revoked INTEGER NOT NULL,     -- 1 for revoked, 0 for good
    produced_at INTEGER NOT NULL, -- seconds since 1970
    expires INTEGER NOT NULL,     -- seconds since 1970
    digest BLOB NOT NULL,         -- SHA-256 of the other columns except number
    der BLOB NOT NULL             -- the response; empty if only its status is kept
);
"""

_NOT_DAMAGE = frozenset(
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
"""Error codes of SQLite that an intact file can cause."""

_FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""
What using a file can raise. When an error message of SQLite quotes damaged octets,
Python raises ``UnicodeDecodeError``.
"""

_Result = TypeVar("_Result")


class _NotACache(sqlite3.DatabaseError):
    """The file belongs to another program or to another version of the schema."""


class CacheFile:
    """A SQLite file whose content may be lost, and which is replaced when damaged."""

    def __init__(self, path: Path) -> None:
        """
        Open the file *path*, or create it.

        Raises:
            StoreError: If it can neither be opened nor created.
        """
        self._path = path.absolute()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._damaged = 0
        self._closed = False
        if self._path.exists() and not self._path.is_file():
            raise StoreError(f"{path} is not a file; a cache needs a regular file")
        try:
            self._open()
        except (*_FAILURES, OSError) as error:
            raise StoreError(f"{path}: {error}") from error
        _OPEN.add(self)

    def run(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
        """
        Return the result of *work*, or ``None`` if the file cannot be used now.

        If the file is damaged, *work* runs again with an empty one.
        """
        with self._lock:
            for _ in range(2):
                try:
                    return None if self._closed else work(self._open())
                except _FAILURES as error:
                    if not _is_damage(error):
                        return None
                    self._damaged = self._inode
                    self._disconnect()
                except OSError:
                    return None
        return None

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def before_fork(self) -> None:
        """
        Close the connection, and let no thread open another before the fork.

        SQLite does not permit a connection in two processes: if the child closes it,
        be it at its exit, SQLite may remove files that the parent still writes to.
        """
        self._lock.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        """Allow access again; parent and child open the file when they need it."""
        self._lock.release()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with _exclusive_lock(self._path):
                # Another process may have replaced the damaged file already.
                if self._damaged and _inode(self._path) == self._damaged:
                    _set_aside(self._path)
                self._connection = _connect_or_replace(self._path)
                self._inode = _inode(self._path)
                self._damaged = 0
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_OPEN: weakref.WeakSet[CacheFile] = weakref.WeakSet()
_FORK_LOCK = threading.Lock()
_HELD: list[CacheFile] = []
"""The files that are closed while a fork is under way."""


def _before_fork() -> None:
    _FORK_LOCK.acquire()
    for file in list(_OPEN):
        file.before_fork()
        _HELD.append(file)


def _after_fork() -> None:
    while _HELD:
        _HELD.pop().after_fork()
    _FORK_LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in _NOT_DAMAGE  # the higher bits are details


@contextlib.contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """Let one thread of one process at a time open or replace *path*."""
    handle = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        with contextlib.suppress(ImportError):  # Windows has no such module, nor fork
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def _set_aside(path: Path) -> None:
    """Rename the file and the files of SQLite beside it."""
    for suffix in ("-shm", "-wal", "-journal", ""):
        current = path.with_name(f"{path.name}{suffix}")
        aside = path.with_name(f"{path.name}.aside{suffix}")
        aside.unlink(missing_ok=True)
        if current.exists():
            current.replace(aside)


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
    Open *path*, or create it.

    Raises:
        sqlite3.Error: If it is damaged, or not a cache of this version.
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
    is_cache = _value(connection, "PRAGMA application_id") == APPLICATION_ID
    is_cache = is_cache and _value(connection, "PRAGMA user_version") == VERSION
    if not is_cache and _value(connection, "SELECT count(*) FROM sqlite_schema"):
        raise _NotACache(f"the file is not a cache with schema version {VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    # A power failure may lose the latest answers, but leaves the file intact.
    connection.execute("PRAGMA synchronous = NORMAL")
    if not is_cache:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)


def _value(connection: sqlite3.Connection, sql: str) -> object:
    with contextlib.closing(connection.execute(sql)) as cursor:
        return cursor.fetchone()[0]
