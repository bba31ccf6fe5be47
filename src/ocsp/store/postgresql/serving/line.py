"""
Look certificates up; the look-ups that wait together go in one statement.

A few connections take from one waiting line, as much as they find there. So a statement
is for one look-up while there is little to do, and for many under load, which then cost
a tenth each.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from ocsp.asn1.der import integer_octets
from ocsp.errors import OCSPError, SourceUnavailable, StoreError
from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import LookupResult, StoredAnswer
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.serving.link import Link, connected, unavailable
from ocsp.store.postgresql.serving.retrying import Backoff
from ocsp.store.values import record_from

__all__ = ["NO_FORM", "LookupLine"]

CONNECTIONS = 2
"""Connections that a process uses for look-ups. While one statement runs in the
database, the other one is read here."""

MAX_BATCH = 128
"""Look-ups in one statement: more would make the first of them wait."""

MAX_WAITING = 2_000
"""Certificates that wait to be looked up. Clients of more get *tryLater*: the database
answers some 50,000 a second, and they would wait longer than clients do."""

WAIT_SECONDS = 2.0
"""How long a look-up may wait for its statement: long enough that a connection that was
lost is there again, and shorter than clients wait."""

NO_FORM = 0
"""The form of a look-up that needs no answer."""

# LATERAL with LIMIT: always two look-ups by the primary key, whatever the statistics of
# the tables say. One statement, so one snapshot.
_FIND = """
SELECT place, c.revoked, c.reason, c.invalid, c.expires, c.cert_hash, c.version,
    signer.digest, a.due, a.this_update, a.next_update, a.tbs, a.signature
FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[], %b::smallint[])
    WITH ORDINALITY q (name_hash, key_hash, serial, form, place)
