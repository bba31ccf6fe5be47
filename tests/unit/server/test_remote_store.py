"""A store on another machine: nodes follow it, and answer from memory while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography import x509

import ocsp
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.http import CacheableAnswer, HTTPAnswer, UncachedAnswer
from ocsp.metrics import Metrics
from ocsp.metrics.table import CHANGE_LAG, DATABASE_CLOCK
from ocsp.responder import (
    Authority,
    CertIDForm,
    Changes,
    LookupResult,
    NewAnswer,
    RemoteAnswerStore,
    Responder,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.server import RequestHandler
from ocsp.status import MemorySource
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import (
    GOOD,
    NEVER,
    RECORDS,
    REVOKED,
    START,
    TRY_LATER,
    UNAUTHORIZED,
    Clock,
    query,
    request,
    status_of,
    with_node,
)

NONCE = request(nonce=bytes(range(32)))
INTERNAL_ERROR = b"\x30\x03\x0a\x01\x02"
DAY = 86_400


class _Remote:
    """A database elsewhere, which a test cuts off, delays, and changes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.records = dict(RECORDS)
        self.versions = dict.fromkeys(RECORDS, 1)
        self.stored: dict[tuple[StatusQuery, CertIDForm], StoredAnswer] = {}
        self.is_away = self.cannot_be_written = False
        self.follows = True
        self.gate: asyncio.Event | None = None
        self.look_ups = 0
        self.seen = clock.seconds
        self.changed: list[StatusQuery] = []
        self.everything = False
        self.ahead: float | None = 0.0

    # --- what the server calls ---

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """Return the status, after a while."""
        await self._wait()
        return [self.records.get(each) for each in queries]

    async def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return status and answer of the moment of the call, after a while."""
        record = self.records.get(query)
        stored = self.stored.get((query, form))
        version = self.versions.get(query, 0)
        await self._wait()
        if record is None:
            return None
        if stored is not None and stored.version != version:
            stored = None
        return LookupResult(record, version, stored)

    async def _wait(self) -> None:
        self.look_ups += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            raise SourceUnavailable("no connection to the database")

    def poll_changes(self) -> Changes:
        """Return what the follower has noticed."""
        if self.follows and not self.is_away:
            self.seen = self.clock.seconds
            changed, self.changed = self.changed, []
            everything, self.everything = self.everything, False
            return Changes(everything, changed, ahead=self.ahead)
        return Changes(False, (), self.clock.seconds - self.seen)

    def add_signer(self, certificate: x509.Certificate) -> None:
        """Nothing to do."""

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """Keep answers."""
        if self.cannot_be_written or self.is_away:
            raise StoreError("no connection to the database")
        new = {(each.query, each.form): each.answer for each in answers}
        self.stored |= new
        return len(new)

    # --- what a test does ---

    def revoke(self, serial: int = GOOD) -> None:
        """Revoke a certificate; the follower hears of it."""
        changed = query(serial)
        self.records[changed] = StatusRecord.revoked(START)
        self.versions[changed] += 1
        self.changed.append(changed)


class _Node:
    """A request handler on a remote store."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = _Remote(self.clock)
        self.metrics = Metrics(lambda _: True)
        self.handler = RequestHandler(
            Responder([Authority(ca(), [delegate_signer()])]),
            self.store,
            metrics=self.metrics,
            clock=self.clock.of_process(),
        )

    async def ask(self, der: bytes | None = None, *, method: str = "POST") -> bytes:
        """Return the body of the answer."""
        return (await self.reply(der, method=method))[0]

    async def reply(
        self, der: bytes | None = None, *, method: str = "POST"
    ) -> tuple[bytes, Any]:
        """Return the body of the answer, and the answer."""
        self.clock.advance(0.05)
        der = der or request()
        target = b"/" if method == "POST" else ocsp.http.get_url("", der).encode()
        given: Any = self.handler.handle(method, target, der)
        if asyncio.iscoroutine(given):
            given = await given
        assert isinstance(given, (HTTPAnswer, CacheableAnswer, UncachedAnswer))
        return given.body, given

    async def status(self, serial: int = GOOD) -> str:
        """Return the status of a certificate, or the error."""
        return status_of(await self.ask(request(serial)))


_test = with_node(_Node)


