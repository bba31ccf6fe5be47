"""Drivers and workers: concurrency, races and cancellation."""

from __future__ import annotations

import asyncio
import datetime
import socket
import sys
import threading
from typing import Any

import pytest

import ocsp
from ocsp import limits
from ocsp.client import (
    CheckStatus,
    HTTPReply,
    HTTPRequest,
    Options,
    Progress,
    ResponderOrder,
)
from ocsp.client.checking.scheduler import PerResponderScheduler
from ocsp.client.checking.state import CheckRequest
from ocsp.client.transport.cancellation import (
    Cancelled,
    Scope,
    current_scope,
    raise_if_cancelled,
)
from tests.pki import ca
from tests.unit.client.scene import (
    A,
    B,
    Clock,
    Reply,
    Script,
    asked_for,
    certificate,
    reply,
    response,
)

HEDGED = Options(
    responder_order=ResponderOrder.HEDGED,
    hedge_after=datetime.timedelta(milliseconds=1),
    retries=0,
)
BROKEN = ocsp.errors.TransportError(A, "connection reset")


def _by_serial(request: HTTPRequest) -> HTTPReply:
    return reply(response(serial=asked_for(request).serial_number))


def test_hedging_after_a_million_years_is_possible() -> None:
    """Functions of the operating system do not take such a number."""
    options = Options(
        responder_order=ResponderOrder.HEDGED, hedge_after=datetime.timedelta.max
    )
    script = Script({A: [reply()], B: [BROKEN]})
    client = ocsp.Client(options, transport=script, environment=Clock().environment())
    assert client.check(certificate(A, B), ca()).status is CheckStatus.GOOD


def test_hedging_cancels_the_slow_responder_in_threads() -> None:
    """The client asks the second one after the delay and cancels the first exchange."""
    woken = threading.Event()

    def never(request: HTTPRequest) -> HTTPReply:
        scope = current_scope.get()
        assert scope is not None
        assert scope.cancelled.wait(30)
        woken.set()
        raise BROKEN

    script = Script({A: [never], B: [reply()]})
    client = ocsp.Client(HEDGED, transport=script, environment=Clock().environment())
    outcome = client.check(certificate(A, B), ca())
    assert outcome.status is CheckStatus.GOOD
    assert [each.url for each in outcome.attempts] == [B]
    assert woken.wait(30)


def test_hedging_cancels_the_slow_responder_in_tasks() -> None:
    """No task is left afterwards."""
    cancelled = []

    class Slow:
        async def send(self, request: HTTPRequest) -> HTTPReply:
            if request.url.startswith(B):
                return reply()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(request.url[: len(A)])
                raise
            raise AssertionError

        async def aclose(self) -> None:
            """Do nothing: no connection is open."""

    async def main() -> ocsp.Outcome:
        client = ocsp.AsyncClient(
            HEDGED, transport=Slow(), environment=Clock().environment()
        )
        outcome = await client.check(certificate(A, B), ca())
        assert len(asyncio.all_tasks()) == 1
        return outcome

    assert asyncio.run(main()).status is CheckStatus.GOOD
    assert cancelled == [A]


def test_a_cancelled_task_cancels_all_tasks_that_it_started() -> None:
    """Here, the tasks of a chain whose responders never answer."""
    under_way = 0

    class Endless:
        async def send(self, request: HTTPRequest) -> HTTPReply:
            nonlocal under_way
            under_way += 1
            try:
                await asyncio.Event().wait()
            finally:
                under_way -= 1
            raise AssertionError

        async def aclose(self) -> None:
            """Do nothing: no connection is open."""

    async def main() -> None:
        client = ocsp.AsyncClient(
            transport=Endless(), environment=Clock().environment()
        )
        chain = [certificate(A), certificate(A, serial=2), ca()]
        task = asyncio.create_task(client.check_chain(chain))
        while under_way < 2 and not task.done():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert under_way == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_cancelling_a_scope_shuts_down_sockets_of_inner_scopes() -> None:
    """A socket or a scope that is added later is cancelled at once."""
    near, far = socket.socketpair()
    with near, far:
        outer = Scope()
        inner = Scope(outer)
        inner.add(near)
        outer.cancel()
        assert near.recv(1) == b""
        assert Scope(outer).cancelled.is_set()
    late, other = socket.socketpair()
    with late, other:
        outer.add(late)
        assert late.recv(1) == b""
        outer.remove(late)


def test_a_cancelled_thread_raises() -> None:
    """A thread without a scope, or with an active one, goes on."""
    raise_if_cancelled()
    scope = Scope()
    token = current_scope.set(scope)
    try:
        raise_if_cancelled()
        scope.cancel()
        with pytest.raises(Cancelled):
            raise_if_cancelled()
    finally:
        current_scope.reset(token)


# --- many ------------------------------------------------------------------------


