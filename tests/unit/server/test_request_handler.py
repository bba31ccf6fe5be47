"""What clients get while sources and signers fail, and when the status changes."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ocsp import KeySigner
from ocsp.errors import SignerUnavailable, SourceUnavailable
from ocsp.http import CacheableAnswer, HTTPAnswer, UncachedAnswer
from ocsp.limits import MAX_REQUEST_SECONDS
from ocsp.metrics.table import CHANGE_LAG
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    Changes,
    NewAnswer,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.server import RequestHandler
from ocsp.server.memory.change_poll import SECONDS, TIMER_SECONDS
from ocsp.server.native import NativeServer
from ocsp.server.request_handler import Reply
from ocsp.signers import SigningSlots
from ocsp.store import SQLiteStore
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import (
    GOOD,
    HOUR,
    NEVER,
    REVOKED,
    START,
    TRY_LATER,
    UNAUTHORIZED,
    Client,
    Clock,
    PolledSource,
    bodies,
    get,
    handler,
    post,
    query,
    request,
    status_of,
)

NONCE = request(nonce=bytes(range(32)))
INTERNAL_ERROR = b"\x30\x03\x0a\x01\x02"


class _Signer:
    """The delegate, which can be away, and sign in a thread."""

    def __init__(self, *, local: bool) -> None:
        self._signer: KeySigner = delegate_signer()
        self.certificate = self._signer.certificate
        self.algorithm_identifier = self._signer.algorithm_identifier
        self.local = local
        self.is_away = False
        self.signatures = 0

    def sign(self, data: bytes) -> bytes:
        """Sign, or refuse."""
        if self.is_away:
            raise SignerUnavailable("the token is away")
        self.signatures += 1
        return self._signer.sign(data)


class _Service:
    """A handler on a SQLite file, for tests that run in an event loop."""

    def __init__(self, folder: Path, *, local: bool = True) -> None:
        self.path = folder / "status.db"
        self.store = SQLiteStore(self.path, create=True)
        self.store.add(ca(), GOOD)
        self.store.add(ca(), REVOKED)
        self.store.revoke(ca(), REVOKED, START - HOUR)
        self.signer = _Signer(local=local)
        self.clock = Clock()
        self.handler = self.new_handler()

    def new_handler(self, **settings: Any) -> RequestHandler:
        """Return a handler as in another process."""
        return RequestHandler(
            Responder([Authority(ca(), [self.signer])]),
            self.store,
            clock=self.clock.of_process(),
            **settings,
        )

    async def ask(self, der: bytes, given: RequestHandler | None = None) -> bytes:
        """Return the body of the answer to *der*."""
        self.clock.advance(0.05)
        reply = (given or self.handler).handle("POST", b"/", der)
        return await _body(reply)

    async def settle(self) -> None:
        """Wait until new answers are stored."""
        await self.handler.close()


async def _body(reply: Any) -> bytes:
    if asyncio.iscoroutine(reply):
        reply = await reply
    assert isinstance(reply, (HTTPAnswer, CacheableAnswer, UncachedAnswer))
    return reply.body


Main = Callable[[_Service], Any]


def _with_store(tmp_path: Path, main: Main, **settings: Any) -> None:
    async def run() -> None:
        service = _Service(tmp_path, **settings)
        try:
            await main(service)
        finally:
            await service.settle()
            service.store.close()

    asyncio.run(run())


@pytest.mark.parametrize("local", [True, False])
def test_the_signer_is_away(tmp_path: Path, local: bool) -> None:
    """Stored answers, also instead of those with a nonce; tryLater without one."""

    async def main(service: _Service) -> None:
        stored = await service.ask(request())
        assert (await service.ask(NONCE)) != stored
        await service.settle()
        service.handler = service.new_handler()
        service.signer.is_away = True
        assert await service.ask(request()) == stored
        assert await service.ask(NONCE) == stored
        assert await service.ask(request(REVOKED)) == TRY_LATER
        assert await service.ask(request(NEVER)) == UNAUTHORIZED
        service.signer.is_away = False
        assert status_of(await service.ask(request(REVOKED))) == "REVOKED"
        assert (await service.ask(NONCE)) != stored

    _with_store(tmp_path, main, local=local)


def test_an_answer_in_place_of_one_with_a_nonce_is_not_cacheable(
    tmp_path: Path,
) -> None:
    """Another time this client gets an answer of its own."""

    async def main(service: _Service) -> None:
        await service.ask(request())
        await service.settle()
        service.signer.is_away = True
        reply = service.handler.handle("POST", b"/", NONCE)
        assert isinstance(reply, UncachedAnswer)
        assert reply.at(START).header("Cache-Control") == "no-store"

    _with_store(tmp_path, main)


def test_all_processes_send_the_stored_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one that is stored stays; the others drop theirs."""

    async def main(service: _Service) -> None:
        other = service.new_handler()
        gate, store = threading.Event(), service.store.store_answers

        def wait_and_store(new: Iterable[NewAnswer], now: int) -> int:
            gate.wait(5)
            return store(new, now)

        monkeypatch.setattr(service.store, "store_answers", wait_and_store)
        first = service.handler.handle("GET", get(request()).split()[1], b"")
        service.clock.advance(1)
        second = other.handle("POST", b"/", request())
        assert (await _body(first)) != (await _body(second))
        gate.set()
        await service.settle()
        await other.close()
        service.clock.advance(1)
        found = {await service.ask(request()), await service.ask(request(), other)}
        assert len(found) == 1
        assert service.signer.signatures == 2

    _with_store(tmp_path, main)


