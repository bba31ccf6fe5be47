"""
Store the status of certificates in one SQLite file.

The key of a certificate is its issuer (name and public key) and its serial number. The
CA adds a record when it issues a certificate. A revocation is permanent, except for a
certificate on hold. The file uses SQLite's rollback journal: so it is a single file,
and a responder can open it without permission to write.

A source notices that its file was replaced, for example by a backup. It never answers
from a file that has been deleted.
"""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import utc
from ocsp.errors import (
    AlreadyRevoked,
    ConfigError,
    NotOnHold,
    SourceUnavailable,
    StoreError,
    UnknownCertificate,
    UnreadableFile,
)
from ocsp.guarded.files import FileState, file_state, require_database
from ocsp.messages.statuses import REASON_CODES, REASONS
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord

__all__ = ["Change", "Entry", "SQLiteSource"]

APPLICATION_ID = 0x4F435350
"""``OCSP`` in the header of the SQLite file: identifies it as a file of this module."""

VERSION = 1
"""The version of the schema below."""

LOCK_SECONDS = 5.0
"""How long to wait while another process writes; a write takes milliseconds."""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE issuer (
    id INTEGER PRIMARY KEY,
    name_hash BLOB NOT NULL,      -- SHA-256 of the name
    key_hash BLOB NOT NULL,       -- SHA-256 of the public key
    subject TEXT NOT NULL,        -- for people
    UNIQUE (name_hash, key_hash)
);
CREATE TABLE certificate (
    issuer_id INTEGER NOT NULL REFERENCES issuer (id),
    serial BLOB NOT NULL,         -- big-endian two's complement, as in DER
    subject TEXT NOT NULL,        -- for people
    expires INTEGER,              -- seconds since 1970, if known
    revoked INTEGER,              -- seconds since 1970, if revoked
    reason INTEGER,               -- CRLReason (RFC 5280 section 5.3.1)
    CHECK (reason IS NULL OR revoked IS NOT NULL),
    PRIMARY KEY (issuer_id, serial)
) WITHOUT ROWID;
"""
_FIND = """
SELECT revoked, reason FROM certificate JOIN issuer ON issuer.id = issuer_id
WHERE name_hash = ? AND key_hash = ? AND serial = ?
"""
_LIST = """
SELECT issuer.subject, serial, certificate.subject, expires, revoked, reason
FROM certificate JOIN issuer ON issuer.id = issuer_id ORDER BY issuer.id, serial
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One certificate in the file.

    Attributes:
        issuer: The name of the issuer (RFC 4514).

        serial_number: The serial number of the certificate.

        subject: Its subject name, or empty.

        expires: Its notAfter in UTC, or ``None`` if it was not given.

        record: Its status.
    """

    issuer: str
    serial_number: int
    subject: str
    expires: datetime.datetime | None
    record: StatusRecord


class Change(NamedTuple):
    """
    The result of a change of a certificate's status.

    Attributes:
        changed: ``False`` if the certificate had that status already.

        record: The status after the change.
    """

    changed: bool
    record: StatusRecord


class SQLiteSource:
    """
    A :class:`StatusSource` on a SQLite file, with methods to fill it.

    Use it as a context manager, or call :meth:`close`. Several threads may share one
    object, and several processes may have the file open at the same time.
    """

    def __init__(
        self, path: Path | str, *, create: bool = False, read_only: bool = False
    ) -> None:
        """
        Open the file *path*.

        Args:
            path: The file.

            create: Create the file if it does not exist.

            read_only: Open the file for reading only. A change then raises
                :class:`ocsp.errors.StoreError`.

        Raises:
            StoreError: If the file cannot be opened, or is not a file of this class.
        """
        self._path = Path(path)
        self._lock = threading.RLock()  # a transaction contains changes
        self._mode = "ro" if read_only else "rw"
        self._in_transaction = False
        self._opened: FileState | None = None
        if create:
            self._connect("rwc")
            self.close()
        self._follow_file()

    def _connect(self, mode: str) -> None:
        """Open the file, and check that it is a file of this class."""
        try:
            require_database(self._path)
        except UnreadableFile as error:
            raise StoreError(str(error)) from error
        with self._reported():
            self._connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=LOCK_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        # An application that lives as long as its process never calls close.
        self._close = weakref.finalize(self, self._connection.close)
        try:
            with self._reported():
                self._prepare(create=mode == "rwc")
        except StoreError:
            self.close()
            raise

    def _state(self) -> FileState:
        """Return a value that changes when the file is replaced or changed."""
        try:
            return file_state(self._path)
        except UnreadableFile as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise StoreError(f"{self._path}: the file does not exist") from error
            raise StoreError(str(error)) from error

    def _follow_file(self) -> None:
        """
        Open the file again if it is not the one that is open.

        Not only another file counts: SQLite can miss that a copy was written over the
        file if the copy has the same change counter.

        Raises:
            StoreError: If there is no such file now, or it cannot be opened.
        """
        state = self._state()
        if state == self._opened:
            return
        if self._opened is not None:
            self._opened = None  # also if opening fails
            self.close()
        self._connect(self._mode)
        # A change of the same file meanwhile only opens it once more, next time.
        if self._state()[:2] != state[:2]:
            self.close()
            raise StoreError(f"{self._path}: another process is replacing the file")
        self._opened = state

    def _prepare(self, *, create: bool) -> None:
        """Create the tables in an empty file; reject a file with another content."""
        with self._transaction():
            (application,) = self._execute("PRAGMA application_id").fetchone()
            (tables,) = self._execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if create and not tables and not application:
                for statement in _SCHEMA.split(";\n"):
                    self._execute(statement)
                return
            if application != APPLICATION_ID:
                raise StoreError(
                    f"{self._path}: is not a certificate status file of ocsp"
                )
            (version,) = self._execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise StoreError(
                    f"{self._path}: has schema version {version}; "
                    f"this version of ocsp supports {VERSION}"
                )

    def add(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        *,
        subject: str = "",
        expires: datetime.datetime | None = None,
    ) -> bool:
        """
        Record a certificate that *issuer* has issued; it is good until it is revoked.

        Args:
            issuer: The certificate of the issuer.

            serial_number: The serial number of the certificate.

            subject: Its subject name, for display.

            expires: Its notAfter; a naive time is UTC.

        Returns:
            ``False`` if there was a record already; the file is then unchanged.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._changing():
            issuer_id = self._issuer_id(issuer)
            done = self._execute(
                "INSERT INTO certificate (issuer_id, serial, subject, expires) "
                "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (issuer_id, integer_octets(serial_number), subject, _seconds(expires)),
            )
            return done.rowcount == 1

    def revoke(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        time: datetime.datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        *,
        change_reason: bool = False,
    ) -> Change:
        """
        Record that a certificate is revoked.

        A repeated call changes nothing. The time of a revocation stays: a later one
        would make signatures valid that were not. A certificate that is revoked with
        ``certificate_hold`` may be revoked with another reason, or released.

        Args:
            issuer: The certificate of its issuer.

            serial_number: Its serial number.

            time: Since when it is revoked; a naive time is UTC. ``None`` means since
                its revocation or hold, if there is one, or else since now.

            reason: Why it is revoked, or ``None``. ``remove_from_crl`` is for entries
                of delta CRLs only (RFC 5280 §5.3.1).

            change_reason: Give a certificate that is revoked already another *reason*,
                but not ``certificate_hold``.

        Raises:
            UnknownCertificate: If the certificate has no record.
            AlreadyRevoked: If the certificate is revoked already, not on hold, and
                *time* or *reason* is another one.
            ConfigError: If *reason* is ``remove_from_crl``.
            StoreError: If the file cannot be written.
        """
        if reason is x509.ReasonFlags.remove_from_crl:
            raise ConfigError("reason", "remove_from_crl is for delta CRLs only")
        with self._changing():
            known = self._known(issuer, serial_number)
            record = StatusRecord.revoked(
                time or known.revocation_time or datetime.datetime.now(datetime.UTC),
                reason,
            )
            if known.revocation_time is not None and not _on_hold(known):
                record = _revoked_again(
                    known, record, change_reason=change_reason, serial=serial_number
                )
            if record != known:
                self._write(issuer, serial_number, record)
            return Change(record != known, record)

    def release(self, issuer: x509.Certificate, serial_number: int) -> None:
        """
        Record that a certificate on hold is good again (RFC 5280 §5.3.1).

        Raises:
            UnknownCertificate: If the certificate has no record.
            NotOnHold: If the certificate is not on hold.
            StoreError: If the file cannot be written.
        """
        with self._changing():
            if not _on_hold(self._known(issuer, serial_number)):
                raise NotOnHold(serial_number)
            self._write(issuer, serial_number, StatusRecord())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Make the changes in the ``with`` block in one transaction: all of them or none.

        If the block raises an exception, the file stays unchanged. Other threads and
        processes wait for the end of the block, and see all changes at once.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._changing():
            yield

    def entries(self) -> list[Entry]:
        """
        Return all records in the file, ordered by issuer and serial number.

        Raises:
            StoreError: If the file cannot be read.
        """
        with self._lock, self._reported():
            self._follow_file()
            rows = self._execute(_LIST).fetchall()
        return [
            Entry(
                issuer=issuer,
                serial_number=int.from_bytes(serial, signed=True),
                subject=subject,
                expires=_moment(expires),
                record=_record(revoked, reason),
            )
            for issuer, serial, subject, expires, revoked, reason in rows
        ]

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return await asyncio.to_thread(self._look_up, queries)

    def _look_up(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        try:
            with self._lock, self._reported():
                self._follow_file()
                return [self._find(query) for query in queries]
        except StoreError as error:
            raise SourceUnavailable(str(error)) from error.__cause__

    def close(self) -> None:
        """Close the file. Without this call it is closed when the object is deleted."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _known(self, issuer: x509.Certificate, serial_number: int) -> StatusRecord:
        record = self._find(StatusQuery(IssuerKey.of(issuer), serial_number))
        if record is None:
            raise UnknownCertificate(serial_number)
        return record

    def _find(self, query: StatusQuery) -> StatusRecord | None:
        row = self._execute(
            _FIND, (*query.issuer, integer_octets(query.serial_number))
        ).fetchone()
        return None if row is None else _record(*row)

    def _write(
        self, issuer: x509.Certificate, serial_number: int, record: StatusRecord
    ) -> None:
        reason = record.revocation_reason
        self._execute(
            "UPDATE certificate SET revoked = ?, reason = ? "
            "WHERE issuer_id = ? AND serial = ?",
            (
                _seconds(record.revocation_time),
                None if reason is None else REASON_CODES[reason],
                self._issuer_id(issuer),
                integer_octets(serial_number),
            ),
        )

    def _issuer_id(self, issuer: x509.Certificate) -> int:
        """Return the row id of *issuer*; insert one if missing."""
        key = IssuerKey.of(issuer)
        self._execute(
            "INSERT INTO issuer (name_hash, key_hash, subject) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (*key, name_text(name_of_subject(issuer))),
        )
        row = self._execute(
            "SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?", key
        ).fetchone()
        return int(row[0])

    def _execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change the file in one transaction: completely or not at all."""
        with self._lock, self._reported():
            if self._in_transaction:  # this change is a part of it
                yield
                return
            self._follow_file()
            with self._transaction("IMMEDIATE"):
                self._in_transaction = True
                try:
                    yield
                finally:
                    self._in_transaction = False

    @contextmanager
    def _transaction(self, kind: str = "DEFERRED") -> Iterator[None]:
        self._execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK")
            raise
        self._execute("COMMIT")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error


def _seconds(moment: datetime.datetime | None) -> int | None:
    return None if moment is None else int(utc(moment).timestamp())


def _moment(seconds: int | None) -> datetime.datetime | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _record(revoked: int | None, reason: int | None) -> StatusRecord:
    moment = _moment(revoked)
    if moment is None:
        return StatusRecord()
    return StatusRecord.revoked(moment, None if reason is None else REASONS[reason])


def _revoked_again(
    known: StatusRecord, record: StatusRecord, *, change_reason: bool, serial: int
) -> StatusRecord:
    """Return what becomes of the revocation *known* if it is repeated by *record*."""
    reason = record.revocation_reason
    if record.revocation_time != known.revocation_time:
        raise AlreadyRevoked(serial)
    if reason is None or _reason(record) == _reason(known):
        return known
    if not change_reason or _on_hold(record):
        raise AlreadyRevoked(serial)
    return record


def _reason(record: StatusRecord) -> x509.ReasonFlags:
    """Return the reason; none means unspecified (RFC 5280 §5.3.1)."""
    return record.revocation_reason or x509.ReasonFlags.unspecified


def _on_hold(record: StatusRecord) -> bool:
    return record.revocation_reason is x509.ReasonFlags.certificate_hold
