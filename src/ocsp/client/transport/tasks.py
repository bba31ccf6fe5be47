"""
The HTTP transport for tasks: carry out the steps of exchanges with AnyIO.

It works in every event loop that AnyIO supports: asyncio, with or without uvloop, and
trio. Each event loop has its own idle connections. The transport closes them when the
loop ends, and a connection of one loop is never used in another.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

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
from ocsp.client.transport.pool import MAX_IDLE, ConnectionPool
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.client.transport.proxy import ProxyTable
from ocsp.client.transport.resolver import resolver

__all__ = ["AsyncHTTPTransport"]


_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
"""What AnyIO raises where a socket raises ``OSError``."""


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
                await stream.close()

    async def _do(self, step: Step) -> Any:
        with anyio.fail_after(step.seconds):
            try:
                match step:
                    case Write():
                        return await step.stream.write(step.data)
                    case Read():
                        return await step.stream.read()
                    case Resolve():
                        return await _resolve(step.host, step.port)
                    case Connect():
                        return _Stream(await anyio.connect_tcp(step.address, step.port))
                    case StartTLS():
                        return await step.stream.start_tls(self._context(), step.host)
            except _BROKEN as error:
                raise ConnectionError(str(error.__cause__ or "closed")) from error

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
            await stream.close()


class _Stream:
    """A connection over a stream of AnyIO."""

    def __init__(self, inner: anyio.abc.SocketStream | TLSStream) -> None:
        self._inner = inner
        # Looked up once: AnyIO builds a table of attributes at each look-up.
        self._socket = inner.extra(SocketAttribute.raw_socket)  # noqa: S610
        self._tls = inner.extra(TLSAttribute.ssl_object, None)  # noqa: S610

    async def write(self, data: bytes) -> None:
        await self._inner.send(data)

    async def read(self) -> bytes:
        try:
            return await self._inner.receive()
        except anyio.EndOfStream:
            return b""

    async def start_tls(self, context: ssl.SSLContext, host: str) -> _Stream:
        # Without closing alerts: the reply itself says when it is complete.
        return _Stream(
            await TLSStream.wrap(
                self._inner,
                hostname=host,
                ssl_context=context,
                standard_compatible=False,
            )
        )

    def fileno(self) -> int:
        return self._socket.fileno()

    def buffered(self) -> bool:
        return self._tls is not None and self._tls.pending() > 0

    async def close(self) -> None:
        # Closing does not wait; the shield lets a cancelled task close every stream.
        with anyio.CancelScope(shield=True), suppress(OSError, *_BROKEN):
            await anyio.aclose_forcefully(self._inner)


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
