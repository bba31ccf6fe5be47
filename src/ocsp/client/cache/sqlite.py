"""
A cache in a SQLite file that several processes share.

Answers from the file carry no evidence, so the caller verifies them again. A new answer
is stored by one SQL statement. If there is one already, a transaction compares both, so
that of two processes the one with the newer answer wins.
"""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit, status_to_note
from ocsp.client.cache.file import CacheFile
from ocsp.client.cache.known import KnownStatus
from ocsp.client.cache.row import Row, find, key_of, max_der_bytes
from ocsp.client.cache.shrinking import count, is_due, last, most_removed, shrink
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["SQLiteCache"]

_ADD = """
INSERT INTO answer (
    certificate, digest, this_update, revoked, produced_at, expires, der, entries
) VALUES (
    ?, ?, ?, ?, ?, ?, ?,
    1 + coalesce((SELECT entries FROM answer ORDER BY number DESC LIMIT 1), 0)
)
ON CONFLICT (certificate) DO NOTHING
"""
"""SQLite gives the row the next number."""

_REPLACE = """
UPDATE answer SET
    digest = ?2, this_update = ?3, revoked = ?4, produced_at = ?5, expires = ?6,
    der = ?7, entries = (SELECT entries FROM answer ORDER BY number DESC LIMIT 1),
    number = (SELECT max(number) + 1 FROM answer)
WHERE certificate = ?1
"""
"""The row becomes the last one, as one that is added."""

_DISCARD = "DELETE FROM answer WHERE certificate = ?"


class SQLiteCache:
    """
    A :class:`Cache` in a SQLite file, which any number of processes may share.

    The file is not trusted: its answers carry no evidence and must be verified again. A
    file that is damaged or not a cache is renamed to ``NAME.aside`` and replaced with
    an empty one. While the file cannot be read or written, ``get`` returns ``None`` and
    ``put`` returns ``False``. Only the owner can read a new file, because it reveals
    which certificates were checked.

    Use it as a context manager, or call :meth:`close`. A forked child may go on using
    it.
    """

    def __init__(self, path: Path | str, *, max_entries: int | None = None) -> None:
        """
        Open the file *path*, or create it.

        Args:
            path: The file. The process must be able to create files in its directory.

            max_entries: How many certificates the cache remembers. Default:
                ``limits.MAX_CACHED_ANSWERS``. When there are more, or the file has
                more than about 8 kB for each, the cache removes expired answers that
                are *good* first, and then those that were stored first. It removes some
                with one of 16 answers that it stores, so a file that was written with
                a larger limit becomes smaller by and by.

        Raises:
            StoreError: If the file can neither be opened nor created.
        """
        self._max_entries = max_entries
        self._file = CacheFile(Path(path))

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer for *cert_id*, or ``None``; see :meth:`Cache.get`."""
        row = self._find(cert_id)
        if row is None or not row.der:
            return None
        known = row.known()
        return CachedAnswer(row.der, known.this_update, known.until, None)

    def newest(self, cert_id: CertID) -> KnownStatus | None:
        """Return the newest known status; see :meth:`RemembersNewest.newest`."""
        row = self._find(cert_id)
        return None if row is None else row.known()

    def _find(self, cert_id: CertID) -> Row | None:
        key = key_of(cert_id)
        return self._file.read(lambda connection: find(connection, key))

    def put(
        self, cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
    ) -> bool:
        """
        Keep *evidence*, unless the cache knows a newer answer; see :meth:`Cache.put`.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is not a :class:`ocsp.VerifiedResponse`, or
                *expires* is naive.
        """
        answer = admit(cert_id, evidence, expires)
        if answer is None:
            return False
        known = KnownStatus.of(evidence, answer.expires)
        return self._keep(evidence.canonical_cert_id, Row.of(known, answer.der))

    def note(self, evidence: VerifiedResponse | VerifiedRevocation) -> bool:
        """
        Remember the status of *evidence* only; see :meth:`RemembersNewest.note`.

        Raises:
            TypeError: If *evidence* is not evidence.
        """
        known = status_to_note(evidence)
        if known is None:
            return False
        return self._keep(evidence.canonical_cert_id, Row.of(known))

    def _keep(self, cert_id: CertID, row: Row) -> bool:
        """Keep *row* if it is newer than the row that is there."""
        octets = len(row.der)
        if octets > max_der_bytes():
            return False
        key = key_of(cert_id)
        values = (key, row.digest(key), *row)
        number = self._file.write(lambda connection: _add(connection, values))
        maximum = self._max_entries
        if maximum is None:
            maximum = limits.MAX_CACHED_ANSWERS
        if number is None or (number and not is_due(number, octets, maximum)):
            return bool(number)

        def settle(connection: sqlite3.Connection) -> bool:
            kept = _add(connection, values) or _replace(connection, key, row, values)
            shrink(connection, maximum, octets)
            return bool(kept)

        settled = self._file.transact(settle, most_removed(octets))
        return bool(number or settled)

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""
        key = key_of(cert_id)

        def remove(connection: sqlite3.Connection) -> int:
            _, entries = last(connection)
            removed = connection.execute(_DISCARD, (key,)).rowcount
            count(connection, entries, removed)
            return removed

        self._file.transact(remove, 1)

    def close(self) -> None:
        """Close the file. After that ``get`` returns ``None`` for every certificate."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _add(connection: sqlite3.Connection, values: tuple[object, ...]) -> int:
    """Add a row, and return its number; 0 if the certificate has a row already."""
    added = connection.execute(_ADD, values)
    return (added.lastrowid or 0) if added.rowcount else 0


def _replace(
    connection: sqlite3.Connection, key: bytes, row: Row, values: tuple[object, ...]
) -> bool:
    """Replace the row that is there if it is older than *row*, or not intact."""
    found = find(connection, key)
    if found is not None and found.rank >= row.rank:
        return False
    return connection.execute(_REPLACE, values).rowcount > 0
