"""
Store the status of certificates, and signed answers, in a PostgreSQL database.

Any number of processes on any number of machines may use it at the same time.
"""

from __future__ import annotations

import asyncio
import datetime
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from cryptography import x509

from ocsp.responder.schedule import clock_difference
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    Changes,
    DueAnswer,
    LookupResult,
    NewAnswer,
)
from ocsp.store.address import DatabaseAddress
from ocsp.store.author import program_name
from ocsp.store.claim import Claim
from ocsp.store.events import Event
from ocsp.store.listing import Listing
from ocsp.store.postgresql.answers import (
    POSTPONED_SECONDS,
    count_due,
    count_open_changes,
    find_due,
    has_due,
    insert_signer,
    write_answers,
    write_due,
)
from ocsp.store.postgresql.changes.history import import_events
from ocsp.store.postgresql.changes.importing import import_batch, imported_rows
from ocsp.store.postgresql.changes.pruning import prune_certificates, prune_events
from ocsp.store.postgresql.changes.status import (
    add_certificate,
    change_certificate,
)
from ocsp.store.postgresql.claims import claim_due
from ocsp.store.postgresql.copying import (
    changes_after,
    list_answers,
    read_cursor,
    write_cursor,
)
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.identity import EPOCH
from ocsp.store.postgresql.database.pool import Pool
from ocsp.store.postgresql.database.schema import create as create_tables
from ocsp.store.postgresql.database.schema import find_refusal, require_schema
from ocsp.store.postgresql.following import NOW, Follower, late_nodes
from ocsp.store.postgresql.forms import choose_forms
from ocsp.store.postgresql.lookups import find_statuses, find_with_answer
from ocsp.store.postgresql.partitions import Partitions
from ocsp.store.postgresql.rates import return_signatures, take_signatures
from ocsp.store.store import Store
from ocsp.store.values import (
    CertificateRow,
    Change,
    ImportedBatch,
    LateReader,
    NewChanges,
)

__all__ = ["PostgreSQLStore"]


