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
from typing import Self

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit
from ocsp.client.cache.file import CacheFile
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["SQLiteCache"]

_FIND = (
    "SELECT this_update, revoked, expires, der, digest FROM answer WHERE cert_id = ?"
)
_PUT = """
INSERT INTO answer (number, cert_id, this_update, revoked, expires, der, digest)
VALUES ((SELECT coalesce(max(number), 0) + 1 FROM answer), ?, ?, ?, ?, ?, ?)
ON CONFLICT (cert_id) DO UPDATE SET
    number = excluded.number, this_update = excluded.this_update,
    revoked = excluded.revoked, expires = excluded.expires,
    der = excluded.der, digest = excluded.digest
WHERE (excluded.this_update, excluded.revoked, excluded.expires)
    > (this_update, revoked, expires)
"""
_DISCARD = "DELETE FROM answer WHERE cert_id = ?"
_COUNT = "SELECT count(*) FROM answer"
_SHRINK = """
DELETE FROM answer WHERE number IN
    (SELECT number FROM answer ORDER BY expires > ?, number LIMIT ?)
"""


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

            max_entries: How many answers the cache keeps. Default:
                ``limits.MAX_CACHED_ANSWERS``. When there are more, the cache removes
                expired answers first, and then those that were stored first.

        Raises:
            StoreError: If the file can neither be opened nor created.
        """
        self._max_entries = max_entries
        self._file = CacheFile(Path(path))

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer for *cert_id*, or ``None``; see :meth:`Cache.get`."""
        key = cert_id.der

        def find(connection: sqlite3.Connection) -> CachedAnswer | None:
            row = connection.execute(_FIND, (key,)).fetchone()
            if row is None:
                return None
            *values, digest = row
            if not _is_intact(key, values, digest):
                connection.execute(_DISCARD, (key,))
                return None
            this_update, _, expires, der = values
            return CachedAnswer(der, _moment(this_update), _moment(expires), None)

        return self._file.run(find)

    def put(
        self, cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
    ) -> bool:
        """
        Keep *evidence*, unless the cache has a newer answer; see :meth:`Cache.put`.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is not a :class:`ocsp.VerifiedResponse`, or
                *expires* is naive.
        """
        answer = admit(cert_id, evidence, expires)
        if answer is None:
            return False
        key = evidence.canonical_cert_id.der
        values = (
            _seconds(answer.this_update),
            int(evidence.status is OCSPCertStatus.REVOKED),
            _seconds(answer.expires),
            answer.der,
        )
        row = (key, *values, _digest(key, *values))

        def write(connection: sqlite3.Connection) -> bool:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                written = connection.execute(_PUT, row).rowcount == 1
                if written:
                    self._shrink(connection)
            return written

        return self._file.run(write) or False

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Remove answers over the limit, and an eighth more to do this less often."""
        maximum = self._max_entries
        if maximum is None:
            maximum = limits.MAX_CACHED_ANSWERS
        (count,) = connection.execute(_COUNT).fetchone()
        if count > maximum:
            excess = count - maximum + maximum // 8
            connection.execute(_SHRINK, (time.time(), excess))

    def discard(self, cert_id: CertID) -> None:
        """Remove the answer for *cert_id*, if there is one."""
        key = cert_id.der
        self._file.run(lambda connection: connection.execute(_DISCARD, (key,)))

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


def _digest(
    key: bytes, this_update: int, revoked: int, expires: int, der: bytes
) -> bytes:
    """Return a digest of a row. It detects damage; it does not authenticate the row."""
    head = b"%d %d %d %d " % (this_update, revoked, expires, len(key))
    return sha256(head + key + der).digest()


def _is_intact(key: bytes, values: list[object], digest: object) -> bool:
    match values:
        case [int(this_update), int(revoked), int(expires), bytes(der)]:
            return digest == _digest(key, this_update, revoked, expires, der)
        case _:
            return False


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _seconds(moment: datetime.datetime) -> int:
    return (moment - _EPOCH) // datetime.timedelta(seconds=1)


def _moment(seconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=seconds)