def test_a_revocation_is_noticed_and_the_file_that_is_gone(tmp_path: Path) -> None:
    """Within one poll; without the file the status is not known any more."""

    async def main(service: _Service) -> None:
        assert status_of(await service.ask(request())) == "GOOD"
        await service.settle()
        with SQLiteStore(service.path) as writer:
            writer.revoke(ca(), GOOD, START)
        assert status_of(await service.ask(request())) == "REVOKED"
        service.path.rename(tmp_path / "away.db")
        service.clock.advance(2)
        await asyncio.sleep(0.05)
        assert await service.ask(request()) == TRY_LATER
        (tmp_path / "away.db").rename(service.path)
        await asyncio.sleep(0.05)
        assert status_of(await service.ask(request())) == "REVOKED"

    _with_store(tmp_path, main)


def test_nothing_is_sent_after_its_end(tmp_path: Path) -> None:
    """Neither from memory nor from the store, also while the signer is away."""

    async def main(service: _Service) -> None:
        first = await service.ask(request())
        await service.settle()
        service.clock.advance(7 * 3600)
        service.signer.is_away = True
        assert await service.ask(request()) == first
        service.clock.advance(3600)
        assert await service.ask(request()) == TRY_LATER
        service.signer.is_away = False
        assert status_of(await service.ask(request())) == "GOOD"

    _with_store(tmp_path, main)


@pytest.mark.parametrize("seconds", [-7200, 7200, -100 * 86400])
def test_nothing_is_signed_after_the_clock_jumped(tmp_path: Path, seconds: int) -> None:
    """Until it is set back, or some time has passed."""

    async def main(service: _Service) -> None:
        assert status_of(await service.ask(request())) == "GOOD"
        service.clock.jump(seconds)
        assert await service.ask(request(REVOKED)) == TRY_LATER
        assert await service.ask(NONCE) in {TRY_LATER, await service.ask(request())}
        service.clock.jump(-seconds)
        assert status_of(await service.ask(request(REVOKED))) == "REVOKED"
        service.clock.jump(3600)
        assert await service.ask(NONCE) != await service.ask(
            NONCE, service.new_handler()
        )
        service.clock.advance(299)
        service.clock.advance(2)
        assert status_of(await service.ask(NONCE)) == "GOOD"

    _with_store(tmp_path, main)


def test_a_jump_stays_known_when_the_signers_change(tmp_path: Path) -> None:
    """Nor after a reload is anything signed with a time that is not trusted."""

    async def main(service: _Service) -> None:
        service.clock.jump(7200)
        assert await service.ask(request()) == TRY_LATER
        responder = Responder([Authority(ca(), [_Signer(local=True)])])
        service.handler.replace(responder, service.store)
        assert await service.ask(request()) == TRY_LATER
        with SQLiteStore(service.path) as another:
            service.handler.replace(responder, another)
            assert await service.ask(request()) == TRY_LATER
            service.clock.jump(-7200)
            assert status_of(await service.ask(request())) == "GOOD"
            await service.settle()

    _with_store(tmp_path, main)


@pytest.mark.parametrize("error", [SourceUnavailable, RuntimeError])
def test_memory_is_not_used_after_a_poll_that_failed(error: type[Exception]) -> None:
    """The poll may have left a revocation out, and the next one does not return it."""
    clock, source = Clock(), PolledSource()
    tested = handler(source, clock)
    asked = Client(tested)
    asked.send(post(request(GOOD)))
    source.records[query(GOOD)] = source.records[query(REVOKED)]
    poll = Mock(side_effect=error("the disk is full"))
    source.poll_changes = poll  # type: ignore[method-assign]
    clock.advance(1)
    sent = asked.send(post(request(GOOD)) * 2)
    assert status_of(bodies(sent)[-1]) == "REVOKED"
    assert poll.call_count == 1
    poll.side_effect = None
    poll.return_value = Changes(False, ())  # it does not return the change again
    clock.advance(1)
    assert status_of(bodies(asked.send(post(request(GOOD))))[0]) == "REVOKED"


