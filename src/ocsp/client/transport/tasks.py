"""
The HTTP transport for tasks: carry out the steps of exchanges in an event loop.

It works in every event loop that AnyIO supports: asyncio, with or without uvloop, and
trio. Each event loop has its own idle connections. The transport closes them when the
loop ends, and a connection of one loop is never used in another.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import anyio.lowlevel

from ocsp.client.options import Proxy
from ocsp.client.transport.exchange import (
    Connect,
    Exchange,
    Read,
    Resolve,
    StartTLS,
    Step,
    Write,
)
from ocsp.client.transport.pool import MAX_IDLE, ConnectionPool, Stream
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.client.transport.proxy import ProxyTable
from ocsp.client.transport.resolver import resolver
from ocsp.client.transport.waiting.waits import Waits, running_loop, waits_of

__all__ = ["AsyncHTTPTransport"]


Result = TypeVar("Result")
Wait: TypeAlias = Callable[[socket.socket, float], Awaitable[None]]

_READ_BYTES = 1 << 16


class AsyncHTTPTransport:
    """A :class:`ocsp.client.AsyncTransport` for the tasks of any event loop."""

    def __init__(
        self,
        *,
        proxy: Proxy = Proxy.ENVIRONMENT,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = MAX_IDLE,
    ) -> None:
        """Create a transport without connections; see :class:`HTTPTransport`."""
        self._proxies = ProxyTable(proxy)
        self._ssl_context = ssl_context
        self._max_idle = max_idle
        self._loops: dict[object, _Loop] = {}

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        loop = await self._loop()
        exchange = Exchange(request, self._proxies, loop.pool)
        steps = exchange.run()
        try:
            step = next(steps)
            while True:
                try:
                    result = await self._do(step, loop.waits)
                except OSError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as stop:
            reply: HTTPReply = stop.value
            return reply
        finally:
            steps.close()
            for stream in exchange.unfinished:
                stream.close()

    async def _do(self, step: Step, waits: Waits) -> Any:
        match step:
            case Write():
                return await step.stream.write(step.data, step.seconds)
            case Read():
                return await step.stream.read(step.seconds)
            case Resolve():
                return await _resolve(waits, step.host, step.port, step.seconds)
            case Connect():
                return await _connect(waits, step.address, step.port, step.seconds)
            case StartTLS():
                stream, context = step.stream, self._context()
                return await stream.start_tls(context, step.host, step.seconds)

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        return self._ssl_context

    async def _loop(self) -> _Loop:
        """Return what the transport keeps for the running event loop."""
        loop = running_loop()
        found = self._loops.get(loop)
        if found is None:
            found = _Loop(waits_of(loop), self._max_idle, partial(self._forget, loop))
            self._loops[loop] = found
            await found.start()
        return found

    def _forget(self, loop: object) -> None:
        self._loops.pop(loop, None)

    async def aclose(self) -> None:
        """Close the idle connections of the running event loop."""
        found = self._loops.pop(running_loop(), None)
        if found is not None:
            await found.close()


class _Loop:
    """
    How to wait in one event loop, and its idle connections, which end with it.

    An event loop closes the asynchronous generators that are suspended when it ends.
    So a generator that waits, and closes the connections when it is closed, is how
    they are closed in time although nothing else runs then.
    """

    def __init__(self, waits: Waits, max_idle: int, forget: Callable[[], None]) -> None:
        self.waits = waits
        self.pool: ConnectionPool[_Stream] = ConnectionPool(max_idle)
        self._guard = _guard(self.pool, forget)

    async def start(self) -> None:
        await anext(self._guard)

    async def close(self) -> None:
        await self._guard.aclose()


async def _guard(
    pool: ConnectionPool[_Stream], forget: Callable[[], None]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        forget()
        for stream in pool.close():
            stream.close()


class _Stream(Stream):
    """A connection whose operations wait in the event loop, for a limited time."""

    def __init__(self, opened: socket.socket, waits: Waits) -> None:
        super().__init__(opened)
        self._waits = waits
        self._reader = waits.reader(opened)

    async def write(self, data: bytes, seconds: float) -> None:
        until = time.monotonic() + seconds
        unsent = memoryview(data)
        while unsent:
            sent = await self._when_ready(
                self._socket.send, unsent, until, blocked=self._waits.writable
            )
            unsent = unsent[sent:]

    async def read(self, seconds: float) -> bytes:
        if not isinstance(self._socket, ssl.SSLSocket):
            return await self._reader.receive(_READ_BYTES, seconds)
        until = time.monotonic() + seconds
        if self._holds_octets():
            await anyio.lowlevel.checkpoint()  # a server must not hold the event loop
        else:
            await self._waits.readable(self._socket, seconds)
        return await self._when_ready(self._socket.recv, _READ_BYTES, until)

    async def start_tls(
        self, context: ssl.SSLContext, host: str, seconds: float
    ) -> None:
        until = time.monotonic() + seconds
        self._reader.close()
        secured = self.wrap(context, host)
        await self._when_ready(lambda _: secured.do_handshake(), None, until)

    def close(self) -> None:
        """Close the connection, which the event loop watches no longer."""
        self._reader.close()
        super().close()

    async def _when_ready(
        self,
        operation: Callable[[Any], Result],
        argument: object,
        until: float,
        blocked: Wait | None = None,
    ) -> Result:
        """Do *operation* as soon as the socket is ready for it, before *until*."""
        while True:
            try:
                return operation(argument)
            except BlockingIOError:
                wait = blocked or self._waits.readable
            except ssl.SSLWantReadError:
                wait = self._waits.readable
            except ssl.SSLWantWriteError:
                wait = self._waits.writable
            await wait(self._socket, until - time.monotonic())


async def _connect(waits: Waits, address: str, port: int, seconds: float) -> _Stream:
    found = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    family, kind, protocol, _, target = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _finish_connecting(waits, opened, target, seconds)
    except BaseException:
        opened.close()
        raise
    return _Stream(opened, waits)


async def _finish_connecting(
    waits: Waits, opened: socket.socket, target: Any, seconds: float
) -> None:
    try:
        opened.connect(target)
    except BlockingIOError:
        await waits.writable(opened, seconds)
        failure = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure)) from None


async def _resolve(waits: Waits, host: str, port: int, seconds: float) -> list[str]:
    """Wait for the resolver, whose thread wakes this task through a pair of sockets."""
    ours, theirs = socket.socketpair()
    with ours:
        addresses = resolver.look_up(host, port)
        addresses.add_done_callback(lambda _: theirs.close())
        try:
            await waits.readable(ours, seconds)
        finally:
            addresses.cancel()
    return addresses.result()