@_test
async def test_it_is_a_remote_store(node: _Node) -> None:
    """And no local one, which the event loop would call."""
    assert isinstance(node.store, RemoteAnswerStore)
    assert not isinstance(node.store, ocsp.responder.AnswerStore)


@_test
async def test_answers(node: _Node) -> None:
    """Good, revoked and not issued, each after one look-up."""
    assert await node.status(GOOD) == "GOOD"
    assert await node.status(REVOKED) == "REVOKED"
    assert await node.ask(request(NEVER)) == UNAUTHORIZED
    assert node.store.look_ups == 3


@_test
async def test_an_answer_is_kept_in_memory_and_in_the_store(node: _Node) -> None:
    """The second request asks nobody, and another node gets the same octets."""
    first = await node.ask()
    assert await node.ask() == first
    assert node.store.look_ups == 1
    await node.handler.close()
    assert [each.version for each in node.store.stored.values()] == [1]
    node.handler.replace(Responder([Authority(ca(), [delegate_signer()])]), node.store)
    assert await node.ask() == first


@_test
async def test_a_change_drops_the_answer(node: _Node) -> None:
    """At the next poll."""
    assert await node.status() == "GOOD"
    node.store.revoke()
    assert await node.status() == "REVOKED"


@_test
async def test_a_status_from_before_a_change_is_not_kept(node: _Node) -> None:
    """A look-up that began before the change ends after the poll that noticed it."""
    node.store.gate = asyncio.Event()
    asked = asyncio.create_task(node.status())
    await asyncio.sleep(0)
    node.store.revoke()
    node.clock.advance(0.05)
    node.handler.refresh()
    node.store.gate.set()
    assert await asked == "GOOD"  # the request is older than the revocation
    assert await node.status() == "REVOKED"


@_test
async def test_who_has_not_polled_for_a_second_asks(node: _Node) -> None:
    """The database can be asked, but its changes do not arrive."""
    assert await node.status() == "GOOD"
    node.store.follows = False
    node.store.revoke()
    node.clock.advance(0.8)
    assert await node.status() == "GOOD"
    node.clock.advance(0.1)
    assert await node.status() == "REVOKED"
    assert await node.status() == "REVOKED"
    assert node.store.look_ups == 3  # nothing is kept that no poll would drop
    node.store.follows = True
    await node.ask()
    await node.ask()
    assert node.store.look_ups == 4


@_test
async def test_memory_while_the_database_is_away(node: _Node) -> None:
    """Until the answer ends, also after the time to sign it again."""
    first = await node.ask()
    end = ocsp.load_der_ocsp_response(first).next_update_utc
    assert end is not None
    node.store.is_away = True
    node.clock.advance(10)
    assert await node.ask() == first
    assert await node.ask(method="GET") == first  # by its certificate
    left = (end - node.clock.now).total_seconds()
    node.clock.advance(left - 70)
    assert await node.ask() == first
    node.clock.advance(20)  # clients could not use it for a minute
    assert await node.ask() == TRY_LATER


@_test
async def test_the_answer_from_memory_is_counted(node: _Node) -> None:
    """As one from memory; an error as one of the source."""
    await node.ask()
    node.store.is_away = True
    node.clock.advance(10)
    await node.ask()
    await node.ask(request(REVOKED))
    memory = node.metrics.outcome(
        method="POST",
        code=200,
        status="successful",
        issuer=query(GOOD).issuer,
        origin="memory",
        cert_id_hash="sha256",
    )
    failed = node.metrics.outcome(
        method="POST", code=200, status="tryLater", cause="source"
    )
    assert (memory.count, failed.count) == (1, 1)


@_test
async def test_without_memory_the_client_tries_later(node: _Node) -> None:
    """Nobody knows the status."""
    node.store.is_away = True
    node.clock.advance(10)
    assert await node.ask() == TRY_LATER
    assert await node.ask(NONCE) == TRY_LATER


@_test
async def test_a_nonce_while_the_database_is_away(node: _Node) -> None:
    """The client gets the stored answer without its nonce, for itself only."""
    first = await node.ask()
    node.store.is_away = True
    node.clock.advance(10)
    body, reply = await node.reply(NONCE)
    assert body == first
    assert isinstance(reply, HTTPAnswer)
    assert "max-age" not in dict(reply.headers).get("Cache-Control", "")


