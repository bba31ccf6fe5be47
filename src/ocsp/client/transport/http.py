"""
HTTP transports over httpcore, for threads and for asyncio.

RFC 9112 (HTTP/1.1), RFC 6960 App. A. The transports use no proxy, cookies or
environment variables, follow no redirects and send no ``Expect``. They read at most
``max_bytes`` and turn exceptions of httpcore into errors of this package.

httpcore is part of the extra ``client``. A client imports this module at its first
request, if no transport was given.
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

_MAX_IDLE = 64
"""How many idle connections a transport keeps, to all responders together."""

_IDLE_SECONDS = 15.0
"""For how long a transport keeps an idle connection."""

_PORTS = {"http": 80, "https": 443}

_CLOSED_BY_SERVER = (httpcore.NetworkError, httpcore.RemoteProtocolError)
"""What httpcore raises for an idle connection that the server has closed."""


class HTTPTransport:
    """A :class:`ocsp.client.Transport` over httpcore, which threads may share."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = _MAX_IDLE,
    ) -> None:
        """
        Create a transport without connections.

        Args:
            ssl_context: The TLS settings for https URLs. Default: those of httpcore.

            max_idle: How many idle connections the transport keeps.
        """
        self._ssl_context = ssl_context
        self._networks = {
            address_policy: Network(address_policy) for address_policy in AddressPolicy
        }
        self._idle: ConnectionPool[httpcore.HTTPConnection] = ConnectionPool(max_idle)

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        exchange = Exchange(request.timeout)
        token = current_exchange.set(exchange)
        try:
            with _translate_errors(request):
                try:
                    return self._send(request)
                except _CLOSED_BY_SERVER:
                    # The server may close an idle connection at any time (RFC 9112
                    # §9.3.1). OCSP requests are safe to repeat; the second try opens
                    # a new connection, so it is the last.
                    if exchange.opened_connection:
                        raise
                    return self._send(request)
        finally:
            current_exchange.reset(token)

    def _send(self, request: HTTPRequest) -> HTTPReply:
        prepared = _httpcore_request(request)
        key = _pool_key(request, prepared)
        connection, expired = self._idle.take(key)
        for each in expired:
            each.close()
        if connection is None:
            connection = httpcore.HTTPConnection(
                prepared.url.origin,
                ssl_context=self._ssl_context,
                keepalive_expiry=_IDLE_SECONDS,
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
            body = _Body(request)
            if response.status == 200:
                for part in response.iter_stream():
                    body.add(part)
        finally:
            response.close()
        return HTTPReply(status=response.status, headers=headers, body=bytes(body.kept))

    def close(self) -> None:
        """Close all idle connections."""
        for connection in self._idle.take_all():
            connection.close()


class AsyncHTTPTransport:
    """A :class:`ocsp.client.AsyncTransport` for the tasks of one event loop."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_idle: int = _MAX_IDLE,
    ) -> None:
        """Create a transport without connections; see :class:`HTTPTransport`."""
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
        Send *request* and return the reply; see :meth:`Transport.send`.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        exchange = Exchange(request.timeout)
        token = current_exchange.set(exchange)
        try:
            with _translate_errors(request):
                async with asyncio.timeout(request.timeout):
                    try:
                        return await self._send(request)
                    except _CLOSED_BY_SERVER:
                        if exchange.opened_connection:
                            raise
                        return await self._send(request)
        finally:
            current_exchange.reset(token)

    async def _send(self, request: HTTPRequest) -> HTTPReply:
        prepared = _httpcore_request(request)
        key = _pool_key(request, prepared)
        connection, expired = self._idle.take(key)
        for each in expired:
            await each.aclose()
        if connection is None:
            connection = httpcore.AsyncHTTPConnection(
                prepared.url.origin,
                ssl_context=self._ssl_context,
                keepalive_expiry=_IDLE_SECONDS,
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
            body = _Body(request)
            if response.status == 200:
                async for part in response.aiter_stream():
                    body.add(part)
        finally:
            await response.aclose()
        return HTTPReply(status=response.status, headers=headers, body=bytes(body.kept))

    async def aclose(self) -> None:
        """Close all idle connections."""
        for connection in self._idle.take_all():
            await connection.aclose()


def _pool_key(request: HTTPRequest, prepared: httpcore.Request) -> Hashable:
    """Return the key of connections that may serve *request*."""
    # The address policy is part of it: a connection to a private address that the
    # caller's URL allowed must not serve a URL from a certificate.
    url = prepared.url
    return request.address_policy, url.scheme, url.host, url.port


def _httpcore_request(request: HTTPRequest) -> httpcore.Request:
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    target = f"{parts.path or '/'}{query}"
    headers = [("Host", parts.netloc), ("User-Agent", _USER_AGENT), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    seconds = request.io_timeout
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
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        },
    )


def _headers(response: httpcore.Response) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in response.headers
    )


def _check_length(request: HTTPRequest, headers: tuple[tuple[str, str], ...]) -> None:
    """Refuse a reply whose Content-Length is over the limit."""
    length = dict(headers).get("content-length", "")
    if length.isdecimal():
        _check_size(request, int(length[:20]))


def _check_size(request: HTTPRequest, size: int) -> None:
    if size > request.max_bytes:
        raise BodyTooLarge(request.shown or request.url, request.max_bytes)


class _Body:
    """The body of one reply: in memory, or in the file that the request names."""

    def __init__(self, request: HTTPRequest) -> None:
        self.kept = bytearray()
        self._request = request
        self._size = 0
        if request.save_to is not None:
            request.save_to.seek(0)
            request.save_to.truncate()

    def add(self, part: bytes) -> None:
        self._size += len(part)
        _check_size(self._request, self._size)
        if self._request.save_to is None:
            self.kept += part
        else:
            self._request.save_to.write(part)


@contextlib.contextmanager
def _translate_errors(request: HTTPRequest) -> Iterator[None]:
    """Turn exceptions of httpcore into errors of this package."""
    url = request.shown or request.url
    try:
        yield
    except AddressForbidden as error:
        raise ForbiddenResponderURL(url, str(error)) from error
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise FetchTimeout(url, str(error) or "timed out") from error
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        why = str(error) or type(error).__name__
        raise TransportError(url, why) from error
