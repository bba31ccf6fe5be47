"""Answer OCSP requests from a PostgreSQL database: look up, follow, and store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from cryptography import x509

from ocsp.responder.source import StatusQuery, StatusRecord
from ocsp.responder.stored_answer import CertIDForm, Changes, LookupResult, NewAnswer
from ocsp.store.address import DatabaseAddress
from ocsp.store.author import program_name
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.serving.following import ChangeFollower
from ocsp.store.postgresql.serving.line import NO_FORM, LookupLine
from ocsp.store.store import Store

__all__ = ["PostgreSQLSource"]

CLOSE_SECONDS = 1.0
"""How long :meth:`PostgreSQLSource.aclose` waits for the connections to end."""


class PostgreSQLSource:
    """
    A :class:`ocsp.responder.RemoteAnswerStore` on a PostgreSQL database.

    It is also a :class:`ocsp.responder.StatusSource`. It is used in the thread of one
    event loop, except for the methods that write. It connects when it is first used,
    and again when a connection is lost, so that the database may be away.
    """

    def __init__(
        self,
        address: DatabaseAddress | str,
        store: Store,
        *,
        program: str | None = None,
        acknowledges: bool = True,
    ) -> None:
        """
        Make no connection yet.

        Args:
            address: The database, as in :class:`ocsp.store.postgresql.PostgreSQLStore`.

            store: A store on the same database, which writes. The caller closes it.

            program: The name of the program for ``pg_stat_activity``. The default is
                that of this process.

            acknowledges: Say in the database which changes were seen, so that
                :meth:`ocsp.store.Store.wait_until_seen` waits for this process.

        Raises:
            ConfigError: If *address* is malformed.
        """
        place, name = Address(address), program or program_name()
        self._store = store
        self._line = LookupLine(place, name)
        self._follower = ChangeFollower(
            place, name, self._line.use, acknowledges=acknowledges
        )

    # --- look-ups ---

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the database cannot be asked now, does not answer in
                time, or too many look-ups wait.
            StoreError: If a row of these certificates has values that mean nothing.
        """
        found = await asyncio.gather(*(self._line.find(q, NO_FORM) for q in queries))
        return [None if each is None else each.record for each in found]

    async def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the database cannot be asked now, does not answer in
                time, or too many look-ups wait.
            StoreError: If the row of the certificate has values that mean nothing.
        """
        return await self._line.find(query, form)

    def poll_changes(self) -> Changes:
        """
        Return what was noticed since the last call; some microseconds.

        The first call in an event loop begins to follow the changes.
        """
        self._follower.start()
        return self._follower.take()

    # --- signed answers, in a thread ---

    def add_signer(self, certificate: x509.Certificate) -> None:
        """
        Record the certificate of a signer, before its answers are stored.

        Raises:
            StoreError: If the database cannot be written.
        """
        self._store.add_signer(certificate)

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """
        Store *answers* in one transaction, and return how many were stored.

        Raises:
            StoreError: If the database cannot be written, or a signer was not added.
        """
        return self._store.store_answers(answers, now)

    # --- the end ---

    def close(self) -> None:
        """End the connections soon, if the event loop runs on."""
        self._line.close()
        self._follower.close()

    async def aclose(self) -> None:
        """End the connections, and wait for it."""
        self.close()
        tasks = [*self._line.tasks, *self._follower.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