class PostgreSQLStore(Store):
    """
    A :class:`Store` on a PostgreSQL database.

    It is also a :class:`ocsp.responder.StatusSource`.
    """

    shares_claims = True

    def __init__(
        self,
        address: DatabaseAddress | str,
        *,
        create: bool = False,
        read_only: bool = False,
        program: str | None = None,
        pool_size: int = 4,
        may_be_away: bool = False,
    ) -> None:
        """
        Check the database *address*; threads get their connections when they need them.

        Args:
            address: ``postgresql://user@host:port/database?parameter=value``, with the
                parameters of libpq. A password had better be in the password file of
                libpq or in ``PGPASSWORD``.

            create: Make the tables if there are none.

            read_only: A change raises :class:`ocsp.errors.StoreError`.

            program: The name of the program for the history of changes, such as
                ``ocsp status revoke``. The default is that of this process.

            pool_size: How many connections at most. A call waits for one for 5 s.

            may_be_away: Check the database before its first use, and not now: calls
                raise until the server can be asked, and has the tables.

        Raises:
            ConfigError: If *address* is malformed.
            StoreError: If the server cannot be asked, or the database has no tables
                that this release can use.
        """
        self._pool = Pool(
            Address(address),
            size=pool_size,
            read_only=read_only,
            program=program or program_name(),
            find_refusal=find_refusal if may_be_away else None,
        )
        if create:
            create_tables(self._pool)
        if not may_be_away:
            require_schema(self._pool)
        self._listing = Listing(self._pool, "%s")
        self._partitions = Partitions()
        self._follower = Follower(self._pool, acknowledges=not read_only)
        # An application that lives as long as its process never calls close.
        self._finalize = weakref.finalize(self, _close, self._follower, self._pool)

    # --- changes of status ---

    def _add(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        subject: str,
        expires: datetime.datetime | None,
        cert_hash: bytes,
    ) -> bool:
        with self._pool.changing() as connection:
            return add_certificate(
                connection, issuer, serial_number, subject, expires, cert_hash
            )

    def _change(
        self,
        issuer: x509.Certificate,
        serial_number: int,
        decide: Callable[[StatusRecord], StatusRecord],
    ) -> Change:
        with self._pool.changing() as connection:
            return change_certificate(connection, issuer, serial_number, decide)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the changes in the ``with`` block in one transaction."""
        with self._pool.changing():
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
        with self._pool.changing() as connection:
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
        with self._pool.changing() as connection:
            import_events(connection, events)
            write_cursor(connection, name, place)

    def _imported_rows(self, issuer: IssuerKey, digest: bytes) -> int:
        return imported_rows(self._pool, issuer, digest)

    def _wait_until_seen(self, event: int, timeout: float) -> list[LateReader]:
        return late_nodes(self._pool, event, timeout)

    def _prune_certificates(self, before: int) -> int:
        return prune_certificates(self._pool, self._pool.changing, before)

    def _prune_events(self, before: int) -> int:
        return prune_events(self._pool.changing, before)

    # --- look-ups ---

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """Return the record for each of *queries*, in order."""
        return await asyncio.to_thread(find_statuses, self._pool, queries)

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return status and stored answer from one snapshot."""
        return find_with_answer(self._pool, query, form)

    # --- signed answers ---

    def poll_changes(self) -> Changes:
        """Return what other connections changed, in one query."""
        return self._follower.poll()

    def _add_signer(self, certificate: x509.Certificate) -> None:
        with self._pool.answering() as connection:
            insert_signer(connection, certificate)

    def _sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None:
        choose_forms(self._pool.answering, issuer, forms)

    def _due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        found = find_due(self._pool, issuer, now, limit)
        if found.unreadable:
            self.postpone_answers(found.unreadable, now + POSTPONED_SECONDS)
        return found.answers

    def _claim_due(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> AbstractContextManager[Claim]:
        return claim_due(self._pool, self._partitions, issuer, now, limit)

    def _has_due(self, issuer: IssuerKey, now: int) -> bool:
        return has_due(self._pool, issuer, now)

    def _take_signatures(self, signer: bytes, rate: float, wanted: int) -> int:
        with self._pool.answering() as connection:
            return take_signatures(connection, signer, rate, wanted)

    def _return_signatures(self, signer: bytes, unused: int) -> None:
        with self._pool.answering() as connection:
            return_signatures(connection, signer, unused)

    def _count_due(self, issuer: IssuerKey, now: int) -> int:
        return count_due(self._pool, issuer, now)

    def _count_open_changes(self, last: int) -> int:
        return count_open_changes(self._pool, last)

    def _has_changed(self) -> bool:
        return self._follower.has_changed()

    def clock_ahead(self) -> float:
        """Compare the clock of this machine with that of the server."""
        before = time.time()
        (theirs,) = self._pool.fetch_one(f"SELECT {NOW}")
        return clock_difference(theirs, before, time.time())

    def _postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        with self._pool.answering() as connection:
            write_due(connection, postponed, until)

    def _store_answers(self, new: Iterable[NewAnswer], now: int) -> int:
        with self._pool.answering() as connection:
            return write_answers(connection, new, now)

    # --- programs that copy answers elsewhere ---

    def _stored_answers(self, issuer: IssuerKey, since: int) -> Iterator[NewAnswer]:
        return list_answers(self._pool, issuer, since)

    def _changes_after(self, cursor: str, limit: int) -> NewChanges:
        return changes_after(self._pool, cursor, limit)

    def _read_cursor(self, name: str) -> str:
        return read_cursor(self._pool, name)

    def _write_cursor(self, name: str, cursor: str) -> None:
        with self._pool.answering() as connection:
            write_cursor(connection, name, cursor)

    # --- the database ---

    def epoch(self) -> str:
        """Return the identity of the database."""
        return str(self._pool.fetch_one(f"SELECT {EPOCH}")[0])

    def close(self) -> None:
        """Close all connections."""
        self._finalize()


def _close(follower: Follower, pool: Pool) -> None:
    follower.close()
    pool.close()