JOIN issuer USING (name_hash, key_hash)
CROSS JOIN LATERAL (
    SELECT * FROM certificate
    WHERE issuer_id = issuer.id AND certificate.serial = q.serial LIMIT 1
) c
LEFT JOIN LATERAL (
    SELECT * FROM answer WHERE issuer_id = issuer.id AND answer.serial = q.serial
        AND answer.form = q.form AND answer.version = c.version LIMIT 1
) a ON true
LEFT JOIN signer ON signer.id = a.signer_id
"""

_PLAN_ONCE = "SET plan_cache_mode = force_generic_plan"
"""A plan takes longer than the look-up, and is the same for all."""

_log = logging.getLogger("ocsp.store")

Key = tuple[StatusQuery, int]


class _Failure(NamedTuple):
    """What a look-up raises for each request that waits for it."""

    kind: type[OCSPError]
    text: str


Outcome = LookupResult | _Failure | None


class _LookUp:
    """A look-up that waits."""

    __slots__ = ("future", "losses", "since")

    def __init__(self) -> None:
        self.future: asyncio.Future[Outcome] = (
            asyncio.get_running_loop().create_future()
        )
        self.since = time.monotonic()
        self.losses = 0


class LookupLine:
    """
    The look-ups of one process, and the connections that take from them.

    Attributes:
        tasks: The tasks of the connections.
    """

    def __init__(self, address: Address, program: str) -> None:
        """
        Connect to the database when the first look-up comes.

        Args:
            address: The database.

            program: The program, for ``pg_stat_activity``.
        """
        self._address = address
        self._program = program
        self._epoch: str | None = None
        self._waiting: dict[Key, _LookUp] = {}
        self._news = asyncio.Event()
        self._links: set[Link] = set()
        self._failures: dict[int, SourceUnavailable] = {}
        self._closing = asyncio.Event()
        self._sooner = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def find(self, query: StatusQuery, form: int) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        Args:
            query: The certificate.

            form: The form of the answer, or :data:`NO_FORM`.

        Raises:
            SourceUnavailable: If the database cannot be asked now, does not answer in
                time, or too many look-ups wait.
            StoreError: If the row of the certificate has values that mean nothing.
        """
        if not self.tasks:
            self._start()
        if len(self._failures) == CONNECTIONS:
            raise SourceUnavailable(str(next(iter(self._failures.values()))))
        key = query, form
        look_up = self._waiting.get(key)
        if look_up is None:
            if len(self._waiting) >= MAX_WAITING:
                raise SourceUnavailable(
                    f"{self._address.name}: {MAX_WAITING} look-ups wait already"
                )
            look_up = self._waiting[key] = _LookUp()
            self._news.set()
        # Others may wait for the same: who gives up does not end it for them.
        outcome = await asyncio.shield(look_up.future)
        if isinstance(outcome, _Failure):
            raise outcome.kind(outcome.text)
        return outcome

    def use(self, epoch: str) -> None:
        """
        Use no connection to a database with another identity from now on.

        It answers now: connections that were lost are opened at once, and look-ups wait
        for them. Memory was dropped, so nothing else has the answers. An attempt that
        began before can still fail, at a server that is away: that counts no longer.
        """
        self._epoch = epoch
        self._failures = {}
        self._sooner.set()
        for link in self._links:
            if link.epoch != epoch:
                link.cut()

    def close(self) -> None:
        """Close the connections; what waits fails."""
        self._closing.set()
        self._sooner.set()
        self._news.set()
        for link in self._links:
            link.cut()
        self._fail_all(SourceUnavailable(f"{self._address.name}: is closed"))

    # --- the connections ---

    def _start(self) -> None:
        self.tasks += [
            asyncio.create_task(self._keep_connected(number))
            for number in range(CONNECTIONS)
        ]

    async def _keep_connected(self, number: int) -> None:
        backoff = Backoff()
        while not self._closing.is_set():
            self._sooner.clear()
            failures = self._failures
            try:
                await self._work(backoff)
            except SourceUnavailable as error:
                failures[number] = error
            except Exception as error:
                _log.exception("unexpected error of a look-up")
                failures[number] = SourceUnavailable(
                    f"internal error: {type(error).__name__}"
                )
            if len(self._failures) == CONNECTIONS:
                self._fail_all(self._failures[number])
            await backoff.wait(self._sooner)

    async def _work(self, backoff: Backoff) -> None:
        """
        Look up with one connection until it is lost.

        Raises:
            SourceUnavailable: If it cannot be opened.
        """
        async with connected(self._address, self._program) as link:
            if self._epoch not in {None, link.epoch}:
                raise SourceUnavailable(
                    f"{self._address.name}: another database answers than the one"
                    " whose changes are followed"
                )
            if link.is_direct:
                await link.fetch(_PLAN_ONCE)
            backoff.connected()
            self._failures.clear()
            self._links.add(link)
            try:
                while not self._closing.is_set():
                    await self._serve(link)
            except (psycopg.Error, OSError):
                return  # those who wait were told, or wait for the next connection
            finally:
                self._links.discard(link)

    async def _serve(self, link: Link) -> None:
        """Take what waits, look it up, and tell those who wait for it."""
        batch = self._take()
        if not batch:
            self._news.clear()
            await self._news.wait()
            return
        columns = (
            [query.issuer.name_hash for query, _ in batch],
            [query.issuer.key_hash for query, _ in batch],
            [integer_octets(query.serial_number) for query, _ in batch],
            [form for _, form in batch],
        )
        try:
            rows = await link.fetch(_FIND, columns, prepare=True)
        except psycopg.errors.QueryCanceled as error:
            self._fail(batch.values(), unavailable(self._address, error))
            raise
        except (psycopg.Error, OSError) as error:
            self._repeat(batch, unavailable(self._address, error))
            raise
        except BaseException:
            self._fail(batch.values(), SourceUnavailable("the look-up was broken off"))
            raise
        found = list(batch.values())
        for place, *row in rows:
            _settle(found[place - 1], _outcome(row))
        for each in found:
            _settle(each, None)

    # --- the waiting line ---

    def _take(self) -> dict[Key, _LookUp]:
        """Return what waits, the oldest first, and fail what has waited too long."""
        if len(self._waiting) <= MAX_BATCH:
            batch, self._waiting = self._waiting, {}
        else:
            keys = list(self._waiting)[:MAX_BATCH]
            batch = {key: self._waiting.pop(key) for key in keys}
        earliest = time.monotonic() - WAIT_SECONDS
        late = [key for key, each in batch.items() if each.since < earliest]
        if late:
            error = SourceUnavailable(f"{self._address.name}: too many look-ups wait")
            self._fail([batch.pop(key) for key in late], error)
        return batch

    def _fail_all(self, error: SourceUnavailable) -> None:
        taken, self._waiting = self._waiting, {}
        self._fail(taken.values(), error)

    def _repeat(self, batch: dict[Key, _LookUp], error: SourceUnavailable) -> None:
        """Let what was lost with a connection wait for another one."""
        for key, each in batch.items():
            each.losses += 1
            if each.losses > CONNECTIONS:  # not only old connections are lost
                self._fail([each], error)
                continue
            other = self._waiting.setdefault(key, each)
            if other is not each:
                _follow(each, other)
        self._news.set()

    @staticmethod
    def _fail(look_ups: Iterable[_LookUp], error: SourceUnavailable) -> None:
        for each in look_ups:
            _settle(each, _Failure(SourceUnavailable, str(error)))


def _settle(look_up: _LookUp, outcome: Outcome) -> None:
    if not look_up.future.done():
        look_up.future.set_result(outcome)


def _follow(look_up: _LookUp, other: _LookUp) -> None:
    """Give *look_up* the outcome of *other*, which is for the same certificate."""
    other.future.add_done_callback(lambda done: _settle(look_up, done.result()))


def _outcome(row: list[object]) -> Outcome:
    """Return what a row says, or that its values mean nothing."""
    status, (version, signer, *answer) = row[:5], row[5:]
    stored = None if signer is None else StoredAnswer(version, signer, *answer)  # type: ignore[arg-type]
    try:
        return LookupResult(record_from(*status), version, stored)  # type: ignore[arg-type]
    except StoreError as error:
        return _Failure(StoreError, str(error))
