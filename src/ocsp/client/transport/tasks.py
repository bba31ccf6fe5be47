"""
The HTTP transport for tasks: carry out the steps of exchanges with AnyIO.

It works in every event loop that AnyIO supports: asyncio, with or without uvloop, and
trio. Each event loop has its own idle connections. The transport closes them when the
loop ends, and a connection of one loop is never used in another.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import anyio
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

__all__ = ["AsyncHTTPTransport"]


Result = TypeVar("Result")
Wait: TypeAlias = Callable[[socket.socket], Awaitable[None]]

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
        self._pools: WeakKeyDictionary[object, _LoopPool] = WeakKeyDictionary()

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        exchange = Exchange(request, self._proxies, await self._pool())
        steps = exchange.run()
        try:
            step = next(steps)
            while True:
                try:
                    result = await self._do(step)
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

    async def _do(self, step: Step) -> Any:
        with anyio.fail_after(step.seconds):
            match step:
                case Write():
                    return await step.stream.write(step.data)
                case Read():
                    return await step.stream.read()
                case Resolve():
                    return await _resolve(step.host, step.port)
                case Connect():
                    return await _connect(step.address, step.port)
                case StartTLS():
                    return await step.stream.start_tls(self._context(), step.host)

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        return self._ssl_context

    async def _pool(self) -> ConnectionPool[_Stream]:
        """Return the idle connections of the running event loop."""
        loop = anyio.lowlevel.current_token().native_token
        found = self._pools.get(loop)
        if found is None:
            found = self._pools[loop] = _LoopPool(self._max_idle)
            await found.start()
        return found.pool

    async def aclose(self) -> None:
        """Close the idle connections of the running event loop."""
        found = self._pools.pop(anyio.lowlevel.current_token().native_token, None)
        if found is not None:
            await found.close()


class _LoopPool:
    """
    The idle connections of one event loop, which end with it.

    An event loop closes the asynchronous generators that are suspended when it ends.
    So a generator that waits, and closes the connections when it is closed, is how
    they are closed in time although nothing else runs then.
    """

    def __init__(self, max_idle: int) -> None:
        self.pool: ConnectionPool[_Stream] = ConnectionPool(max_idle)
        self._guard = _guard(self.pool)

    async def start(self) -> None:
        await anext(self._guard)

    async def close(self) -> None:
        await self._guard.aclose()


async def _guard(pool: ConnectionPool[_Stream]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        for stream in pool.close():
            stream.close()


class _Stream(Stream):
    """A connection whose operations wait in the event loop."""

    async def write(self, data: bytes) -> None:
        unsent = memoryview(data)
        while unsent:
            sent = await self._when_ready(
                self._socket.send, unsent, blocked=anyio.wait_writable
            )
            unsent = unsent[sent:]

    async def read(self) -> bytes:
        await anyio.lowlevel.checkpoint()  # a fast server must not hold the event loop
        return await self._when_ready(self._socket.recv, _READ_BYTES)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        await self._when_ready(self.wrap(context, host).do_handshake)

    async def _when_ready(
        self,
        operation: Callable[..., Result],
        *arguments: object,
        blocked: Wait = anyio.wait_readable,
    ) -> Result:
        """Do *operation* as soon as the socket is ready for it."""
        while True:
            try:
                return operation(*arguments)
            except BlockingIOError:
                await blocked(self._socket)
            except ssl.SSLWantReadError:
                await anyio.wait_readable(self._socket)
            except ssl.SSLWantWriteError:
                await anyio.wait_writable(self._socket)


async def _connect(address: str, port: int) -> _Stream:
    found = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    family, kind, protocol, _, target = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _finish_connecting(opened, target)
    except BaseException:
        opened.close()
        raise
    return _Stream(opened)


async def _finish_connecting(opened: socket.socket, target: Any) -> None:
    try:
        opened.connect(target)
    except BlockingIOError:
        await anyio.wait_writable(opened)
        failure = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure)) from None


async def _resolve(host: str, port: int) -> list[str]:
    """Wait for the resolver, whose thread wakes this task through a pair of sockets."""
    ours, theirs = socket.socketpair()
    with ours:
        addresses = resolver.look_up(host, port)
        addresses.add_done_callback(lambda _: theirs.close())
        try:
            await anyio.wait_readable(ours)
        finally:
            addresses.cancel()
    return addresses.result()