@_test
async def test_a_revocation_that_was_known_stays_known(node: _Node) -> None:
    """What a poll dropped is not answered in the degraded mode."""
    assert await node.status() == "GOOD"
    node.store.revoke()
    node.clock.advance(0.05)
    node.handler.refresh()
    node.store.is_away = True
    node.clock.advance(10)
    assert await node.ask() == TRY_LATER


@_test
async def test_after_the_return_of_the_database_nothing_old_is_answered(
    node: _Node,
) -> None:
    """The first poll after it says that everything may have changed."""
    assert await node.status() == "GOOD"
    node.store.is_away = True
    node.clock.advance(100)
    assert await node.status() == "GOOD"
    node.store.revoke()
    node.store.changed.clear()  # the follower begins anew, and knows no changes
    node.store.everything = True
    node.store.is_away = False
    assert await node.status() == "REVOKED"


@_test
async def test_a_nonce_without_signatures(node: _Node) -> None:
    """The clock jumped: the stored answer is looked up instead."""
    first = await node.ask()
    await node.handler.close()
    node.clock.jump(100)
    assert await node.ask(NONCE) == first


@_test
async def test_another_database_that_was_not_asked_yet(node: _Node) -> None:
    """A reload names it: the clock is not trusted before it agrees with that one."""
    node.store.ahead = 61.0
    assert await node.ask() == TRY_LATER
    other = _Remote(node.clock)
    other.ahead = None
    node.handler.replace(Responder([Authority(ca(), [delegate_signer()])]), other)
    assert await node.ask() == TRY_LATER
    other.ahead = 0.0
    assert await node.status() == "GOOD"


@_test
async def test_an_error_that_no_code_expects_while_the_database_is_away(
    node: _Node,
) -> None:
    """The client gets an answer: its connection would wait for ever."""
    node.store.gate = asyncio.Event()
    asked = asyncio.create_task(node.ask())
    await asyncio.sleep(0)
    node.store.is_away = True
    node.store.poll_changes = Mock(side_effect=RuntimeError)  # type: ignore[method-assign]
    node.clock.advance(1)
    node.store.gate.set()
    assert await asked == INTERNAL_ERROR


@_test
async def test_an_answer_from_before_a_reload_is_not_kept(node: _Node) -> None:
    """Its signer may have been removed, and the database may be another one."""
    node.store.gate = asyncio.Event()
    asked = asyncio.create_task(node.ask())
    await asyncio.sleep(0)
    other = _Remote(node.clock)
    other.revoke()
    other.versions = dict(node.store.versions)
    signer = delegate_signer(common="Next Responder")
    node.handler.replace(Responder([Authority(ca(), [signer])]), other)
    node.store.gate.set()
    assert status_of(await asked) == "GOOD"
    await node.handler.close()
    assert not other.stored
    assert await node.status() == "REVOKED"


@_test
async def test_a_source_without_a_clock(node: _Node) -> None:
    """After a reload: nothing is left to compare the clock with."""
    node.store.ahead = 61.0
    assert await node.ask() == TRY_LATER
    responder = Responder([Authority(ca(), [delegate_signer()])])
    node.handler.replace(responder, MemorySource(RECORDS))
    assert await node.status() == "GOOD"


@_test
async def test_a_clock_that_differs_from_that_of_the_database(node: _Node) -> None:
    """What is signed is answered, and nothing more is signed until they agree."""
    first = await node.ask()
    await node.handler.close()
    node.store.ahead = -61.0
    for _ in range(100):
        node.clock.advance(1)
        assert await node.ask(NONCE) == first
    node.store.stored.clear()
    assert await node.ask() == TRY_LATER
    node.handler.set_gauges()
    assert node.metrics.gauge(DATABASE_CLOCK).value == 61
    node.store.ahead = 60.0
    node.clock.advance(1)
    assert await node.status() == "GOOD"


@_test
async def test_a_store_that_cannot_be_written(node: _Node) -> None:
    """Costs signatures, and no client its answer."""
    node.store.cannot_be_written = True
    assert await node.status() == "GOOD"
    await node.handler.close()
    assert not node.store.stored


@_test
async def test_the_lag_is_a_metric(node: _Node) -> None:
    """How old the view of the changes is."""
    node.store.is_away = True
    node.clock.advance(7)
    node.handler.refresh()
    node.handler.set_gauges()
    assert node.metrics.gauge(CHANGE_LAG).value == pytest.approx(7)
