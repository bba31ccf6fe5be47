"""
A cache in a SQLite file that several processes share.

Answers from the file carry no evidence, so the caller verifies them again. One SQL
statement compares a new answer with the stored one and replaces it, so that of two
processes the one with the newer answer wins. Times are stored as whole seconds.
"""

from __future__ import annotations

import datetime
import sqlite3
import time
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit, status_to_note
from ocsp.client.cache.database import MAX_VALUE_BYTES
from ocsp.client.cache.file import CacheFile
from ocsp.client.cache.known import KnownStatus
from ocsp.messages.certid import CertID
from ocsp.messages.message import EncodingRules
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["SQLiteCache"]

_FIND = """
SELECT this_update, revoked, produced_at, expires, der, digest
FROM answer WHERE cert_id = ?
    AND typeof(this_update) = 'integer' AND typeof(revoked) = 'integer'
    AND typeof(produced_at) = 'integer' AND typeof(expires) = 'integer'
    AND typeof(digest) = 'blob' AND length(digest) = 32
    AND typeof(der) = 'blob' AND length(der) <= ?
"""
"""Only a row whose values have the right types and sizes; SQLite reads no others."""

_ADD = """
INSERT INTO answer
    (number, cert_id, this_update, revoked, produced_at, expires, der, digest)
VALUES ((SELECT coalesce(max(number), 0) + 1 FROM answer), ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (cert_id) DO NOTHING
"""
_REPLACE = """
UPDATE answer SET
    number = (SELECT max(number) + 1 FROM answer), this_update = ?2, revoked = ?3,
    produced_at = ?4, expires = ?5, der = ?6, digest = ?7
WHERE cert_id = ?1 AND (?2, ?3, ?4, ?6 <> x'', ?5)
    > (this_update, revoked, produced_at, der <> x'', expires)
"""
"""It replaces the row if the new one is newer."""

_DISCARD = "DELETE FROM answer WHERE cert_id = ?"
_ENTRIES = "SELECT entries FROM size WHERE rowid = 1"
_SET_ENTRIES = "UPDATE size SET entries = ? WHERE rowid = 1"
_REMOVE_EXPIRED = """
DELETE FROM answer WHERE number IN (
    SELECT number FROM answer
    WHERE revoked = 0 AND expires <= ? ORDER BY expires LIMIT ?
)
"""
_REMOVE_FIRST = """
DELETE FROM answer WHERE number IN (
    SELECT number FROM answer ORDER BY number LIMIT ?
)
"""
"""Both follow an index, and look only at the rows that they remove."""

_MORE_REMOVED = 16
"""Rows that are removed besides those over the limit, to do this less often."""

_MOST_REMOVED = 32
"""
Rows that storing an answer removes at most, and one more for each 256 octets of the
answer, which is less than a row takes. So storing takes the same time however many rows
there are, and a file that is too large shrinks, also if its rows are smaller than the
answer.
"""

_PAGES_PER_ENTRY = 2
"""Pages of the file for each entry that the cache may remember: 8 kB for about 2 kB."""

_MORE_PAGES = 64
"""More pages, for a cache of few entries: SQLite needs some itself."""

_MOST_ENTRIES = 1 << 48
"""A number of rows that no file has."""


class _Row(NamedTuple):
    """What the file says about a certificate; times are seconds since 1970."""

    this_update: int
    revoked: int
    produced_at: int
    expires: int
    der: bytes

    @classmethod
    def of(cls, known: KnownStatus, der: bytes = b"") -> Self:
        """Return the row for a status; without *der* the answer is not kept."""
        return cls(
            _seconds(known.this_update),
            int(known.is_revoked),
            _seconds(known.produced_at),
            _seconds(known.until),
            der,
        )

    def digest(self, key: bytes) -> bytes:
        """Return what detects damage of the row; it does not authenticate the row."""
        *numbers, der = self
        head = b"%d %d %d %d %d " % (*numbers, len(key))
        return sha256(head + key + der).digest()

    def known(self) -> KnownStatus:
        """
        Return the status.

        Raises:
            OverflowError: If a datetime cannot have these times.
        """
        return KnownStatus(
            _moment(self.this_update),
            bool(self.revoked),
            _moment(self.produced_at),
            _moment(self.expires),
            is_kept=bool(self.der),
        )

    def is_intact(self, key: bytes, digest: bytes) -> bool:
        """
        Tell whether the row can be one that a cache has written.

        The response must have the status and the times of the row, or the row could
        claim to be newer than every response. Not checked: its signature.
        """
        if digest != self.digest(key) or self.revoked not in {0, 1}:
            return False
        try:
            known = self.known()
            return not self.der or _states(_load(self.der), known)
        except (OverflowError, ValueError):  # ValueError: malformed, or an error
            return False


def _load(der: bytes) -> OCSPResponse:
    """Return the response; the policy of the client that stored it may be tolerant."""
    return load_received_response(der, encoding=EncodingRules.TOLERANT)


