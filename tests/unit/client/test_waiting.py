"""Waiting for sockets: asyncio by itself, and AnyIO elsewhere, keep the same promises."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Awaitable, Callable, Iterator

import anyio
import pytest
import trio

from ocsp.client.transport.waiting.anyio_waits import AnyIOWaits
from ocsp.client.transport.waiting.asyncio_waits import AsyncioWaits
from ocsp.client.transport.waiting.waits import Waits, running_loop, waits_of

SOON = 0.05
LONG = 30.0

Use = Callable[[Waits], Awaitable[None]]


@pytest.fixture(name="pair")
def _pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def _fill(opened: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            opened.send(bytes(1 << 16))


def _run(kind: str, use: Use) -> None:
    """Run *use* with the waits of one event loop."""

    async def main() -> None:
        if kind == "anyio in asyncio":
            return await use(AnyIOWaits())
        waits = waits_of(running_loop())
        assert type(waits) is (AnyIOWaits if kind == "trio" else AsyncioWaits)
        return await use(waits)

    if kind == "trio":
        trio.run(main)
    elif kind == "uvloop":
        uvloop = pytest.importorskip("uvloop", reason="uvloop has no wheel here")
        anyio.run(main, backend_options={"loop_factory": uvloop.new_event_loop})
    else:
        asyncio.run(main())


kinds = pytest.mark.parametrize(
    "kind", ["asyncio", "uvloop", "trio", "anyio in asyncio"]
)


@kinds
def test_a_socket_that_becomes_ready(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Reading and writing, again and again."""
    ours, theirs = pair

    async def use(waits: Waits) -> None:
        for _ in range(3):
            await waits.writable(ours, LONG)
            async with anyio.create_task_group() as group:
                group.start_soon(waits.readable, ours, LONG)
                await anyio.lowlevel.checkpoint()
                theirs.send(b"x")
            assert ours.recv(10) == b"x"

    _run(kind, use)


@kinds
def test_a_socket_that_is_not_ready_in_time(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """The wait ends, and the socket can be waited for again."""
    ours, theirs = pair
    _fill(ours)

    async def use(waits: Waits) -> None:
        for seconds in (SOON, 0.0, -1.0):
            with pytest.raises(TimeoutError):
                await waits.readable(ours, seconds)
            with pytest.raises(TimeoutError):
                await waits.writable(ours, seconds)
        theirs.send(b"x")
        await waits.readable(ours, LONG)

    _run(kind, use)


@kinds
def test_a_wait_that_is_cancelled(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """It ends at once, and watches the socket no longer."""
    ours, theirs = pair
    _fill(ours)

    async def use(waits: Waits) -> None:
        for wait in (waits.readable, waits.writable):
            async with anyio.create_task_group() as group:
                group.start_soon(wait, ours, LONG)
                await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
        theirs.send(b"x")
        await waits.readable(ours, LONG)
        assert ours.recv(10) == b"x"

    _run(kind, use)


@kinds
def test_a_wait_lets_other_tasks_run(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Also if the socket is ready: a fast server must not hold the event loop."""
    ours, theirs = pair
    theirs.send(b"x")
    turns: list[str] = []

    async def other() -> None:
        turns.append("other")

    async def use(waits: Waits) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            for _ in range(10):
                await waits.readable(ours, LONG)
                turns.append("ours")

    _run(kind, use)
    assert turns.index("other") <= 2  # trio chooses the order of a turn at random


def test_a_loop_without_selector() -> None:
    """As on Windows: AnyIO watches the sockets in a thread."""

    class Loop(asyncio.AbstractEventLoop):
        pass

    assert isinstance(waits_of(Loop()), AnyIOWaits)


def test_trio_as_the_guest_of_asyncio() -> None:
    """The running event loop is that of the code that asks."""
    found: list[object] = []

    async def guest() -> None:
        found.append(running_loop())

    async def host() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=lambda _: done.set(),
        )
        await done.wait()
        assert running_loop() is loop

    asyncio.run(host())
    assert isinstance(found[0], trio.lowlevel.TrioToken)


@pytest.mark.parametrize("name", ["readable", "writable"])
def test_nothing_stays_registered(
    name: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A loop that watched an idle connection would spin when the server closes it."""
    ours, theirs = pair

    async def main() -> None:
        loop = asyncio.get_running_loop()
        wait = functools.partial(getattr(AsyncioWaits(loop), name), ours, LONG)
        theirs.send(b"x")
        await wait()
        assert not loop.remove_reader(ours.fileno())
        assert not loop.remove_writer(ours.fileno())

    asyncio.run(main())
