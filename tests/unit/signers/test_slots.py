"""Test the bounds of signing: few at once, few waiting, none for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from ocsp import limits
from ocsp.errors import SignerUnavailable
from ocsp.signers import SigningSlots

SOON = 0.01
"""Seconds: a deadline that passes at once."""

LONG = 60.0


def _signer(parallel: int = 1) -> SimpleNamespace:
    return SimpleNamespace(parallel=parallel)


class _Hanging:
    """A call that returns when the test says so."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.release = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.release.wait(LONG)
        return "late"

    async def has_begun(self) -> None:
        await asyncio.to_thread(self.begun.acquire)


def _run(test: Callable[[_Hanging], Awaitable[None]]) -> None:
    hanging = _Hanging()
    try:
        asyncio.run(asyncio.wait_for(test(hanging), LONG))
    finally:
        hanging.release.set()


def test_results_and_errors_come_back() -> None:
    """Also a ``TimeoutError`` that the function raises itself."""

    def fail() -> None:
        raise TimeoutError("of the function")

    async def test(hanging: _Hanging) -> None:
        slots = SigningSlots(2, 4)
        results = [slots.run(lambda number=number: number) for number in range(6)]
        assert await asyncio.gather(*results) == list(range(6))
        with pytest.raises(TimeoutError, match="of the function"):
            await slots.run(fail)
        with pytest.raises(ZeroDivisionError):
            await slots.run(lambda: 1 / 0)

    _run(test)


def test_calls_of_one_signer_share_its_threads() -> None:
    """A token that signs one after the other gets one thread, others more."""
    names: dict[int, set[str]] = {1: set(), 3: set()}
    running, most = 0, dict.fromkeys(names, 0)
    lock = threading.Lock()

    async def test(hanging: _Hanging) -> None:
        for width in names:
            signer, barrier = _signer(width), threading.Barrier(width)

            def call(width: int = width, barrier: threading.Barrier = barrier) -> None:
                nonlocal running
                with lock:
                    running += 1
                    most[width] = max(most[width], running)
                barrier.wait(LONG)  # as many run together as the signer allows
                with lock:
                    running -= 1

            slots = SigningSlots(8, 30)
            await asyncio.gather(*[slots.run(call, signer=signer) for _ in range(12)])

    _run(test)
    assert most == {1: 1, 3: 3}


def test_a_full_line_refuses_at_once() -> None:
    """One in flight and two waiting: the fourth gets the error without waiting."""

    async def test(hanging: _Hanging) -> None:
        slots = SigningSlots(1, 2)
        first = asyncio.ensure_future(slots.run(hanging))
        await hanging.has_begun()
        waiting = [asyncio.ensure_future(slots.run(lambda: "ok")) for _ in range(2)]
        await asyncio.sleep(0)
        assert slots.busy() == 3
        with pytest.raises(SignerUnavailable, match="2 requests wait"):
            await slots.run(lambda: "never")
        hanging.release.set()
        assert await asyncio.gather(first, *waiting) == ["late", "ok", "ok"]

    _run(test)


def test_those_that_wait_are_counted() -> None:
    """Without the one that signs, and without those that gave up."""

    async def test(hanging: _Hanging) -> None:
        slots, signer = SigningSlots(1, 4), _signer()
        running = asyncio.create_task(slots.run(hanging, signer=signer))
        await hanging.has_begun()
        assert slots.count_waiting() == 0
        more = [asyncio.create_task(slots.run(int, signer=signer)) for _ in "123"]
        await asyncio.sleep(0)
        assert slots.count_waiting() == 3
        more.pop().cancel()
        await asyncio.sleep(0)
        assert slots.count_waiting() == 2
        hanging.release.set()
        await asyncio.gather(running, *more)
        assert slots.count_waiting() == 0

    _run(test)


def test_a_request_gives_up_at_the_deadline_and_is_never_signed() -> None:
    """Its place in the line is free again."""
    signed = []

    async def test(hanging: _Hanging) -> None:
        slots = SigningSlots(1, 1, deadline=LONG)
        first = asyncio.ensure_future(slots.run(hanging))
        await hanging.has_begun()
        waiting = asyncio.ensure_future(slots.run(lambda: signed.append("gone")))
        await asyncio.sleep(0)
        waiting.cancel()  # the client has disconnected
        await asyncio.sleep(0)
        last = asyncio.ensure_future(slots.run(lambda: signed.append("kept")))
        await asyncio.sleep(0)
        hanging.release.set()
        await asyncio.gather(first, last)

    _run(test)
    assert signed == ["kept"]


def test_a_hanging_signer_is_refused_at_once_and_stops_no_other() -> None:
    """After the deadline of its call; it is used again when that has returned."""

    async def test(hanging: _Hanging) -> None:
        slots, token, other = SigningSlots(1, 9, deadline=SOON), _signer(), _signer()
        with pytest.raises(SignerUnavailable, match=r"made no signature within 0\.01"):
            await slots.run(hanging, signer=token)
        for _ in range(3):  # a slow machine may count the first call from later on
            with pytest.raises(SignerUnavailable) as refused:
                await slots.run(lambda: "never", signer=token)
        assert "has made no signature for" in str(refused.value)
        slots.deadline = LONG
        assert await slots.run(lambda: "ok", signer=other) == "ok"
        hanging.release.set()
        while slots.busy(token):
            await asyncio.sleep(0)
        assert await slots.run(lambda: "again", signer=token) == "again"

    _run(test)


def test_the_deadline_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """``limits.MAX_SIGNING_SECONDS``, unless the caller gives another."""
    monkeypatch.setattr(limits, "MAX_SIGNING_SECONDS", SOON)

    async def test(hanging: _Hanging) -> None:
        with pytest.raises(SignerUnavailable, match="made no signature within"):
            await SigningSlots(1, 1).run(hanging)

    _run(test)


def test_signers_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their threads end when they are idle, and then the slots drop them."""
    monkeypatch.setattr("ocsp.signers.slots._IDLE_SECONDS", 0)

    async def test(hanging: _Hanging) -> None:
        slots = SigningSlots(1, 1)
        for _ in range(20):
            await slots.run(lambda: None, signer=_signer())
            while any(lane.is_in_use() for lane in slots._lanes.values()):
                await asyncio.sleep(0)
        assert len(slots._lanes) == 1

    _run(test)


def test_a_thread_can_wait_too() -> None:
    """For a result, an error, and no longer than until the deadline."""

    def fail() -> None:
        raise TimeoutError("of the function")

    assert SigningSlots(1, 1).call(lambda: "result") == "result"
    with pytest.raises(TimeoutError, match="of the function"):
        SigningSlots(1, 1).call(fail)
    hanging = _Hanging()
    try:
        with pytest.raises(SignerUnavailable, match=r"no signature within 0\.01 s"):
            SigningSlots(1, 1, deadline=SOON).call(hanging)
    finally:
        hanging.release.set()