def _many(kind: str, replies: dict[str, list[Reply]], items: Any, **how: Any) -> Any:
    script = Script(replies)
    environment = Clock().environment()
    options = Options(retries=0)
    if kind == "threads":
        client = ocsp.Client(options, transport=script, environment=environment)
        return client.check_many(items, **how)

    class Tasks:
        async def send(self, request: HTTPRequest) -> HTTPReply:
            await asyncio.sleep(0)
            return script.send(request)

        async def aclose(self) -> None:
            """Do nothing: no connection is open."""

    others = ocsp.AsyncClient(options, transport=Tasks(), environment=environment)
    return asyncio.run(others.check_many(items, **how))


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_check_many_keeps_the_order_and_reports_progress(kind: str) -> None:
    """Failed checks are included, and the progress counts up to the total."""
    serials = list(range(1, 40))
    items = [(certificate(A if n % 3 else B, serial=n), ca()) for n in serials]
    steps: list[Progress] = []
    replies: dict[str, list[Reply]] = {A: [_by_serial], B: [BROKEN]}
    outcomes = _many(kind, replies, items, progress=steps.append)
    assert [each.certificate.serial_number for each in outcomes] == serials
    assert [each.status is CheckStatus.GOOD for each in outcomes] == [
        bool(n % 3) for n in serials
    ]
    assert [(step.done, step.total) for step in steps] == [(n, 39) for n in serials]
    assert _many(kind, replies, []) == []
    with pytest.raises(ValueError, match="concurrency"):
        _many(kind, replies, items, concurrency=0)


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_check_many_takes_a_nonce_and_a_url_for_all(kind: str) -> None:
    """As ``check`` does; without a nonce in the answers, none is accepted."""
    items = [(certificate(A, serial=n), ca()) for n in (1, 2)]
    replies: dict[str, list[Reply]] = {B: [_by_serial]}
    assert [each.status for each in _many(kind, replies, items, url=B)] == [
        CheckStatus.GOOD
    ] * 2
    outcomes = _many(kind, replies, items, url=B, nonce=ocsp.SendNonce.ALWAYS)
    assert [each.failure.__class__.__name__ for each in outcomes] == [
        "NonceMissing"
    ] * 2


def test_check_chain_takes_a_url_for_all() -> None:
    """Instead of the URLs in the certificates."""
    script = Script({B: [_by_serial]})
    client = ocsp.Client(
        Options(retries=0), transport=script, environment=Clock().environment()
    )
    report = client.check_chain([certificate(A), ca()], url=B)
    assert [each.attempts[0].url for each in report.outcomes] == [B]


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_an_exception_of_the_progress_callback_ends_check_many(kind: str) -> None:
    """The caller gets the exception."""

    def stop(step: Progress) -> None:
        raise LookupError(step.done)

    items = [(certificate(A, serial=n), ca()) for n in range(1, 9)]
    with pytest.raises(LookupError):
        _many(kind, {A: [_by_serial]}, items, progress=stop)


def test_concurrent_requests_per_responder_are_limited() -> None:
    """Other responders are asked meanwhile; a finished request makes room."""
    requests = [CheckRequest(certificate=certificate(A, serial=n)) for n in range(1, 6)]
    requests += [CheckRequest(certificate=certificate(B, serial=7))]
    requests += [CheckRequest(certificate=certificate())]
    schedule = PerResponderScheduler(requests, 2)
    assert schedule.workers == 4
    taken = [schedule.take() for _ in range(4)]
    assert set(taken) == {0, 1, 5, 6}
    assert schedule.take() is None
    schedule.done(5)
    assert schedule.take() is None
    schedule.done(0)
    assert [schedule.take(), schedule.take()] == [2, None]
    for position in (1, 2):
        schedule.done(position)
    assert [schedule.take(), schedule.take(), schedule.take()] == [3, 4, None]


def test_the_number_of_workers_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many responders there are."""
    requests = [
        CheckRequest(certificate=certificate(f"http://r{n}.example", serial=n))
        for n in range(1, 9)
    ]
    assert PerResponderScheduler(requests, 4).workers == 8
    monkeypatch.setattr(limits, "MAX_WORKERS", 3)
    assert PerResponderScheduler(requests, 4).workers == 3


# --- without the extra -----------------------------------------------------------


def test_a_missing_extra_is_reported_at_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A check that sends no request does not need the extra."""
    for name in ("transport.threads", "transport.tasks", "engine.tasks"):
        monkeypatch.setitem(sys.modules, f"ocsp.client.{name}", None)
    with pytest.raises(ocsp.MissingExtraError, match=r"\.\[client\]"):
        ocsp.Client().check(certificate(A), ca())
    with pytest.raises(ocsp.MissingExtraError, match=r"\.\[client\]"):
        asyncio.run(ocsp.AsyncClient().check(certificate(A), ca()))
    assert ocsp.Client().check(certificate(), ca()).status is CheckStatus.INDETERMINATE