def test_the_timer_polls_before_a_request_would() -> None:
    """And not again just after a request."""
    clock, source = Clock(), PolledSource()
    tested = handler(source, clock)
    asked = Client(tested)
    polls = Mock(return_value=Changes(False, ()))
    source.poll_changes = polls  # type: ignore[method-assign]
    for count in range(1, 11):
        clock.advance(TIMER_SECONDS - 0.005)
        asked.send(post(request(GOOD)))
        clock.advance(0.005)
        tested.refresh()
        assert polls.call_count == count
    clock.advance(SECONDS)  # the timer is late
    asked.send(post(request(GOOD)))
    assert polls.call_count == 11
    tested.refresh()
    assert polls.call_count == 11


def test_an_error_in_a_poll_stops_nothing_else() -> None:
    """The timer also ends connections and reports, whatever a source does."""
    clock, source = Clock(), PolledSource()
    tested = handler(source, clock)
    poll = Mock(side_effect=RuntimeError("a source with an error"))
    source.poll_changes = poll  # type: ignore[method-assign]
    clock.advance(5)

    async def main() -> None:
        with pytest.raises(RuntimeError):
            NativeServer(tested)._tick()

    asyncio.run(main())
    assert poll.call_count == 1
    assert tested.metrics.gauge(CHANGE_LAG).value == 5


class _Waiting:
    """A source that answers when the test lets it."""

    def __init__(self) -> None:
        self.records: list[StatusRecord | None] = [StatusRecord()]
        self.release = asyncio.Event()
        self.changes: list[StatusQuery] = []
        self.error: Exception | None = None

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """Wait, then answer what was true before."""
        found = list(self.records)
        await self.release.wait()
        if self.error is not None:
            raise self.error
        return found * len(queries)

    def poll_changes(self) -> Changes:
        """Return the changes since the last call."""
        changed, self.changes = self.changes, []
        return Changes(False, changed)


def test_a_status_that_changed_meanwhile_is_not_kept() -> None:
    """An answer from before the change is sent once, and never from memory."""

    async def main() -> None:
        source, clock = _Waiting(), Clock()
        given = handler(source, clock)
        waiting = given.handle("POST", b"/", request())
        assert asyncio.iscoroutine(waiting)
        task = asyncio.ensure_future(waiting)
        await asyncio.sleep(0)
        source.records = [StatusRecord.revoked(START)]
        source.changes = [query(GOOD)]
        clock.advance(0.05)
        source.release.set()
        assert status_of((await task).body) == "GOOD"
        assert (
            status_of(await _body(given.handle("POST", b"/", request()))) == "REVOKED"
        )

    asyncio.run(main())


def test_answers_that_wait_keep_their_order() -> None:
    """Nothing is read meanwhile, and the end of the client does not matter."""

    async def main() -> None:
        source = _Waiting()
        client = Client(handler(source))
        garbage = b"\0\0"
        assert client.send(post(request()) + post(b"\x30\x00") + garbage) == b""
        assert client.transport.is_paused
        client.end()
        source.release.set()
        for _ in range(5):
            await asyncio.sleep(0)
        statuses = [status_of(each) for each in bodies(client.transport.sent)]
        assert statuses == ["GOOD", "MALFORMED_REQUEST", "MALFORMED_REQUEST"]
        assert client.is_ended

    asyncio.run(main())


def test_a_refusal_behind_a_request_that_waits_fits_its_method() -> None:
    """A HEAD gets no body, whatever the method of the request before it."""

    async def main() -> None:
        for refused, size in ((b"HEAD /\0", 0), (b"GET /\0", 5)):
            source = _Waiting()
            client = Client(handler(source))
            client.send(post(request()) + refused)
            source.release.set()
            for _ in range(5):
                await asyncio.sleep(0)
            *_, body = client.transport.sent.rpartition(b"\r\n\r\n")
            assert len(body) == size

    asyncio.run(main())


def test_requests_that_wait_when_the_server_stops_are_answered() -> None:
    """All that have arrived, also those that were not read yet."""

    async def main() -> None:
        for count in (0, 2):
            source = _Waiting()
            client = Client(handler(source))
            client.send(post(request()) + post(b"\x30\x00"))
            client.connection.data_received(post(b"\x30\x00") * count)
            client.connections.drain()
            client.connections.end_idle()
            assert not client.is_ended
            source.release.set()
            for _ in range(5):
                await asyncio.sleep(0)
            found = [status_of(each) for each in bodies(client.transport.sent)]
            assert found == ["GOOD", "MALFORMED_REQUEST"] + found[-1:] * count
            *_, last = client.transport.sent.rpartition(b"HTTP/1.1 200 OK")
            assert b"\r\nConnection: close\r\n" in last
            assert client.transport.sent.count(b"Connection: close") == 1
            assert client.transport.has_ended

    asyncio.run(main())


