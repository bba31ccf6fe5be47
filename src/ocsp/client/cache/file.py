"""
The file of a SQLite cache: open it, share it, and replace it if it is damaged.

A client can fetch lost answers again, so an empty file replaces one that is damaged.
The old file is renamed, not deleted: it may belong to another program. A lock lets one
process at a time open or replace the file, because SQLite finds its own files
(``-wal``, ``-shm``) by the name of the database file.

A check goes on without the cache if the file cannot be used. It waits a bounded time
for locks of other processes. After a wait without success it does not wait again until
the file could be changed; one message is logged.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ocsp import limits
from ocsp.client.cache.database import Budget, open_database
from ocsp.errors import StoreError, UnreadableFile, UnsupportedError
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import exists, file_state

__all__ = ["CacheFile"]

logger = logging.getLogger("ocsp.client")

_POLL_SECONDS = 0.005
"""How often to try again while another process has a lock."""

_STEPS = 100_000
"""Steps of SQLite for opening the file and for an access to one row: some hundreds."""

_STEPS_PER_ROW = 1000
"""More steps for each row that a change removes; it takes about 50."""

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

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
"""Error codes of SQLite for a lock of another process."""


class _Locked(Exception):
    """Another process opens the file, or another thread uses it."""


_FAILURES = (sqlite3.Error, UnicodeDecodeError, OSError, UnreadableFile, _Locked)
"""
What using a file can raise. When an error message of SQLite quotes damaged octets,
Python raises ``UnicodeDecodeError``.
"""

_Result = TypeVar("_Result")


class CacheFile:
    """A SQLite file whose content may be lost, and which is replaced when damaged."""

    def __init__(self, path: Path) -> None:
        """
        Open the file *path*, or create it.

        If another process is just opening it, it is opened when it is used.

        Raises:
            StoreError: If it can neither be opened nor created.
        """
        self._path = path.absolute()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._budget = Budget()
        self._inode: tuple[int, ...] = ()
        self._damaged: tuple[int, ...] = ()
        self._closed = False
        self._in_trouble = False
        try:
            self._budget.begin(_STEPS)
            self._open()
        except UnreadableFile as error:
            raise StoreError(str(error)) from error
        except _FAILURES as error:
            if not _is_busy(error):
                raise StoreError(f"{path}: {error}") from error
        _OPEN.add(self)

    def read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
        """
        Return the result of *work*, or ``None`` if the file cannot be used now.

        If the file is damaged, *work* runs again with an empty one.
        """
        return self._run(work, _STEPS)

    def write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
        """
        Return the result of *work*, which executes one statement; see :meth:`read`.

        The statement is a transaction of its own.
        """
        return self._change(work, _STEPS)

    def transact(
        self, work: Callable[[sqlite3.Connection], _Result], rows: int
    ) -> _Result | None:
        """
        Return the result of *work* in a transaction; see :meth:`read`.

        Args:
            work: What to do. It changes the file completely or not at all.

            rows: How many rows it may have to remove.
        """

        def change(connection: sqlite3.Connection) -> _Result:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return work(connection)

        return self._change(change, _STEPS + rows * _STEPS_PER_ROW)

    def _change(
        self, work: Callable[[sqlite3.Connection], _Result], steps: int
    ) -> _Result | None:
        result = self._run(work, steps)
        if result is not None:
            self._in_trouble = False
        return result

    def _run(
        self, work: Callable[[sqlite3.Connection], _Result], steps: int
    ) -> _Result | None:
        # After a wait without success, no access waits until one has changed the file.
        patience = 0.0 if self._in_trouble else limits.MAX_CACHE_WAIT_SECONDS
        end = time.monotonic() + patience
        while True:
            try:
                return self._attempt(work, steps)
            except _FAILURES as error:
                if not _is_busy(error) or time.monotonic() >= end:
                    self._report(error)
                    return None
            time.sleep(_POLL_SECONDS)

    def _attempt(
        self, work: Callable[[sqlite3.Connection], _Result], steps: int
    ) -> _Result | None:
        if not self._lock.acquire(timeout=limits.MAX_CACHE_WAIT_SECONDS):
            raise _Locked
        try:
            self._budget.begin(steps)
            for _ in range(2):
                try:
                    return None if self._closed else work(self._open())
                except _FAILURES as error:
                    if not self._shows_damage(error):
                        raise
                    self._damaged = self._inode
                    self._disconnect()
        finally:
            self._lock.release()
        return None

    def _report(self, error: Exception) -> None:
        """Log *error*, unless the cache had no success since the last one."""
        with self._lock:
            is_new, self._in_trouble = not self._in_trouble, True
        if is_new:
            reason = getattr(error, "reason", error)
            if _is_busy(error):
                reason = "another process has locked the cache"
            logger.warning("%s: %s; checks go on without it", self._path, reason)

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
        if self._connection is not None and _inode(self._path) != self._inode:
            self._disconnect()  # another process has replaced or deleted the file
        if self._connection is None:
            with _exclusive_lock(self._path):
                # Another process may have replaced the damaged file already.
                if self._damaged and _inode(self._path) == self._damaged:
                    _set_aside(self._path)
                self._connection = self._connect_or_replace()
                self._inode = _inode(self._path)
                self._damaged = ()
        return self._connection

    def _connect_or_replace(self) -> sqlite3.Connection:
        try:
            return open_database(self._path, self._budget)
        except _FAILURES as error:
            if not self._shows_damage(error):
                raise
        _set_aside(self._path)
        return open_database(self._path, self._budget)

    def _shows_damage(self, error: Exception) -> bool:
        """Tell whether *error* cannot come from an intact file."""
        if not isinstance(error, sqlite3.Error | UnicodeDecodeError):
            return False
        return self._budget.is_spent or _code(error) not in _NOT_DAMAGE

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


def _code(error: Exception) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF  # the higher bits are details


def _is_busy(error: Exception) -> bool:
    return isinstance(error, _Locked) or _code(error) in _BUSY


@contextlib.contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """
    Let one thread of one process at a time open or replace *path*.

    Raises:
        _Locked: If another one is doing so.
    """
    with contextlib.ExitStack() as locked:
        with contextlib.suppress(
            UnsupportedError
        ):  # on Windows there is no fork either
            handle = lock_file(path.with_name(f"{path.name}.lock"))
            if handle is None:
                raise _Locked
            locked.callback(os.close, handle)
        yield


def _inode(path: Path) -> tuple[int, ...]:
    try:
        return file_state(path)[:2]
    except UnreadableFile:
        if exists(path):
            raise
        return ()


def _set_aside(path: Path) -> None:
    """Rename the file and the files of SQLite beside it."""
    for suffix in ("-shm", "-wal", "-journal", ""):
        current = path.with_name(f"{path.name}{suffix}")
        aside = path.with_name(f"{path.name}.aside{suffix}")
        aside.unlink(missing_ok=True)
        if exists(current):
            current.replace(aside)
