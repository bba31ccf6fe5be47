"""
The HTTP transport for threads: carry out the steps of exchanges with sockets.

The transport uses no cookies, follows no redirects and sends no ``Expect``. It turns
each failure into an error of this package.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from ocsp.client.options import Proxy
from ocsp.client.transport.cancellation import current_scope, raise_if_cancelled
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

__all__ = ["HTTPTransport"]

_READ_BYTES = 1 << 16


class HTTPTransport:
    """A :class:`ocsp.client.Transport` over sockets, which threads may share."""

    def __init__(
        self,
        *,
        proxy: Proxy = Proxy.ENVIRONMENT,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = MAX_IDLE,
    ) -> None:
        """
        Create a transport without connections.

        Args:
            proxy: The proxy for all requests.

            ssl_context: The TLS settings for https URLs. Default: those of
                ``ssl.create_default_context``.

            max_idle: How many idle connections the transport keeps.
        """
        self._proxies = ProxyTable(proxy)
        self._ssl_context = ssl_context
        self._pool: ConnectionPool[_SocketStream] = ConnectionPool(max_idle)

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        exchange = Exchange(request, self._proxies, self._pool)
        steps = exchange.run()
        try:
            step = next(steps)
            while True:
                try:
                    result = self._do(step)
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

    def _do(self, step: Step) -> Any:
        match step:
            case Write():
                return step.stream.write(step.data, step.seconds)
            case Read():
                return step.stream.read(step.seconds)
            case Resolve():
                return resolver.resolve(step.host, step.port, step.seconds)
            case Connect():
                raise_if_cancelled()
                return _connect(step.address, step.port, step.seconds)
            case StartTLS():
                return step.stream.start_tls(self._context(), step.host, step.seconds)

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        return self._ssl_context

    def close(self) -> None:
        """Close all idle connections; those in use close after their exchange."""
        for stream in self._pool.close():
            stream.close()


class _SocketStream(Stream):
    """A connection whose operations block, each for a limited time."""

    def write(self, data: bytes, seconds: float) -> None:
        with self._waiting(seconds):
            self._socket.sendall(data)

    def read(self, seconds: float) -> bytes:
        with self._waiting(seconds):
            return self._socket.recv(_READ_BYTES)

    def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        secured = self.wrap(context, host)
        with self._waiting(seconds):
            secured.do_handshake()

    @contextlib.contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        """Register the socket in the scope of this thread, which can wake it."""
        self._socket.settimeout(seconds)
        scope = current_scope.get()
        if scope is None:
            yield
            return
        scope.add(self._socket)
        try:
            yield
        finally:
            scope.remove(self._socket)


def _connect(address: str, port: int, seconds: float) -> _SocketStream:
    opened = socket.create_connection((address, port), seconds)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _SocketStream(opened)
