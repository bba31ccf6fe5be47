"""
Write to a status file: in short transactions that tell who makes them.

A change of a status is on the disk when its transaction ends (``synchronous=FULL``). A
stored answer may be lost in a power failure: then it is signed again.
"""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey
from ocsp.store.author import user_name
from ocsp.store.sqlite.database.file import (
    FileIdentity,
    StatusFile,
    immediate,
    nested,
    reported,
)

__all__ = ["Writer", "issuer_id"]

COPY_BYTES = 4 << 20
"""
Octets of the write-ahead log after which a writer of answers copies it to the file.
SQLite would do it in a transaction; after it, no other writer has to wait. A change of
a status is copied at once: so the file by itself has all of them.
"""

TRUNCATE_BYTES = 32 << 20
"""Octets after which the writer also waits for readers, so that the log shrinks."""

_ADD_ISSUER = """
INSERT INTO issuer (name_hash, key_hash, subject, certificate) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_KEEP_CERTIFICATE = """
UPDATE issuer SET certificate = ? WHERE id = ? AND certificate IS NULL
"""
_ISSUER = "SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?"


class Writer:
    """The connection of one store for writing; threads take turns."""

    def __init__(self, file: StatusFile, *, read_only: bool, program: str) -> None:
        """
        Write to *file*; the first transaction opens it.

        Args:
            file: The file.

            read_only: Refuse every transaction.

            program: The program, for the history.
        """
        self._file = file
        self._read_only = read_only
        self._author = (user_name(), socket.gethostname(), program)
        self._lock = threading.RLock()  # a transaction contains changes
        self._connection: sqlite3.Connection | None = None
        self.identity: FileIdentity | None = None
        self._inside = False

    @contextmanager
    def changing(self, *, bulk: bool = False) -> Iterator[sqlite3.Connection]:
        """
        Change statuses in one transaction: completely or not at all.

        Inside the block of another one, this change is a part of it.

        Args:
            bulk: More transactions follow: copy the log to the file only when it is
                long, because each of them changes the same pages.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._lock:
            if self._inside:
                assert self._connection is not None  # noqa: S101 - for mypy
                with reported(self._file.path), nested(self._connection):
                    yield self._connection
                return
            with self._transaction("FULL", TRUNCATE_BYTES if bulk else 0) as connection:
                self._inside = True
                try:
                    connection.execute(
                        "INSERT INTO writer (id, who, host, program)"
                        " VALUES (1, ?, ?, ?)",
                        self._author,
                    )
                    yield connection
                    connection.execute("DELETE FROM writer")
                finally:
                    self._inside = False

    @contextmanager
    def answering(self) -> Iterator[sqlite3.Connection]:
        """
        Change signed answers in one transaction.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._lock, self._transaction("NORMAL", COPY_BYTES) as connection:
            yield connection

    @contextmanager
    def _transaction(
        self, synchronous: str, copied: int
    ) -> Iterator[sqlite3.Connection]:
        with reported(self._file.path):
            connection = self._follow()
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            with immediate(connection):
                yield connection
            self._copy_log(connection, copied)

    def _follow(self) -> sqlite3.Connection:
        """Open the file if it is not open, or not the one at the path."""
        if self._read_only:
            raise StoreError(f"{self._file.path}: was opened as readonly")
        state = self._file.state()
        if self._connection is not None:
            now = self._file.identity(state)
            if now == self.identity:
                return self._connection
            if self.identity is not None and self.identity.file != now.file:
                self._file.discard_log(self.identity)
            self.close()
        self._file.close_outdated(self)
        connection = self._connection = self._file.open_writer()
        self.identity = self._file.identity(self._file.state())
        self._file.opened(self)
        return connection

    def _copy_log(self, connection: sqlite3.Connection, minimum: int) -> None:
        """Copy the write-ahead log to the file if it has *minimum* octets."""
        try:
            size = self._file.beside("-wal").stat().st_size
        except OSError:
            return  # there is no log
        if size >= minimum:
            kind = "TRUNCATE" if size >= TRUNCATE_BYTES else "PASSIVE"
            # A full disk stops the copy; the transaction has ended well all the same.
            with contextlib.suppress(sqlite3.Error):
                connection.execute(f"PRAGMA wal_checkpoint({kind})").fetchone()

    def end(self) -> None:
        """Close the file for good, with all changes in the file itself."""
        with self._lock:
            if self._connection is not None:
                self._copy_log(self._connection, 0)
            self.close()

    def close_if_idle(self) -> bool:
        """Close the file unless a transaction is open; tell whether it is closed."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            # This thread may be in a transaction itself.
            if self._connection is not None and self._connection.in_transaction:
                return False
            self.close()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Close the file. The next transaction opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            self.identity = None
            if connection is not None:
                connection.close()
            self._file.closed(self)


def issuer_id(connection: sqlite3.Connection, issuer: x509.Certificate) -> int:
    """Return the number of *issuer* in the file; add it if it is missing."""
    key = IssuerKey.of(issuer)
    certificate = issuer.public_bytes(Encoding.DER)
    connection.execute(
        _ADD_ISSUER, (*key, name_text(name_of_subject(issuer)), certificate)
    )
    number = int(connection.execute(_ISSUER, key).fetchone()[0])
    connection.execute(_KEEP_CERTIFICATE, (certificate, number))
    return number