def test_a_request_that_began_behind_one_that_waits_has_a_deadline() -> None:
    """Its client could else hold the connection for ever, without sending the rest."""

    async def main() -> None:
        source = _Waiting()
        client = Client(handler(source))
        client.send(post(request()) + b"GET /M")
        assert client.connection.deadline == math.inf
        source.release.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(bodies(client.transport.sent)) == 1
        assert client.connection.deadline <= time.monotonic() + MAX_REQUEST_SECONDS

    asyncio.run(main())


def test_a_request_that_waits_has_no_deadline() -> None:
    """Also if the client did not read the answer before it for a while."""

    async def main() -> None:
        source = _Waiting()
        client = Client(handler(source))
        client.send(post(b"\x30\x00") + post(request()))
        client.connection.pause_writing()
        client.connection.resume_writing()
        assert client.connection.deadline == math.inf
        source.release.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(bodies(client.transport.sent)) == 2
        assert client.connection.deadline < math.inf

    asyncio.run(main())


def test_a_client_that_is_gone_is_not_waited_for() -> None:
    """The source is asked no more, and nothing is sent."""

    async def main() -> None:
        for wait in (0, 2):
            source = _Waiting()
            client = Client(handler(source))
            client.send(post(request()))
            for _ in range(wait):
                await asyncio.sleep(0)
            client.connection.connection_lost(None)
            source.release.set()
            for _ in range(5):
                await asyncio.sleep(0)
            assert client.transport.sent == b""
            assert len(client.connections) == 0

    asyncio.run(main())


def test_an_answer_that_has_just_come_is_not_sent_to_a_client_that_is_gone() -> None:
    """The transport of uvloop would raise, and the log have a line about it."""

    async def main() -> None:
        raised: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: raised.append(context))
        for turns in range(4):
            source = _Waiting()
            client = Client(handler(source))
            client.send(post(request()))
            await asyncio.sleep(0)
            source.release.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            client.transport.is_closed = True
            client.connection.connection_lost(None)
            for _ in range(5):
                await asyncio.sleep(0)
        assert not raised

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceUnavailable("the disk is on fire"), TRY_LATER),
        (RuntimeError("the disk is on fire"), INTERNAL_ERROR),
    ],
)
def test_a_failure_costs_one_request_and_one_line(
    caplog: pytest.LogCaptureFixture, error: Exception, expected: bytes
) -> None:
    """The client gets no details, and a thousand failures are one line."""

    async def main() -> None:
        source = _Waiting()
        source.release.set()
        source.error = error
        given = handler(source)
        for _ in range(1000):
            assert await _body(given.handle("POST", b"/", request())) == expected
        source.error = None
        assert status_of(await _body(given.handle("POST", b"/", request()))) == "GOOD"

    asyncio.run(main())
    assert len([each for each in caplog.records if each.levelname == "ERROR"]) == 1


def test_only_so_many_requests_wait_for_a_signer() -> None:
    """The others get tryLater at once; unlisted serial numbers need no signature."""

    async def main() -> None:
        gate = threading.Event()
        signer = _Signer(local=False)
        sign = signer.sign

        def slow(data: bytes) -> bytes:
            gate.wait(5)
            return sign(data)

        signer.sign = slow  # type: ignore[method-assign]
        given = RequestHandler(
            Responder([Authority(ca(), [signer])]),
            PolledSource(),
            slots=SigningSlots(1, 1),
            clock=ProcessClock(lambda: START),
        )

        async def ask(der: bytes) -> Reply:
            reply = given.handle("POST", b"/", der)
            return await reply if asyncio.iscoroutine(reply) else reply  # type: ignore[return-value]

        tasks = [asyncio.ensure_future(ask(NONCE)) for _ in range(6)]
        await asyncio.sleep(0.01)
        assert (await ask(request(NEVER))).body == UNAUTHORIZED
        gate.set()
        found = [status_of((await each).body) for each in tasks]
        assert found.count("GOOD") in {1, 2}  # one is signed, and one may wait
        assert found.count("TRY_LATER") == 6 - found.count("GOOD")

    asyncio.run(main())


def test_a_handler_can_get_another_responder() -> None:
    """At a reload: what was in memory is dropped."""
    source = PolledSource()
    given = handler(source)
    (first,) = bodies(Client(given).send(get(request())))
    signer = delegate_signer(common="Next Responder")
    given.replace(Responder([Authority(ca(), [signer])]), source)
    (second,) = bodies(Client(given).send(get(request())))
    assert first != second
