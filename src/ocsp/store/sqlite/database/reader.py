"""
Read a status file: look up certificates and stored answers, and poll for changes.

A look-up never waits: not for a writer, which WAL mode makes unnecessary, and not for a
process that has locked the whole file. It takes some 10 µs.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from typing import Any

from ocsp.asn1.der import integer_octets
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.guarded.files import FileState
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    Changes,
    CurrentAnswer,
    LookupResult,
    StoredAnswer,
)
from ocsp.store.sqlite.database.acknowledgement import Acknowledgement
from ocsp.store.sqlite.database.file import (
    FileIdentity,
    StatusFile,
    error_text,
    reported,
)
from ocsp.store.sqlite.database.schema import DATABASE_ID, LAST_EVENT
from ocsp.store.values import record_from, serial_from

__all__ = ["Reader"]

CHECK_SECONDS = 0.02
"""How long look-ups use the open file before they check that it was not replaced."""

OPEN_SECONDS = 1.0
"""How long a process that begins waits for one that has locked the whole file, as the
one that closes the last connection does for some milliseconds."""

QUIET_SECONDS = 1.0
"""
How long a file must be unchanged until a poll keeps its read transaction open for the
look-ups that follow. While a process writes, open transactions would keep SQLite from
using the write-ahead log again from its begin.
"""

FORGET_SECONDS = 3600.0
"""After this time without a poll a caller has to drop everything: old events go."""

MAX_CHANGES = 10_000
"""Changes that one poll returns; if there are more, everything counts as changed."""

_ISSUER = "SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?"
_STATUS = """
SELECT revoked, reason, invalid, expires, cert_hash FROM certificate
WHERE issuer_id = ? AND serial = ?
"""
# One statement, so one snapshot: an answer of another version is never returned.
_WITH_ANSWER = """
SELECT c.revoked, c.reason, c.invalid, c.expires, c.cert_hash, c.version,
    a.signer_id, a.due, a.this_update, a.next_update, a.tbs, a.signature
FROM certificate c LEFT JOIN answer a ON a.issuer_id = c.issuer_id
    AND a.serial = c.serial AND a.form = ? AND a.version = c.version
