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

_KEEP = """
INSERT INTO answer
    (number, cert_id, this_update, revoked, produced_at, expires, der, digest)
VALUES ((SELECT coalesce(max(number), 0) + 1 FROM answer), ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (cert_id) DO UPDATE SET
    number = excluded.number, this_update = excluded.this_update,
    revoked = excluded.revoked, produced_at = excluded.produced_at,
    expires = excluded.expires, der = excluded.der, digest = excluded.digest
WHERE (excluded.this_update, excluded.revoked, excluded.produced_at,
       excluded.der <> x'', excluded.expires)
    > (this_update, revoked, produced_at, der <> x'', expires)
"""
_DISCARD = "DELETE FROM answer WHERE cert_id = ?"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM answer LIMIT ?)"
_SHRINK = """
DELETE FROM answer WHERE number IN
    (SELECT number FROM answer ORDER BY expires > ? OR revoked, number LIMIT ?)
"""


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
                ``limits.MAX_CACHED_ANSWERS``. When there are more, the cache removes
                expired answers that are *good* first, and then those that were stored
                first.

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

        def write(connection: sqlite3.Connection) -> bool:
            if _find(connection, key) is None:  # missing, or not intact
                connection.execute(_DISCARD, (key,))
            written = connection.execute(_KEEP, values).rowcount == 1
            if written:
                _shrink(connection, maximum)
            return written

        if len(row.der) > _max_der_bytes():
            return False
        return self._file.write(write, maximum) or False

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""
        key = cert_id.der

        def remove(connection: sqlite3.Connection) -> bool:
            return connection.execute(_DISCARD, (key,)).rowcount > 0

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


def _shrink(connection: sqlite3.Connection, maximum: int) -> None:
    """Remove rows over *maximum*, and an eighth more to do this less often."""
    (count,) = connection.execute(_COUNT, (2 * maximum + 1,)).fetchone()
    if count > maximum:
        excess = count - maximum + maximum // 8
        connection.execute(_SHRINK, (time.time(), excess))


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _seconds(moment: datetime.datetime) -> int:
    return (moment - _EPOCH) // datetime.timedelta(seconds=1)


def _moment(seconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=seconds)
