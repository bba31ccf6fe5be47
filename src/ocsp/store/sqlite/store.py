"""
Store the status of certificates, and signed answers, in one SQLite file.

The file is in WAL mode: readers never wait for writers. A store notices that its file
was replaced, for example by a backup. It never answers from a file that was deleted.
"""

from __future__ import annotations

import datetime
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from cryptography import x509

from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    Changes,
    CurrentAnswer,
    DueAnswer,
    LookupResult,
    NewAnswer,
)
from ocsp.store.author import program_name
from ocsp.store.claim import Claim
from ocsp.store.events import Event
from ocsp.store.listing import Listing
from ocsp.store.sqlite.answers import (
    POSTPONED_SECONDS,
    count_due,
    count_open_changes,
    find_due,
    has_due,
    insert_signer,
    write_answers,
    write_due,
)
from ocsp.store.sqlite.changes.history import import_events
from ocsp.store.sqlite.changes.importing import import_batch, imported_rows
from ocsp.store.sqlite.changes.pruning import prune_certificates, prune_events
from ocsp.store.sqlite.changes.status import (
    add_certificate,
    change_certificate,
)
from ocsp.store.sqlite.claims import claim_due
from ocsp.store.sqlite.copying import (
    changes_after,
    list_answers,
    read_cursor,
    write_cursor,
)
from ocsp.store.sqlite.database.acknowledgement import late_readers
from ocsp.store.sqlite.database.file import StatusFile
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.sqlite.database.writer import Writer
from ocsp.store.sqlite.forms import choose_forms
from ocsp.store.store import Store
from ocsp.store.values import (
    CertificateRow,
    Change,
    ImportedBatch,
    LateReader,
    NewChanges,
)

__all__ = ["SQLiteStore"]


class SQLiteStore(Store):
    """
    A :class:`Store` on a SQLite file.

    It is also a :class:`ocsp.responder.StatusSource` and a
    :class:`ocsp.responder.LocalSource`: a look-up never waits.
    """

    shares_claims = False

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
        self._listing = Listing(self._reader, "?")
        # An application that lives as long as its process never calls close.
        self._finalize = weakref.finalize(self, _close, self._reader, self._writer)

    # --- changes of status ---

    def _add(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        subject: str,
        expires: datetime.datetime | None,
        cert_hash: bytes,
    ) -> bool:
        with self._writer.changing() as connection:
            return add_certificate(
                connection, issuer, serial_number, subject, expires, cert_hash
            )

    def _change(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        decide: Callable[[StatusRecord], StatusRecord],
    ) -> Change:
        with self._writer.changing() as connection:
            return change_certificate(connection, issuer, serial_number, decide)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the changes in the ``with`` block in one transaction."""
        with self._writer.changing():
            yield

    def _import_rows(
        self,
        issuer: x509.Certificate,
        rows: Iterable[CertificateRow],
        *,
        digest: bytes,
        done: int,
        name: str,
        sha256: bytes,
    ) -> ImportedBatch:
        with self._writer.changing(bulk=True) as connection:
            return import_batch(
                connection,
                issuer,
                rows,
                digest=digest,
                done=done,
                name=name,
                sha256=sha256,
            )

    def _import_events(self, events: Iterable[Event], name: str, place: str) -> None:
        with self._writer.changing() as connection:
            import_events(connection, events)
            write_cursor(connection, name, place)

    def _imported_rows(self, issuer: IssuerKey, digest: bytes) -> int:
        return imported_rows(self._reader, issuer, digest)

    def _wait_until_seen(self, event: int, timeout: float) -> list[LateReader]:
        return late_readers(self._file, event, timeout)

    def _prune_certificates(self, before: int) -> int:
        return prune_certificates(self._reader, self._writer.changing, before)

    def _prune_events(self, before: int) -> int:
        return prune_events(self._writer.changing, before)

    # --- look-ups ---

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """Return the record for each of *queries*, in order."""
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
        """Return status and stored answer from one snapshot; some 10 µs."""
        return self._reader.find_with_answer(query, form)

    def look_up_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> CurrentAnswer | None:
        """Return the stored answer about the present status; some 6 µs."""
        return self._reader.find_answer(query, form)

    # --- signed answers ---

    def poll_changes(self) -> Changes:
        """Return what other connections changed; some microseconds."""
        return self._reader.poll()

    def _add_signer(self, certificate: x509.Certificate) -> None:
        with self._writer.answering() as connection:
            insert_signer(connection, certificate)

    def _sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None:
        choose_forms(self._writer.answering, issuer, forms)

    def _due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        found = find_due(self._reader, issuer, now, limit)
        if found.unreadable:
            self.postpone_answers(found.unreadable, now + POSTPONED_SECONDS)
        return found.answers

    def _claim_due(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> AbstractContextManager[Claim]:
        return claim_due(self, issuer, now, limit)

    def _has_due(self, issuer: IssuerKey, now: int) -> bool:
        return has_due(self._reader, issuer, now)

    def _take_signatures(self, signer: bytes, rate: float, wanted: int) -> int:
        del signer, rate  # one process signs: the signer itself keeps its rate
        return wanted

    def _return_signatures(self, signer: bytes, unused: int) -> None:
        pass

    def _count_due(self, issuer: IssuerKey, now: int) -> int:
        return count_due(self._reader, issuer, now)

    def _count_open_changes(self, last: int) -> int:
        return count_open_changes(self._reader, last)

    def _has_changed(self) -> bool:
        return self._reader.has_changed()

    def _postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        with self._writer.answering() as connection:
            write_due(connection, postponed, until)

    def _store_answers(self, new: Iterable[NewAnswer], now: int) -> int:
        with self._writer.answering() as connection:
            return write_answers(connection, new, now)

    # --- programs that copy answers elsewhere ---

    def _stored_answers(self, issuer: IssuerKey, since: int) -> Iterator[NewAnswer]:
        return list_answers(self._reader, issuer, since)

    def _changes_after(self, cursor: str, limit: int) -> NewChanges:
        return changes_after(self._reader, cursor, limit)

    def _read_cursor(self, name: str) -> str:
        return read_cursor(self._reader, name)

    def _write_cursor(self, name: str, cursor: str) -> None:
        with self._writer.answering() as connection:
            write_cursor(connection, name, cursor)

    # --- the file ---

    def epoch(self) -> str:
        """Return the identity of the database in the file."""
        return self._reader.database_id()

    def close(self) -> None:
        """Close the file."""
        self._finalize()


def _close(reader: Reader, writer: Writer) -> None:
    reader.end()
    writer.end()