WHERE c.issuer_id = ? AND c.serial = ?
"""
# A signed answer is about the present status: the triggers of the file see to it.
_ANSWER = """
SELECT version, signer_id, due, this_update, next_update, tbs, signature, says_revoked
FROM answer WHERE form = ? AND issuer_id = ? AND serial = ? AND version <> 0
"""
_SIGNER = "SELECT digest FROM signer WHERE id = ?"
_EVENTS = """
SELECT event.id, name_hash, key_hash, serial
FROM event JOIN issuer ON issuer.id = issuer_id
WHERE event.id > ? AND action = 'changed' ORDER BY event.id LIMIT ?
"""
_NUMBERS = {form: form.value for form in CertIDForm}
_NOTHING = Changes(False, ())
_EVERYTHING = Changes(True, ())


class Reader:
    """
    The connection of one store for reading; threads share it.

    It opens the file again when it was replaced, and drops what it knew of it.
    """

    def __init__(self, file: StatusFile, *, read_only: bool) -> None:
        """Read *file*; see :meth:`StatusFile.open_reader` for *read_only*."""
        self._file = file
        self._read_only = read_only
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._rows: sqlite3.Cursor | None = None
        self._state: FileState | None = None
        self.identity: FileIdentity | None = None
        self._issuers: dict[IssuerKey, int] = {}
        self._signers: dict[int, bytes] = {}
        self._checked = 0.0
        self._held = False
        self._asked: tuple[FileIdentity | None, int] | None = None
        self._seen = Acknowledgement(file)
        self._forget_changes()

    def _forget_changes(self) -> None:
        self._cursor: int | None = None
        self._data_version: int | None = None
        self._changed = self._polled = 0.0

    # --- the file ---

    def open(self) -> None:
        """
        Open the file: wait if another process closes it at this moment.

        Raises:
            StoreError: If there is no such file, or it cannot be opened.
        """
        with self._lock, reported(self._file.path):
            if self._connection is None:
                self._open(self._file.state(), OPEN_SECONDS)
            self._follow()

    def fetch_one(self, sql: str, values: Sequence[object] = ()) -> Any:
        """
        Return the first row of a query on the file that is now at the path.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        with self._lock:
            try:
                return self._ready().execute(sql, values).fetchone()
            except (sqlite3.Error, StoreError) as error:
                raise self._unavailable(error) from error

    def fetch_all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """
        Return all rows of a query on the file that is now at the path.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        with self._lock:
            try:
                return self._ready().execute(sql, values).fetchall()
            except (sqlite3.Error, StoreError) as error:
                raise self._unavailable(error) from error

    def _ready(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is None or time.monotonic() > self._checked + CHECK_SECONDS:
            connection = self._follow()
        return connection

    def _unavailable(self, error: sqlite3.Error | StoreError) -> SourceUnavailable:
        """Return what the caller gets; the next use finds out what is at the path."""
        self._checked = 0.0
        if isinstance(error, sqlite3.Error):
            self.close()
            return SourceUnavailable(f"{self._file.path}: {error_text(error)}")
        return SourceUnavailable(str(error))

    def _follow(self) -> sqlite3.Connection:
        """
        Check the file, and open it again if it is not the one that is open.

        Raises:
            StoreError: If there is no such file now, or it cannot be opened.
        """
        self._release()
        state = self._file.state()
        if self._connection is not None:
            if self._file.identity(state) != self.identity:
                self._discard(state)
            elif state != self._state:
                # A checkpoint, or another program has written over the file.
                self._connection.execute("PRAGMA shrink_memory")
        connection = self._connection or self._open(state)
        self._state = state
        self._checked = time.monotonic()
        return connection

    def _discard(self, state: FileState) -> None:
        """Close a file that is no longer the one at the path."""
        old = self.identity
        if old is not None and old.file != (state.device, state.inode):
            self._file.discard_log(old)
        self.close()

    def _open(self, state: FileState, seconds: float = 0.0) -> sqlite3.Connection:
        self._file.close_outdated(self)
        connection = self._connection = self._file.open_reader(
            read_only=self._read_only, seconds=seconds
        )
        now = self._file.state()
        if (now.device, now.inode) != (state.device, state.inode):
            raise StoreError(
                f"{self._file.path}: another process is replacing the file"
            )
        self.identity = self._file.identity(now)
        self._file.opened(self)
        return connection

    def end(self) -> None:
        """Close the file for good: this process answers no longer."""
        self.close()
        self._seen.close()

    def close_if_idle(self) -> bool:
        """Close the file unless another thread reads it; tell whether it is closed."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self.close()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Close the file. The next use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._rows = None
            self._held = False
            self.identity = None
            self._issuers.clear()
            self._signers.clear()
            self._forget_changes()
            if connection is not None:
                connection.close()
            self._file.closed(self)

    # --- look-ups ---

    def find(self, query: StatusQuery) -> StatusRecord | None:
        """
        Return the status of a certificate, or ``None`` if it was not issued.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If the row of this certificate has values that mean nothing.
        """
        row = self._row(_STATUS, query)
        return None if row is None else record_from(*row)

    def find_answer(self, query: StatusQuery, form: CertIDForm) -> CurrentAnswer | None:
        """
        Return the stored answer about the present status, or ``None``.

        It reads half as many pages of the file as :meth:`find_with_answer`.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        # A plain number: SQLite would look for an adapter of the enumeration.
        row = self._row(_ANSWER, query, _NUMBERS[form])
        if row is None:
            return None
        version, signer, due, this_update, next_update, tbs, signature, revoked = row
        return CurrentAnswer(
            StoredAnswer(
                version, self.signer(signer), due, this_update, next_update,
                tbs, signature,
            ),
            revoked == 1,
        )  # fmt: skip

    def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer of one snapshot, or ``None``.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If the row of this certificate has values that mean nothing.
        """
        row = self._row(_WITH_ANSWER, query, _NUMBERS[form])
        if row is None:
            return None
        (
            revoked, reason, invalid, expires, cert_hash, version,
            signer_id, due, this_update, next_update, tbs, signature,
        ) = row  # fmt: skip
        record = record_from(revoked, reason, invalid, expires, cert_hash)
        stored = None
        if signer_id is not None:
            signer = self.signer(signer_id)
            stored = StoredAnswer(
                version, signer, due, this_update, next_update, tbs, signature
            )
        return LookupResult(record, version, stored)

    def _row(self, sql: str, query: StatusQuery, *before: int) -> Any:
        """
        Return the row of a certificate, or ``None``.

        Args:
            sql: A query whose last two values are the number of the issuer and the
                serial number.

            query: The certificate.

            before: The other values.
        """
        serial = integer_octets(query.serial_number)
        with self._lock:
            try:
                connection = self._ready()
                # After that: a file that has just been opened has other numbers.
                number = self._issuers.get(query.issuer)
                if number is None:
                    number = self._read_issuer_id(connection, query.issuer)
                    if number is None:
                        return None
                # A new cursor for each row takes 1 µs, and so does the search for an
                # adapter of bytes, which the module sqlite3 omits for a bytearray.
                rows = self._rows
                if rows is None:
                    rows = self._rows = connection.cursor()
                values = (*before, number, bytearray(serial))
                return rows.execute(sql, values).fetchone()
            except (sqlite3.Error, StoreError) as error:
                raise self._unavailable(error) from error

    def database_id(self) -> str:
        """
        Return the identity of the database in the file.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        (name,) = self.fetch_one(DATABASE_ID)
        return str(name)

    def issuer_id(self, issuer: IssuerKey) -> int | None:
        """
        Return the number of *issuer* in the file, or ``None``.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        with self._lock:
            try:
                return self._read_issuer_id(self._ready(), issuer)
            except (sqlite3.Error, StoreError) as error:
                raise self._unavailable(error) from error

    def _read_issuer_id(
        self, connection: sqlite3.Connection, issuer: IssuerKey
    ) -> int | None:
        known = self._issuers.get(issuer)
        if known is None:
            row = connection.execute(_ISSUER, issuer).fetchone()
            if row is None:
                return None
            known = self._issuers[issuer] = int(row[0])
        return known

    def signer(self, signer_id: int) -> bytes:
        """Return SHA-256 of the certificate of a signer; its row never changes."""
        known = self._signers.get(signer_id)
        if known is None:
            (known,) = self.fetch_one(_SIGNER, (signer_id,))
            self._signers[signer_id] = known
        return known

    # --- changes ---

    def poll(self) -> Changes:
        """
        Return what changed since the last poll; the first one returns everything.

        It also acknowledges what the last poll returned.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        with self._lock:
            try:
                connection = self._follow()
                self._acknowledge()
                now = time.monotonic()
                if now > self._changed + QUIET_SECONDS:
                    # With the first query it begins a transaction for the look-ups.
                    connection.execute("BEGIN")
                    self._held = True
                changes = self._changes(connection, now)
                if now == self._changed:
                    self._release()
            except (sqlite3.Error, StoreError) as error:
                raise self._unavailable(error) from error
            return changes

    def has_changed(self) -> bool:
        """
        Return whether another connection has written since the last call.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        with self._lock:
            self._checked = 0.0
            (version,) = self.fetch_one("PRAGMA data_version")
            before, self._asked = self._asked, (self.identity, version)
            return self._asked != before

    def _acknowledge(self) -> None:
        """Say that the caller has dropped what the last poll returned."""
        if self._cursor is not None and self.identity is not None:
            self._seen.write(self.identity.file, self._cursor)

    def _changes(self, connection: sqlite3.Connection, now: float) -> Changes:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        late = now > self._polled + FORGET_SECONDS
        self._polled = now
        if version == self._data_version and not late:
            return _NOTHING
        self._data_version, self._changed = version, now
        last = self._last_event(connection)
        before, self._cursor = self._cursor, last
        if before is None or late or last < before:
            return _EVERYTHING
        rows = connection.execute(_EVENTS, (before, MAX_CHANGES + 1)).fetchall()
        if len(rows) > MAX_CHANGES:
            return _EVERYTHING
        if not rows:
            return _NOTHING
        self._cursor = max(last, rows[-1][0])
        return Changes(
            False,
            [
                StatusQuery(IssuerKey(name, key), serial_from(serial))
                for _, name, key, serial in rows
            ],
        )

    @staticmethod
    def _last_event(connection: sqlite3.Connection) -> int:
        row = connection.execute(LAST_EVENT).fetchone()
        return row[0] if row else 0

    def _release(self) -> None:
        if self._held and self._connection is not None:
            self._held = False
            self._connection.execute("COMMIT")
