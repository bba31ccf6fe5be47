"""
Transports over httpcore, the library below httpx: sync and async.

RFC 9112 (HTTP/1.1), RFC 6960 App. A. Rules of this file: no proxy, no cookie, no
environment, no redirect, no ``Expect``. What httpcore raises leaves as an error of this
package. Reading stops where it is told to, however long the answer says it is.

httpcore comes with httpx and belongs to the extra ``client``; this file is imported
when a client without a transport of its own asks for the first time.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Hashable, Iterator
from urllib.parse import urlsplit

import httpcore

from ocsp._version import __version__
from ocsp.client.options import AddressPolicy
from ocsp.client.transport.addresses import AddressForbidden
from ocsp.client.transport.network import (
    AsyncNetwork,
    Exchange,
    Network,
    current_exchange,
)
from ocsp.client.transport.pool import ConnectionPool
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import (
    BodyTooLarge,
    FetchTimeout,
    ForbiddenResponderURL,
    TransportError,
)

__all__ = ["AsyncHTTPTransport", "HTTPTransport"]

_USER_AGENT = f"python-ocsp/{__version__}"

_IDLE = 64
"""Connections that are kept, to all responders together."""

_KEPT_SECONDS = 15.0
"""For how long an idle connection is kept."""

_PORTS = {"http": 80, "https": 443}

_BROKEN = (httpcore.NetworkError, httpcore.RemoteProtocolError)
"""What happens on a kept connection that the server has closed in the meantime."""


class HTTPTransport:
    """A :class:`ocsp.client.Transport` for threads; any number may share one."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = _IDLE,
    ) -> None:
        """
        Make a transport without connections.

        Args:
            ssl_context: What https URLs are verified by; without one, the default.

            max_idle: How many connections are kept for the next question.
        """
        self._ssl_context = ssl_context
        self._networks = {
            address_policy: Network(address_policy) for address_policy in AddressPolicy
        }
        self._idle: ConnectionPool[httpcore.HTTPConnection] = ConnectionPool(max_idle)

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Return the answer to *request*; see :meth:`Transport.send`.

        Raises:
            TransportError: If there is no connection, or it breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If there are more octets than ``max_bytes``.
            ForbiddenResponderURL: If its address is none of ``address_policy``.
        """
        exchange = Exchange(request.timeout)
        token = current_exchange.set(exchange)
        try:
            with _translated(request):
                try:
                    return self._send(request)
                except _BROKEN:
                    # The server may close a kept connection at any time (RFC 9112
                    # §9.3.1); asking is safe to repeat, and once is enough.
                    if exchange.is_connected_anew:
                        raise
                    return self._send(request)
        finally:
            current_exchange.reset(token)

    def _send(self, request: HTTPRequest) -> HTTPReply:
        prepared = _prepared(request)
        key = _key(request, prepared)
        connection, expired = self._idle.take(key)
        for each in expired:
            each.close()
        if connection is None:
            connection = httpcore.HTTPConnection(
                prepared.url.origin,
                ssl_context=self._ssl_context,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=self._networks[request.address_policy],
            )
        try:
            return self._exchange(connection, request, prepared)
        finally:
            for each in self._idle.give_back(key, connection):
                each.close()

    def _exchange(
        self,
        connection: httpcore.HTTPConnection,
        request: HTTPRequest,
        prepared: httpcore.Request,
    ) -> HTTPReply:
        response = connection.handle_request(prepared)
        try:
            headers = _headers(response)
            _check_length(request, headers)
            body = bytearray()
            if response.status == 200:
                for part in response.iter_stream():
                    body += part
                    _check_size(request, len(body))
        finally:
            response.close()
        return HTTPReply(status=response.status, headers=headers, body=bytes(body))

    def close(self) -> None:
        """Close all connections that are not in use."""
        for connection in self._idle.take_all():
            connection.close()


class AsyncHTTPTransport:
    """A :class:`ocsp.client.AsyncTransport` for the tasks of one event loop."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = _IDLE,
    ) -> None:
        """Make a transport without connections; see :class:`HTTPTransport`."""
        self._ssl_context = ssl_context
        self._networks = {
            address_policy: AsyncNetwork(address_policy)
            for address_policy in AddressPolicy
        }
        self._idle: ConnectionPool[httpcore.AsyncHTTPConnection] = ConnectionPool(
            max_idle
        )

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Return the answer to *request*; see :meth:`Transport.send`.

        Raises:
            TransportError: If there is no connection, or it breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If there are more octets than ``max_bytes``.
            ForbiddenResponderURL: If its address is none of ``address_policy``.
        """
        exchange = Exchange(request.timeout)
        token = current_exchange.set(exchange)
        try:
            with _translated(request):
                async with asyncio.timeout(request.timeout):
                    try:
                        return await self._send(request)
                    except _BROKEN:
                        if exchange.is_connected_anew:
                            raise
                        return await self._send(request)
        finally:
            current_exchange.reset(token)

    async def _send(self, request: HTTPRequest) -> HTTPReply:
        prepared = _prepared(request)
        key = _key(request, prepared)
        connection, expired = self._idle.take(key)
        for each in expired:
            await each.aclose()
        if connection is None:
            connection = httpcore.AsyncHTTPConnection(
                prepared.url.origin,
                ssl_context=self._ssl_context,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=self._networks[request.address_policy],
            )
        try:
            return await self._exchange(connection, request, prepared)
        finally:
            for each in self._idle.give_back(key, connection):
                await each.aclose()

    async def _exchange(
        self,
        connection: httpcore.AsyncHTTPConnection,
        request: HTTPRequest,
        prepared: httpcore.Request,
    ) -> HTTPReply:
        response = await connection.handle_async_request(prepared)
        try:
            headers = _headers(response)
            _check_length(request, headers)
            body = bytearray()
            if response.status == 200:
                async for part in response.aiter_stream():
                    body += part
                    _check_size(request, len(body))
        finally:
            await response.aclose()
        return HTTPReply(status=response.status, headers=headers, body=bytes(body))

    async def aclose(self) -> None:
        """Close all connections that are not in use."""
        for connection in self._idle.take_all():
            await connection.aclose()


def _key(request: HTTPRequest, prepared: httpcore.Request) -> Hashable:
    """Return what a connection has to have in common with a request to serve it."""
    # A connection that was made to a private address because the caller gave the URL
    # must not serve a URL out of a certificate.
    url = prepared.url
    return request.address_policy, url.scheme, url.host, url.port


def _prepared(request: HTTPRequest) -> httpcore.Request:
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    target = f"{parts.path or '/'}{query}"
    headers = [("Host", parts.netloc), ("User-Agent", _USER_AGENT), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    step = request.io_timeout
    return httpcore.Request(
        request.method,
        httpcore.URL(
            scheme=parts.scheme.encode(),
            host=(parts.hostname or "").encode(),
            port=parts.port or _PORTS[parts.scheme],
            target=target.encode(),
        ),
        headers=[(name.encode(), value.encode()) for name, value in headers],
        content=request.body or None,
        extensions={
            "timeout": {"connect": step, "read": step, "write": step, "pool": step}
        },
    )


def _headers(response: httpcore.Response) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in response.headers
    )


def _check_length(request: HTTPRequest, headers: tuple[tuple[str, str], ...]) -> None:
    """Refuse an answer that says itself that it is too long."""
    length = dict(headers).get("content-length", "")
    if length.isdecimal():
        _check_size(request, int(length[:20]))


def _check_size(request: HTTPRequest, size: int) -> None:
    if size > request.max_bytes:
        raise BodyTooLarge(request.shown or request.url, request.max_bytes)


@contextlib.contextmanager
def _translated(request: HTTPRequest) -> Iterator[None]:
    """Let what httpcore raises leave as an error of this package."""
    url = request.shown or request.url
    try:
        yield
    except AddressForbidden as error:
        raise ForbiddenResponderURL(url, str(error)) from error
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise FetchTimeout(url, str(error) or "took too long") from error
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        why = str(error) or type(error).__name__
        raise TransportError(url, why) from error
