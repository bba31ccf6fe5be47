"""
Define a store: the status of certificates, and signed answers.

The key of a certificate is its issuer (name and public key) and its serial number. The
CA adds a record when it issues a certificate. A revocation is permanent, except for a
certificate on hold; triggers in the database enforce this, also for other programs.

:class:`Store` has the public methods and their rules; each database is a subclass that
has the statements.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
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
    CurrentAnswer,
    DueAnswer,
    LookupResult,
    NewAnswer,
)
from ocsp.store.claim import Claim
from ocsp.store.events import Event
from ocsp.store.listing import Listing
from ocsp.store.rules import released_record, revoked_record
from ocsp.store.values import (
    CertificateRow,
    Change,
    Entry,
    ImportedBatch,
    LateReader,
    NewChanges,
    Pruned,
    StatusCounts,
    StoredIssuer,
    seconds,
)

__all__ = ["Store"]

_EVENTS_STAY = datetime.timedelta(days=1)
"""How long a database keeps every event: responders have to read them."""


class Store(ABC):
    """
    Status of certificates and signed answers in a database.

    It is an :class:`ocsp.responder.AnswerStore` and a
    :class:`ocsp.responder.StatusSource`. Use it as a context manager, or call
    :meth:`close`. Several threads may share one object, and several processes may use
    the same database at the same time.

    Attributes:
        shares_claims: Whether several processes may sign ahead, each of them other
            answers: see :meth:`claim_due`.
    """

    shares_claims: bool
    _listing: Listing

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
            ``False`` if there was a record already; nothing is changed then.

        Raises:
            StoreError: If the store cannot be written.
        """
        return self._add(issuer, serial_number, subject, expires, cert_hash)

    @abstractmethod
    def _add(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        subject: str,
        expires: datetime.datetime | None,
        cert_hash: bytes,
    ) -> bool: ...

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
        return self._change(
            issuer,
            serial_number,
            lambda known: revoked_record(
                known,
                wanted,
                serial_number,
                since_now=time is None,
                change_reason=change_reason,
            ),
        )

    @abstractmethod
    def _change(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        decide: Callable[[StatusRecord], StatusRecord],
    ) -> Change: ...

    def release(self, issuer: x509.Certificate, serial_number: int) -> Change:
        """
        Record that a certificate on hold is good again (RFC 5280 §5.3.1).

        Raises:
            UnknownCertificate: If the certificate has no record.
            NotOnHold: If the certificate is not on hold.
            StoreError: If the store cannot be written.
        """
        return self._change(
            issuer, serial_number, lambda known: released_record(known, serial_number)
        )

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """
        Make the changes in the ``with`` block in one transaction: all of them or none.

        If the block raises an exception, nothing is changed. Other threads and
        processes that write wait for the end of the block; all see its changes at once.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def import_rows(
        self,
        issuer: x509.Certificate,
        rows: Iterable[CertificateRow],
        *,
        digest: bytes,
        done: int,
        name: str = "",
        sha256: bytes = b"",
    ) -> ImportedBatch:
        """
        Import certificates in one transaction: all of them or none.

        Certificates in the store keep their subject and expiry. A revocation is added
        to a certificate that is good or on hold; no certificate becomes good. The
        history gets one event with the counts, unless nothing changes, and one for each
        certificate that was there and is revoked now.

        Args:
            issuer: The certificate of their issuer.

            rows: The certificates; some thousands are a good number.

            digest: SHA-256 of the file that they come from, and of how it is read: an
                import that was interrupted is found by it.

            done: How many rows of that file have been imported after this batch.

            name: The name of that file, for the history.

            sha256: SHA-256 of that file alone, for the history; empty if there is none.

        Raises:
            StoreError: If the store cannot be written, or a row has values that the
                database refuses.
        """
        return self._import_rows(
            issuer, rows, digest=digest, done=done, name=name, sha256=sha256
        )

    @abstractmethod
    def _import_rows(
        self,
        issuer: x509.Certificate,
        rows: Iterable[CertificateRow],
        *,
        digest: bytes,
        done: int,
        name: str,
        sha256: bytes,
    ) -> ImportedBatch: ...

    def import_events(self, events: Iterable[Event], *, name: str, place: str) -> None:
        """
        Add events that another store recorded to the history.

        The status of no certificate changes. In the same transaction the place *place*
        is kept for the program *name*, so that it can go on after an interruption.

        Args:
            events: The events; their numbers are not kept.

            name: The name of the program, as in :meth:`write_cursor`.

            place: The place in the history of the other store.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._import_events(events, name, place)

    @abstractmethod
    def _import_events(
        self, events: Iterable[Event], name: str, place: str
    ) -> None: ...

    def imported_rows(self, issuer: IssuerKey, digest: bytes) -> int:
        """
        Return how many rows of a file :meth:`import_rows` has imported.

        Args:
            issuer: The issuer.

            digest: SHA-256 of the file.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._imported_rows(issuer, digest)

    @abstractmethod
    def _imported_rows(self, issuer: IssuerKey, digest: bytes) -> int: ...

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
        return self._wait_until_seen(event, timeout)

    @abstractmethod
    def _wait_until_seen(self, event: int, timeout: float) -> list[LateReader]: ...

    def prune(
        self,
        *,
        expired_before: datetime.datetime | None = None,
        events_before: datetime.datetime | None = None,
    ) -> Pruned:
        """
        Delete expired certificates with their answers, and old events.

        It is done in transactions of some rows. In each of them the history gets an
        event for each issuer that says how many certificates were deleted, or one that
        says how many events.

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
            certificates = self._prune_certificates(before)
        if events_before is not None:
            oldest = min(utc(events_before), now - _EVENTS_STAY)
            events = self._prune_events(int(oldest.timestamp()))
        return Pruned(certificates, events)

    @abstractmethod
    def _prune_certificates(self, before: int) -> int: ...

    @abstractmethod
    def _prune_events(self, before: int) -> int: ...

    @abstractmethod
    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If a row of these certificates has values that mean nothing.
        """
        ...

    @abstractmethod
    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If the row of the certificate has values that mean nothing.
        """
        ...

    def look_up_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> CurrentAnswer | None:
        """
        Return the stored answer about the present status; ``None`` if there is none.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If the row of the certificate has values that mean nothing.
        """
        found = self.look_up_with_answer(query, form)
        if found is None or found.stored is None:
            return None
        return CurrentAnswer(
            found.stored, found.record.status is OCSPCertStatus.REVOKED
        )

    def issuers(self) -> list[StoredIssuer]:
        """
        Return the issuers in the store, in the order in which they were added.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._listing.issuers()

    def find(self, issuer: IssuerKey, serial_number: int) -> Entry | None:
        """
        Return one certificate with all that is known about it, or ``None``.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If its row has values that mean nothing.
        """
        return self._listing.find(issuer, serial_number)

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
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If a row has values that mean nothing.
        """
        return self._listing.entries(issuer, status, expires_before, revoked_since)

    def events(self, after: int = 0) -> Iterator[Event]:
        """
        Yield the events of the history, the oldest first.

        Args:
            after: Only events with larger numbers.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If an event has values that mean nothing.
        """
        return self._listing.events(after)

    def history(
        self, issuer: IssuerKey, serial_number: int, limit: int = 20
    ) -> list[Event]:
        """
        Return the last events about one certificate alone, the newest first.

        They say who added it, and who changed its status. A certificate that an import
        has added has no event for that; see :meth:`import_rows`.

        Args:
            issuer: The issuer.

            serial_number: The serial number of the certificate.

            limit: How many events at most.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If an event has values that mean nothing.
        """
        return self._listing.history(issuer, serial_number, limit)

    def count(self, issuer: IssuerKey) -> StatusCounts:
        """
        Return how many certificates of *issuer* have which status.

        It reads all certificates of the issuer: about 0.2 s for a million.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._listing.count(issuer)

    @abstractmethod
    def poll_changes(self) -> Changes:
        """
        Return what other connections changed since the last call; some microseconds.

        Call it every 20 ms, and drop what the changes make wrong before the next call.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        ...

    def add_signer(self, certificate: x509.Certificate) -> None:
        """
        Record the certificate of a signer, before its answers are stored.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._add_signer(certificate)

    @abstractmethod
    def _add_signer(self, certificate: x509.Certificate) -> None: ...

    def sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None:
        """
        Let the answers of all certificates of *issuer* be due, now and in future.

        Args:
            issuer: The certificate of the issuer.

            forms: Which CertIDs these answers have. Answers in other forms are removed.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._sign_ahead(issuer, forms)

    @abstractmethod
    def _sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None: ...

    def due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        """
        Return answers of *issuer* to sign, changed ones first, then by their time.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

            limit: How many at most.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If the store cannot be written. It is written if a row of a
                certificate has values that mean nothing, which is logged: its answer
                is due an hour later, so that it is not the first one for ever.
        """
        return self._due_answers(issuer, now, limit)

    @abstractmethod
    def _due_answers(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> list[DueAnswer]: ...

    def claim_due(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> AbstractContextManager[Claim]:
        """
        Claim answers of *issuer* to sign, changed ones first, then by their time.

        If any number of machines share the database, no other claim has the same
        answers while the ``with`` block lasts; nothing else waits for it. What was
        stored in the block is there when it ends. A SQLite file is for one process that
        signs ahead: two would claim the same answers, of which the first one is stored.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

            limit: How many at most; the store may give fewer. None means that nothing
                is due which no other process has claimed.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
            StoreError: If the store cannot be written, or the block took longer than
                the store allows. A row of a certificate whose values mean nothing is
                logged: its answer is due an hour later.
        """
        return self._claim_due(issuer, now, limit)

    @abstractmethod
    def _claim_due(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> AbstractContextManager[Claim]: ...

    def take_signatures(self, signer: bytes, rate: float, wanted: int) -> int:
        """
        Return how many signatures a signer may make now, on this machine.

        All machines that share the database share the rate. A SQLite file is for one
        machine, where the signer itself keeps its rate: it gets what is wanted.

        Args:
            signer: SHA-256 of the DER of its certificate, after :meth:`add_signer`.

            rate: How many signatures a second it may make.

            wanted: How many at most.

        Raises:
            StoreError: If the store cannot be written.
        """
        return self._take_signatures(signer, rate, wanted)

    @abstractmethod
    def _take_signatures(self, signer: bytes, rate: float, wanted: int) -> int: ...

    def return_signatures(self, signer: bytes, unused: int) -> None:
        """
        Give signatures back that were taken and not made.

        Args:
            signer: SHA-256 of the DER of its certificate.

            unused: How many.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._return_signatures(signer, unused)

    @abstractmethod
    def _return_signatures(self, signer: bytes, unused: int) -> None: ...

    def has_due(self, issuer: IssuerKey, now: int) -> bool:
        """
        Return whether answers of *issuer* are due, also those that are claimed.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._has_due(issuer, now)

    @abstractmethod
    def _has_due(self, issuer: IssuerKey, now: int) -> bool: ...

    def count_due(self, issuer: IssuerKey, now: int) -> int:
        """
        Return how many answers of *issuer* are due.

        A database that many machines share estimates more than 100,000 of them.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._count_due(issuer, now)

    @abstractmethod
    def _count_due(self, issuer: IssuerKey, now: int) -> int: ...

    def count_open_changes(self, last: int = 1000) -> int:
        """
        Return how many of the last changes of status are not in all signed answers yet.

        Answers that are not signed ahead are not looked at.

        Args:
            last: How many changes to look at.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._count_open_changes(last)

    @abstractmethod
    def _count_open_changes(self, last: int) -> int: ...

    def has_changed(self) -> bool:
        """
        Return whether another connection has written since the last call.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._has_changed()

    @abstractmethod
    def _has_changed(self) -> bool: ...

    def clock_ahead(self) -> float:
        """
        Return by how many seconds the clock of this machine is ahead of the store's.

        It is negative if it is behind, and 0 for a store on this machine.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        return 0.0

    def postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """
        Let answers that cannot be signed now be due at *until*.

        Args:
            postponed: The certificates, and the forms of their answers.

            until: When to try again, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._postpone_answers(postponed, until)

    @abstractmethod
    def _postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None: ...

    def store_answers(self, new: Iterable[NewAnswer], now: int) -> int:
        """
        Store answers in one transaction, and return how many were stored.

        The store omits an answer whose version is not the certificate's, one that
        another process has signed meanwhile, and one that outlives its signer.

        Args:
            new: The answers.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written, or a signer was not added.
        """
        return self._store_answers(new, now)

    @abstractmethod
    def _store_answers(self, new: Iterable[NewAnswer], now: int) -> int: ...

    # --- programs that copy answers elsewhere ---

    def stored_answers(
        self, issuer: IssuerKey, *, since: int = 0
    ) -> Iterator[NewAnswer]:
        """
        Yield the stored answers of *issuer* by thisUpdate, the oldest first.

        An answer that was made from an older status of its certificate is left out. The
        memory that this takes does not depend on their number. It is no snapshot: an
        answer that is signed meanwhile is yielded again, later. A transaction that ends
        late can add an answer with an earlier thisUpdate than one that was yielded.

        Not checked: whether an answer has ended.

        Args:
            issuer: The issuer.

            since: Only answers whose thisUpdate is this second since 1970, or later.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._stored_answers(issuer, since)

    @abstractmethod
    def _stored_answers(self, issuer: IssuerKey, since: int) -> Iterator[NewAnswer]: ...

    def changes_after(self, cursor: str = "", limit: int = 1000) -> NewChanges:
        """
        Return the changes of status after a place in the history.

        The place can be kept for as long as the events are, also by another process.
        No change is left out, in whatever order the transactions end.

        Args:
            cursor: The place, from an earlier call; empty for the present end of the
                history, which has no changes after it.

            limit: How many changes at most.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._changes_after(cursor, limit)

    @abstractmethod
    def _changes_after(self, cursor: str, limit: int) -> NewChanges: ...

    def read_cursor(self, name: str) -> str:
        """
        Return the place in the history that a program keeps here; empty if it has none.

        Args:
            name: The name of the program.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        return self._read_cursor(name)

    @abstractmethod
    def _read_cursor(self, name: str) -> str: ...

    def write_cursor(self, name: str, cursor: str) -> None:
        """
        Keep a place in the history for a program.

        Args:
            name: The name of the program.

            cursor: The place, from :meth:`changes_after`.

        Raises:
            StoreError: If the store cannot be written.
        """
        self._write_cursor(name, cursor)

    @abstractmethod
    def _write_cursor(self, name: str, cursor: str) -> None: ...

    # --- the database ---

    @abstractmethod
    def epoch(self) -> str:
        """
        Return the identity of the database: another one after a restore or a fail-over.

        What was kept of a database with another identity must not be used with it.

        Raises:
            SourceUnavailable: If the store cannot be read now, or is gone.
        """
        ...

    @abstractmethod
    def close(self) -> None:
        """Close the database; it is also closed when the object is deleted."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
