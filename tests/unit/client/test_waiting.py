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
from ocsp.client.transport.waiting.asyncio_waits import AsyncioReader, AsyncioWaits
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


# --- receiving from a connection -------------------------------------------------------


@kinds
def test_replies_are_received_one_after_the_other(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Octets that arrive while nobody receives are the next ones; then the end."""
    ours, theirs = pair

    async def use(waits: Waits) -> None:
        reader = waits.reader(ours)
        for part in (b"one", b"two", b"three"):
            async with anyio.create_task_group() as group:
                group.start_soon(_send_later, theirs, part)
                assert await reader.receive(100, LONG) == part
        theirs.send(b"while idle")
        for _ in range(3):
            await anyio.sleep(0)
        assert await reader.receive(5, LONG) == b"while"
        assert await reader.receive(9, LONG) == b" idle"
        theirs.shutdown(socket.SHUT_WR)
        assert await reader.receive(100, LONG) == b""
        reader.close()

    _run(kind, use)


async def _send_later(opened: socket.socket, data: bytes) -> None:
    await anyio.lowlevel.checkpoint()
    opened.send(data)


@kinds
def test_nothing_arrives_in_time(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """The time of each wait counts, whatever those before it were allowed."""
    ours, theirs = pair

    async def use(waits: Waits) -> None:
        reader = waits.reader(ours)
        theirs.send(b"x")
        assert await reader.receive(100, LONG) == b"x"
        for seconds in (SOON, 0.0, -1.0, SOON):
            with pytest.raises(TimeoutError):
                await reader.receive(100, seconds)
        theirs.send(b"y")
        assert await reader.receive(100, LONG) == b"y"
        reader.close()

    _run(kind, use)


@kinds
def test_receiving_that_is_cancelled(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """It takes nothing from the connection."""
    ours, theirs = pair

    async def use(waits: Waits) -> None:
        reader = waits.reader(ours)
        async with anyio.create_task_group() as group:
            group.start_soon(reader.receive, 100, LONG)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        theirs.send(b"x")
        await anyio.sleep(0)
        reader.close()
        assert ours.recv(10) == b"x"

    _run(kind, use)


@kinds
def test_a_broken_connection(
    kind: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    """The error is that of the socket."""
    ours, theirs = pair
    ours.send(b"never read")

    async def use(waits: Waits) -> None:
        reader = waits.reader(ours)
        theirs.close()
        with pytest.raises(ConnectionResetError):
            await reader.receive(100, LONG)
        reader.close()

    _run(kind, use)


class _Loop:
    """An asyncio loop whose time only the test moves; it counts what is registered."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watched = self.timers = 0
        self.read: Callable[[], None] | None = None
        self.rings: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    def is_closed(self) -> bool:
        """Return that it is open."""
        return False

    def create_future(self) -> asyncio.Future[bytes]:
        """Return a future of the running loop."""
        return asyncio.get_running_loop().create_future()

    def add_reader(self, _: int, read: Callable[[], None]) -> None:
        """Watch a socket."""
        self.watched += 1
        self.read = read

    def remove_reader(self, _: int) -> None:
        """Watch it no longer."""
        self.read = None

    def call_at(self, when: float, ring: Callable[[], None]) -> _Timer:
        """Set a timer."""
        self.timers += 1
        self.rings.append((when, ring))
        return _Timer(when)

    def pass_time(self, until: float) -> None:
        """Call the timers that are due until then, as they would ring."""
        self.now = until
        due = [ring for when, ring in self.rings if when <= until]
        self.rings = [each for each in self.rings if each[0] > until]
        for ring in due:
            ring()


class _Timer:
    def __init__(self, when: float) -> None:
        self._when = when

    def when(self) -> float:
        """Return when it rings."""
        return self._when

    def cancel(self) -> None:
        """Do nothing: a ring too many changes nothing."""


async def _receive(loop: _Loop, reader: AsyncioReader, seconds: float) -> bytes:
    """Receive what is in the socket already."""
    receiving = asyncio.ensure_future(reader.receive(100, seconds))
    await asyncio.sleep(0)
    assert loop.read is not None
    loop.read()
    return await receiving


def test_one_connection_is_watched_once_with_one_timer(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """However many replies it has; a wait that must be shorter has another timer."""
    ours, theirs = pair
    loop = _Loop()
    reader = AsyncioReader(loop, ours)  # type: ignore[arg-type]

    async def main() -> None:
        for second in range(9):
            loop.now = second
            theirs.send(b"x")
            assert await _receive(loop, reader, 10) == b"x"
        assert (loop.watched, loop.timers) == (1, 1)
        loop.pass_time(10)  # nobody waits, so the timer is not set again
        theirs.send(b"x")
        assert await _receive(loop, reader, 10) == b"x"
        assert (loop.watched, loop.timers) == (1, 2)
        theirs.send(b"x")
        assert await _receive(loop, reader, 5) == b"x"
        assert loop.timers == 3

    asyncio.run(main())


def test_a_timer_that_rings_too_early_is_set_again(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Each wait has its whole time, and no more."""
    ours, theirs = pair
    loop = _Loop()
    reader = AsyncioReader(loop, ours)  # type: ignore[arg-type]

    async def main() -> None:
        theirs.send(b"x")
        assert await _receive(loop, reader, 10) == b"x"
        loop.now = 8.0
        receiving = asyncio.ensure_future(reader.receive(100, 10))
        await asyncio.sleep(0)
        for early in (10.0, 17.9):
            loop.pass_time(early)
            await asyncio.sleep(0)
            assert not receiving.done()
        loop.pass_time(18.0)
        with pytest.raises(TimeoutError):
            await receiving

    asyncio.run(main())


@pytest.mark.parametrize("closed", [False, True])
def test_an_idle_connection_that_speaks_is_watched_no_longer(
    closed: bool, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A loop that still watched it would spin; its octets stay in the socket."""
    ours, theirs = pair

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader = AsyncioReader(loop, ours)
        theirs.send(b"x")
        assert await reader.receive(100, LONG) == b"x"
        if closed:
            theirs.shutdown(socket.SHUT_WR)
        else:
            theirs.send(b"y")
        for _ in range(3):
            await asyncio.sleep(0)
        assert not loop.remove_reader(ours.fileno())
        assert ours.recv(10) == (b"" if closed else b"y")

    asyncio.run(main())


def test_a_reader_that_is_closed_watches_nothing(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Also after its loop has ended."""
    ours, theirs = pair
    readers = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(2):
            reader = AsyncioReader(loop, ours)
            theirs.send(b"x")
            assert await reader.receive(100, LONG) == b"x"
            readers.append(reader)
        readers[0].close()
        assert not loop.remove_reader(ours.fileno())

    asyncio.run(main())
    for reader in readers:
        reader.close()