def _states(response: OCSPResponse, known: KnownStatus) -> bool:
    """Tell whether *response* has an entry with the status and the times of *known*."""
    return response.produced_at_utc.replace(microsecond=0) == known.produced_at and any(
        entry.this_update_utc.replace(microsecond=0) == known.this_update
        and (entry.certificate_status is OCSPCertStatus.REVOKED) is known.is_revoked
        for entry in response.responses
    )


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
                are *good* first, and then those that were stored first. It removes a
                few with each answer that it stores, so a file that was written with a
                larger limit becomes smaller by and by.

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

    def _find(self, cert_id: CertID) -> _Row | None:
        key = cert_id.der
        return self._file.read(lambda connection: _find(connection, key))

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
        known = KnownStatus.of(evidence)._replace(until=answer.expires)
        return self._keep(evidence.canonical_cert_id, _Row.of(known, answer.der))

    def note(self, evidence: VerifiedResponse | VerifiedRevocation) -> bool:
        """
        Remember the status of *evidence* only; see :meth:`RemembersNewest.note`.

        Raises:
            TypeError: If *evidence* is not evidence.
        """
        known = status_to_note(evidence)
        if known is None:
            return False
        return self._keep(evidence.canonical_cert_id, _Row.of(known))

    def _keep(self, cert_id: CertID, row: _Row) -> bool:
        """Keep *row* if it is newer than the row that is there."""
        key = cert_id.der
        values = (key, *row, row.digest(key))
        maximum = self._max_entries
        if maximum is None:
            maximum = limits.MAX_CACHED_ANSWERS
        most_removed = _MOST_REMOVED + len(row.der) // 256

        def write(connection: sqlite3.Connection) -> bool:
            added = connection.execute(_ADD, values).rowcount
            if not added:
                if _find(connection, key) is None:  # it is not intact
                    connection.execute(_DISCARD, (key,))
                    connection.execute(_ADD, values)
                elif not connection.execute(_REPLACE, values).rowcount:
                    return False
            _shrink(connection, added, maximum, most_removed)
            return True

        if len(row.der) > _max_der_bytes():
            return False
        return self._file.write(write, most_removed) or False

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""
        key = cert_id.der

        def remove(connection: sqlite3.Connection) -> bool:
            removed = connection.execute(_DISCARD, (key,)).rowcount
            _count(connection, _entries(connection), -removed)
            return removed > 0

        self._file.write(remove, 1)

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


def _find(connection: sqlite3.Connection, key: bytes) -> _Row | None:
    """Return the row for *key*, or ``None`` if it is missing or not intact."""
    found = connection.execute(_FIND, (key, _max_der_bytes())).fetchone()
    if found is None:
        return None
    *values, digest = found
    row = _Row(*values)
    return row if row.is_intact(key, digest) else None


def _max_der_bytes() -> int:
    return min(limits.MAX_VERIFIED_BYTES, MAX_VALUE_BYTES // 2)


def _shrink(
    connection: sqlite3.Connection, added: int, maximum: int, most_removed: int
) -> None:
    """
    Remove some rows if there are more than *maximum*, or if they take too much room.

    Args:
        connection: The file, in a transaction.

        added: How many rows this transaction has added.

        maximum: How many rows the cache may have.

        most_removed: How many rows to remove at most.
    """
    entries, change = _entries(connection), added
    wanted = excess = entries + added - maximum
    if excess > 0:
        wanted = min(excess + min(maximum // 8, _MORE_REMOVED), most_removed)
    if _used_pages(connection) > _PAGES_PER_ENTRY * maximum + _MORE_PAGES:
        wanted = most_removed
    if wanted > 0:
        removed = _remove(connection, wanted)
        # If there were fewer rows than the file says, none are left.
        change = added - removed if removed == wanted else -entries
    _count(connection, entries, change)


def _remove(connection: sqlite3.Connection, wanted: int) -> int:
    """Remove *wanted* rows, if there are so many, and return how many it removed."""
    removed = connection.execute(_REMOVE_EXPIRED, (time.time(), wanted)).rowcount
    if removed < wanted:
        removed += connection.execute(_REMOVE_FIRST, (wanted - removed,)).rowcount
    return removed


def _used_pages(connection: sqlite3.Connection) -> int:
    """Return how many pages of the file have content."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    used: int = pages - free
    return used


def _entries(connection: sqlite3.Connection) -> int:
    """
    Return how many rows there are, as the file says.

    The number bounds the file in entries, and the pages of the file bound it in octets.
    A wrong number costs answers at most: see :func:`_shrink`.

    Raises:
        sqlite3.DatabaseError: If the file does not say it.
    """
    found = connection.execute(_ENTRIES).fetchone()
    match found:
        case (int(entries),) if 0 <= entries < _MOST_ENTRIES:
            return entries
    raise sqlite3.DatabaseError("the file does not say how many answers it has")


def _count(connection: sqlite3.Connection, entries: int, change: int) -> None:
    """Write that there are *change* more rows than *entries*."""
    if change:
        connection.execute(_SET_ENTRIES, (max(entries + change, 0),))


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _seconds(moment: datetime.datetime) -> int:
    return (moment - _EPOCH) // datetime.timedelta(seconds=1)


def _moment(seconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=seconds)
