"""The native server on real sockets: start, stop, and several processes."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import uvloop

from ocsp import limits
from ocsp.server import NativeServer, bind, bind_balanced, serve_in_thread
from ocsp.server.native import server
from tests.unit.server.scene import (
    MALFORMED,
    bodies,
    get,
    handler,
    post,
    request,
    status_of,
)

LoopFactory = Callable[[], asyncio.AbstractEventLoop] | None


def _connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    with serve_in_thread(handler(), bind("127.0.0.1", 0)) as url:
        yield url


def test_a_client_that_ends_its_direction_gets_its_answers(url: str) -> None:
    """Some send everything, and then shut down (RFC 9112 §9.6)."""
    with _connect(url) as connection:
        connection.sendall(post(request()) + get(request()))
        connection.shutdown(socket.SHUT_WR)
        first, second = bodies(_read_all(connection))
    assert status_of(first) == status_of(second) == "GOOD"


def test_the_answer_arrives_although_the_client_still_sends(url: str) -> None:
    """A refused body of a megabyte: closing at once would make its system drop it."""
    with _connect(url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n")
        connection.sendall(bytes(900_000))
        assert bodies(_read_all(connection)) == [MALFORMED]


def test_answers_are_not_delayed(url: str) -> None:
    """TCP_NODELAY: small answers on one connection, without a wait for ACKs."""
    with _connect(url) as connection:
        begin = time.monotonic()
        for _ in range(20):
            connection.sendall(get(request()))
            assert connection.recv(65536)
        assert time.monotonic() - begin < 10 * 0.04


def _while_serving(
    use: Callable[[str], Awaitable[None]], *, loop: LoopFactory = None
) -> float:
    """Serve while *use* runs, and return how long the server took to stop."""

    async def main() -> float:
        bound = bind("127.0.0.1", 0)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        host, port = bound.getsockname()
        stop = asyncio.Event()
        serving = asyncio.ensure_future(NativeServer(handler()).serve([bound], stop))
        await use(f"http://{host}:{port}")
        begin = time.monotonic()
        stop.set()
        await serving
        return time.monotonic() - begin

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


def test_it_stops_at_once_if_connections_are_idle() -> None:
    """An idle connection that was used ends without a wait."""

    async def use(url: str) -> None:
        connection = _connect(url)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, get(request()))
        assert await loop.sock_recv(connection, 65536)
        kept.append(connection)

    kept: list[socket.socket] = []
    assert _while_serving(use) < 2
    assert kept[0].recv(1) == b""
    kept[0].close()


def test_it_stops_in_time_if_a_request_does_not_arrive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time for requests in work is limited."""
    monkeypatch.setattr(limits, "MAX_STOP_SECONDS", 0.05)

    async def use(url: str) -> None:
        kept.append(_connect(url))
        kept[0].sendall(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.05)

    kept: list[socket.socket] = []
    assert _while_serving(use) < 2
    kept[0].close()


def test_a_request_in_work_is_finished() -> None:
    """The answer that comes while the server stops says that the connection ends."""

    async def use(url: str) -> None:
        connection = _connect(url)
        connection.sendall(get(request())[:-2])
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.1, connection.sendall, b"\r\n")
        kept.append(connection)

    kept: list[socket.socket] = []
    _while_serving(use)
    received = _read_all(kept[0])
    assert b"Connection: close" in received
    assert status_of(bodies(received)[0]) == "GOOD"
    kept[0].close()


LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


@LOOPS
def test_a_client_that_reads_late_gets_all_answers(
    monkeypatch: pytest.MonkeyPatch, loop: LoopFactory
) -> None:
    """Its requests arrived before the server was to stop."""
    monkeypatch.setattr(limits, "MAX_STOP_SECONDS", 60)
    stops = threading.Event()

    async def use(url: str) -> None:
        connection = _connect(url)
        connection.sendall(get(request()) * 150)
        await asyncio.to_thread(connection.recv, 1, socket.MSG_PEEK)
        asyncio.get_running_loop().call_later(0.1, stops.set)
        received.append(threads.submit(_read_late, connection, stops))

    received: list[Future[bytes]] = []
    with ThreadPoolExecutor() as threads:
        _while_serving(use, loop=loop)
    sent = received[0].result()
    assert [status_of(each) for each in bodies(sent)] == ["GOOD"] * 150
    assert sent.count(b"Connection: close") == 1


def _read_late(connection: socket.socket, stops: threading.Event) -> bytes:
    with connection:
        stops.wait()
        return _read_all(connection)


@LOOPS
def test_a_client_in_use_reads_that_an_answer_is_the_last(
    monkeypatch: pytest.MonkeyPatch, loop: LoopFactory
) -> None:
    """No connection is closed when its next request is on the way."""
    monkeypatch.setattr(server, "LAST_REQUEST_SECONDS", 60)
    monkeypatch.setattr(limits, "MAX_STOP_SECONDS", 60)

    async def use(url: str) -> None:
        started = threading.Event()
        used.append(threads.submit(_use, url, started))
        await asyncio.to_thread(started.wait)

    used: list[Future[bytes]] = []
    with ThreadPoolExecutor() as threads:
        assert _while_serving(use, loop=loop) < 60
    assert b"\r\nConnection: close\r\n" in used[0].result()


def _use(url: str, started: threading.Event) -> bytes:
    """Send one request after another, and return the last answer."""
    with _connect(url) as connection:
        while True:
            connection.sendall(get(request()))
            received = connection.recv(65536)
            if b"\r\nConnection: close\r\n" in received:
                return received
            started.set()


@LOOPS
def test_a_client_that_does_not_read_does_not_keep_the_server(
    monkeypatch: pytest.MonkeyPatch, loop: LoopFactory
) -> None:
    """It loses its answers when the time to stop is over."""
    monkeypatch.setattr(limits, "MAX_STOP_SECONDS", 0.05)

    async def use(url: str) -> None:
        kept.append(_connect(url))
        kept[0].sendall(get(request()) * 150)
        await asyncio.to_thread(kept[0].recv, 1, socket.MSG_PEEK)

    kept: list[socket.socket] = []
    assert _while_serving(use, loop=loop) < limits.MAX_UNREAD_SECONDS
    kept[0].close()


def test_several_sockets_may_share_a_port() -> None:
    """Each process has its own."""
    first, second = bind_balanced("127.0.0.1", 0, 2)
    for each in (first, second):
        each.close()
