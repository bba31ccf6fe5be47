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
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpcore

from ocsp._version import __version__
from ocsp.client.addresses import AddressForbidden
from ocsp.client.network import AsyncNetwork, Exchange, Network, current_exchange
from ocsp.client.options import Targets
from ocsp.client.transport import HTTPReply, HTTPRequest
from ocsp.errors import (
    BodyTooLarge,
    FetchTimeout,
    ForbiddenResponderURL,
    TransportError,
)

__all__ = ["AsyncHTTPTransport", "HTTPTransport"]

_USER_AGENT = f"python-ocsp/{__version__}"

_CONNECTIONS = 64
"""Connections at the same time, to all responders together."""

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
        max_connections: int = _CONNECTIONS,
    ) -> None:
        """
        Make a transport without connections.

        Args:
            ssl_context: What https URLs are verified by; without one, the default.

            max_connections: How many connections there may be at the same time.
        """
        # One pool for each: a connection that was made to a private address because
        # the caller gave the URL must not serve a URL out of a certificate.
        self._pools = {
            targets: httpcore.ConnectionPool(
                ssl_context,
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=Network(targets),
            )
            for targets in Targets
        }

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Return the answer to *request*; see :meth:`Transport.send`.

        Raises:
            TransportError: If there is no connection, or it breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If there are more octets than ``max_bytes``.
            ForbiddenResponderURL: If its address is none of ``targets``.
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
        pool = self._pools[request.targets]
        response = pool.handle_request(_prepared(request))
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
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()


class AsyncHTTPTransport:
    """A :class:`ocsp.client.AsyncTransport` for the tasks of one event loop."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = _CONNECTIONS,
    ) -> None:
        """Make a transport without connections; see :class:`HTTPTransport`."""
        self._pools = {
            targets: httpcore.AsyncConnectionPool(
                ssl_context,
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=AsyncNetwork(targets),
            )
            for targets in Targets
        }

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Return the answer to *request*; see :meth:`Transport.send`.

        Raises:
            TransportError: If there is no connection, or it breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If there are more octets than ``max_bytes``.
            ForbiddenResponderURL: If its address is none of ``targets``.
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
        pool = self._pools[request.targets]
        response = await pool.handle_async_request(_prepared(request))
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
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()


def _prepared(request: HTTPRequest) -> httpcore.Request:
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    target = f"{parts.path or '/'}{query}"
    headers = [("Host", parts.netloc), ("User-Agent", _USER_AGENT), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    step = request.step_timeout
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
