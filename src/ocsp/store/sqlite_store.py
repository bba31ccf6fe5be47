"""
Store the status of certificates, and signed answers, in one SQLite file.

The key of a certificate is its issuer (name and public key) and its serial number. The
CA adds a record when it issues a certificate. A revocation is permanent, except for a
certificate on hold; triggers in the database enforce this, also for other programs.

The file is in WAL mode: readers never wait for writers. A store notices that its file
was replaced, for example by a backup. It never answers from a file that was deleted.
"""

from __future__ import annotations

import datetime
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509

from ocsp.asn1.times import utc
from ocsp.errors import ConfigError
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    Changes,
    DueAnswer,
    LookupResult,
    NewAnswer,
)
from ocsp.store.answers import (
    POSTPONED_SECONDS,
    count_due,
    count_open_changes,
    find_due,
    insert_signer,
    write_answers,
    write_due,
)
from ocsp.store.changes.importing import ImportedBatch, import_batch, imported_rows
from ocsp.store.changes.pruning import Pruned, prune_certificates, prune_events
from ocsp.store.changes.status import (
    add_certificate,
    release_certificate,
    revoke_certificate,
)
from ocsp.store.database.acknowledgement import LateReader, late_readers
from ocsp.store.database.file import StatusFile
from ocsp.store.database.reader import Reader
from ocsp.store.database.rows import (
    CertificateRow,
    Change,
    Entry,
    Event,
    StatusCounts,
    StoredIssuer,
    seconds,
)
from ocsp.store.database.writer import Writer, program_name
from ocsp.store.forms import choose_forms
from ocsp.store.listing import (
    count_statuses,
    find_entry,
    list_entries,
    list_events,
    list_history,
    list_issuers,
)

__all__ = ["SQLiteStore"]

_EVENTS_STAY = datetime.timedelta(days=1)
"""How long the database keeps every event: responders have to read them."""


class SQLiteStore:
    """
    A :class:`ocsp.responder.StatusSource` on a SQLite file, with methods to fill it.

    It is also a :class:`ocsp.responder.LocalSource` and an
    :class:`ocsp.responder.AnswerStore`. Use it as a context manager, or call
    :meth:`close`. Several threads may share one object, and several processes may have
    the file open at the same time.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        create: bool = False,
        read_only: bool = False,
        program: str | None = None,
    ) -> None:
        """
        Open the file *path*.

        SQLite writes to two files beside it, so every process that opens it needs the
        permission to write in its folder, also with *read_only*.

        Args:
            path: The file.

            create: Create the file if it does not exist.

            read_only: A change raises :class:`ocsp.errors.StoreError`.

            program: The name of the program for the history of changes, such as
                ``ocsp status revoke``. The default is that of this process.

        Raises:
            StoreError: If the file cannot be opened, or is not a file of this class.
        """
        file = self._file = StatusFile(path)
        if create:
            file.create()
        self._reader = Reader(file, read_only=read_only)
        self._writer = Writer(
            file, read_only=read_only, program=program or program_name()
        )
        self._reader.open()
        # An application that lives as long as its process never calls close.
        self._close = weakref.finalize(self, _close, self._reader, self._writer)

    # --- changes of status ---

    def add(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        *,
        subject: str = "",
        expires: datetime.datetime | None = None,
        cert_hash: bytes = b"",
    ) -> bool:
        """
        Record a certificate that *issuer* has issued; it is good until it is revoked.

        Args:
            issuer: The certificate of the issuer.

            serial_number: The serial number of the certificate.

            subject: Its subject name, for display.

            expires: Its notAfter; a naive time is UTC.

            cert_hash: SHA-256 of its DER, for the extension CertHash; empty if it is
                not known.

        Returns:
            ``False`` if there was a record already; the file is then unchanged.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._writer.changing() as connection:
            return add_certificate(
                connection, issuer, serial_number, subject, expires, cert_hash
            )

    def revoke(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        time: datetime.datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        *,
        invalidity_date: datetime.datetime | None = None,
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

            invalidity_date: When the key was or may have been compromised (RFC 5280
                §5.3.2), or ``None``; a naive time is UTC.

            change_reason: Give a certificate that is revoked already another *reason*
                or *invalidity_date*, but not ``certificate_hold``.

        Raises:
            UnknownCertificate: If the certificate has no record.
            AlreadyRevoked: If the certificate is revoked already, not on hold, and
                *time*, *reason* or *invalidity_date* is another one.
            ConfigError: If *reason* is ``remove_from_crl``.
            StoreError: If the file cannot be written.
        """
        wanted = StatusRecord(
            status=OCSPCertStatus.REVOKED,
            revocation_time=utc(time or datetime.datetime.now(datetime.UTC)),
            revocation_reason=reason,
            invalidity_date=invalidity_date and utc(invalidity_date),
        )
        with self._writer.changing() as connection:
            return revoke_certificate(
                connection,
                issuer,
                serial_number,
                wanted,
                since_now=time is None,
                change_reason=change_reason,
            )

    def release(self, issuer: x509.Certificate, serial_number: int) -> Change:
        """
        Record that a certificate on hold is good again (RFC 5280 §5.3.1).

        Raises:
            UnknownCertificate: If the certificate has no record.
            NotOnHold: If the certificate is not on hold.
            StoreError: If the file cannot be written.
        """
        with self._writer.changing() as connection:
            return release_certificate(connection, issuer, serial_number)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Make the changes in the ``with`` block in one transaction: all of them or none.

        If the block raises an exception, the file stays unchanged. Other threads and
        processes that write wait for the end of the block; all see its changes at once.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._writer.changing():
            yield

    def import_rows(
        self,
        issuer: x509.Certificate,
        rows: Iterable[CertificateRow],
        *,
        digest: bytes,
        done: int,
        name: str = "",
    ) -> ImportedBatch:
        """
        Import certificates in one transaction: all of them or none.

        Certificates that are in the file keep their subject and expiry. A revocation is
        added to a certificate that is good or on hold; no certificate becomes good.

        Args:
            issuer: The certificate of their issuer.

            rows: The certificates; some thousands are a good number.

            digest: SHA-256 of the file that they come from.

            done: How many rows of that file have been imported after this batch.

            name: The name of that file, for people.

        Raises:
            StoreError: If the file cannot be written, or a row has values that the
                database refuses.
        """
        with self._writer.changing(bulk=True) as connection:
            return import_batch(
                connection, issuer, rows, digest=digest, done=done, name=name
            )

    def imported_rows(self, issuer: IssuerKey, digest: bytes) -> int:
        """
        Return how many rows of a file :meth:`import_rows` has imported.

        Args:
            issuer: The issuer.

            digest: SHA-256 of the file.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return imported_rows(self._reader, issuer, digest)

    def wait_until_seen(self, event: int, timeout: float = 2.0) -> list[LateReader]:
        """
        Wait until every process that keeps answers in memory has seen an event.

        These are the processes on this machine that call :meth:`poll_changes`. After a
        revocation none of them gives an older answer any more.

        Args:
            event: The number of the event, from :class:`Change` or
                :class:`ImportedBatch`, after its transaction.

            timeout: How many seconds to wait at most.

        Returns:
            The processes that have not seen it in this time. They may still give the
            old answer.

        Raises:
            StoreError: If there is no such file now.
        """
        return late_readers(self._file, event, timeout)

    def prune(
        self,
        *,
        expired_before: datetime.datetime | None = None,
        events_before: datetime.datetime | None = None,
    ) -> Pruned:
        """
        Delete expired certificates with their answers, and old events.

        Args:
            expired_before: Delete certificates whose expiry is known and earlier.

            events_before: Delete events that are older; those of the last day stay.

        Raises:
            ConfigError: If a time is in the future.
            StoreError: If the file cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC)
        for key, time in (
            ("expired_before", expired_before),
            ("events_before", events_before),
        ):
            if time is not None and utc(time) > now:
                raise ConfigError(key, f"{time} is in the future")
        before = seconds(expired_before)
        certificates = events = 0
        if before is not None:
            certificates = prune_certificates(
                self._reader, self._writer.changing, before
            )
        if events_before is not None:
            oldest = min(utc(events_before), now - _EVENTS_STAY)
            events = prune_events(self._writer.changing, int(oldest.timestamp()))
        return Pruned(certificates, events)

    # --- look-ups ---

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If a row of these certificates has values that mean nothing.
        """
        return self.look_up_now(queries)

    def look_up_now(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        It takes some 10 µs for each query, and never waits.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If a row of these certificates has values that mean nothing.
        """
        return [self._reader.find(query) for query in queries]

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If the row of the certificate has values that mean nothing.
        """
        return self._reader.find_with_answer(query, form)

    def issuers(self) -> list[StoredIssuer]:
        """
        Return the issuers in the file, in the order in which they were added.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return list_issuers(self._reader)

    def find(self, issuer: IssuerKey, serial_number: int) -> Entry | None:
        """
        Return one certificate with all that is known about it, or ``None``.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If its row has values that mean nothing.
        """
        return find_entry(self._reader, issuer, serial_number)

    def entries(
        self,
        issuer: IssuerKey | None = None,
        *,
        status: OCSPCertStatus | None = None,
        expires_before: datetime.datetime | None = None,
        revoked_since: datetime.datetime | None = None,
    ) -> Iterator[Entry]:
        """
        Yield the certificates that meet all conditions, by issuer and serial number.

        The memory that this takes does not depend on their number. It is no snapshot:
        each certificate has the status that it had when it was read.

        Args:
            issuer: The issuer, or ``None`` for all.

            status: ``GOOD`` or ``REVOKED``, or ``None`` for both.

            expires_before: Only certificates whose expiry is known and earlier.

            revoked_since: Only certificates that were revoked then or later.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If a row has values that mean nothing.
        """
        return list_entries(self._reader, issuer, status, expires_before, revoked_since)

    def events(self, after: int = 0) -> Iterator[Event]:
        """
        Yield the changes of status, the oldest first.

        Args:
            after: Only events with larger numbers.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return list_events(self._reader, after)

    def history(
        self, issuer: IssuerKey, serial_number: int, limit: int = 20
    ) -> list[Event]:
        """
        Return the last changes of the status of one certificate, the newest first.

        It reads all events of the file.

        Args:
            issuer: The issuer.

            serial_number: The serial number of the certificate.

            limit: How many changes at most.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return list_history(self._reader, issuer, serial_number, limit)

    def count(self, issuer: IssuerKey) -> StatusCounts:
        """
        Return how many certificates of *issuer* have which status.

        It reads all certificates of the issuer: about 0.2 s for a million.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return count_statuses(self._reader, issuer)

    # --- signed answers ---

    def poll_changes(self) -> Changes:
        """
        Return what other connections changed since the last call; some microseconds.

        Call it every 20 ms, and drop what the changes make wrong before the next call.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return self._reader.poll()

    def add_signer(self, certificate: x509.Certificate) -> None:
        """
        Record the certificate of a signer, before its answers are stored.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._writer.answering() as connection:
            insert_signer(connection, certificate)

    def sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None:
        """
        Let the answers of all certificates of *issuer* be due, now and in future.

        Args:
            issuer: The certificate of the issuer.

            forms: Which CertIDs these answers have. Answers in other forms are removed.

        Raises:
            StoreError: If the file cannot be written.
        """
        choose_forms(self._writer.answering, issuer, forms)

    def due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        """
        Return answers of *issuer* to sign, changed ones first, then by their time.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

            limit: How many at most.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
            StoreError: If the file cannot be written. It is written if a row of a
                certificate has values that mean nothing, which is logged: its answer
                is due an hour later, so that it is not the first one for ever.
        """
        found = find_due(self._reader, issuer, now, limit)
        if found.unreadable:
            self.postpone_answers(found.unreadable, now + POSTPONED_SECONDS)
        return found.answers

    def count_due(self, issuer: IssuerKey, now: int) -> int:
        """
        Return how many answers of *issuer* are due.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return count_due(self._reader, issuer, now)

    def count_open_changes(self, last: int = 1000) -> int:
        """
        Return how many of the last changes of status are not in all signed answers yet.

        Answers that are not signed ahead are not looked at.

        Args:
            last: How many changes to look at.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return count_open_changes(self._reader, last)

    def has_changed(self) -> bool:
        """
        Return whether another connection has written since the last call.

        Raises:
            SourceUnavailable: If the file cannot be read now, or was deleted.
        """
        return self._reader.has_changed()

    def postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """
        Let answers that cannot be signed now be due at *until*.

        Args:
            postponed: The certificates, and the forms of their answers.

            until: When to try again, in seconds since 1970.

        Raises:
            StoreError: If the file cannot be written.
        """
        with self._writer.answering() as connection:
            write_due(connection, postponed, until)

    def store_answers(self, new: Iterable[NewAnswer], now: int) -> int:
        """
        Store answers in one transaction, and return how many were stored.

        The store omits an answer whose version is not the certificate's, one that
        another process has signed meanwhile, and one that outlives its signer.

        Args:
            new: The answers.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the file cannot be written, or a signer was not added.
        """
        with self._writer.answering() as connection:
            return write_answers(connection, new, now)

    # --- the file ---

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


def _close(reader: Reader, writer: Writer) -> None:
    reader.end()
    writer.end()
