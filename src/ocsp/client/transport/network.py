"""
Network backends for httpcore: connect to checked addresses only, with deadlines.

httpcore implements HTTP and lets its user replace the network backend; httpx, which is
built on it, does not. These backends check an address before they connect to it. Each
wait ends with its own timeout or with the deadline of the whole exchange.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any

import httpcore

from ocsp.client.options import AddressPolicy
from ocsp.client.transport.addresses import (
    addresses_of,
    allowed_addresses,
    is_ip_literal,
    resolve,
)
from ocsp.client.transport.cancellation import Scope, current_scope

__all__ = ["AsyncNetwork", "Exchange", "Network", "current_exchange"]


class Exchange:
    """
    The state of one running exchange.

    Attributes:
        until: Its deadline, on the monotonic clock.

        opened_connection: Whether it has opened a new connection.
    """

    __slots__ = ("opened_connection", "until")

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.opened_connection = False

    def left(self, step: float | None) -> float:
        """
        Return how many seconds the next step may take.

        Raises:
            httpcore.ReadTimeout: If the deadline has passed.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the exchange has passed")
        return left if step is None else min(left, step)


current_exchange: ContextVar[Exchange] = ContextVar("exchange")
"""The running exchange of this thread or task."""


class Network(httpcore.NetworkBackend):
    """A network backend for threads."""

    def __init__(self, address_policy: AddressPolicy) -> None:
        self._address_policy = address_policy
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """
        Connect to *host*, at an address that the policy allows.

        Raises:
            AddressForbidden: If the policy allows none of its addresses.
            httpcore.ConnectError: If the name does not resolve, or no address accepts
                the connection.
            httpcore.ConnectTimeout: If resolving or connecting takes too long.
        """
        exchange = current_exchange.get()
        exchange.opened_connection = True
        addresses = _resolve_in_thread(host, port, exchange.left(timeout))
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in allowed_addresses(host, addresses, self._address_policy):
            try:
                stream = self._backend.connect_tcp(
                    address,
                    port,
                    exchange.left(timeout),
                    local_address,
                    socket_options or (),
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _ThreadStream(stream)
        raise failure


def _resolve_in_thread(host: str, port: int, seconds: float) -> list[str]:
    """Resolve *host* in another thread: ``getaddrinfo`` has no timeout."""
    if is_ip_literal(host):
        return [host]
    found: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            found.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            found.put(OSError(str(error)))

    threading.Thread(target=ask, name=f"ocsp-resolve-{host}", daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except Empty:
        raise httpcore.ConnectTimeout(f"resolving {host} timed out") from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(f"cannot resolve {host}: {answer}") from answer
    return answer


class _ThreadStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the deadline of the exchange."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _CancellableWait(self._inner):
            return self._inner.read(max_bytes, current_exchange.get().left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _CancellableWait(self._inner):
            self._inner.write(buffer, current_exchange.get().left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = current_exchange.get().left(timeout)
        return _ThreadStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _CancellableWait:
    """Register a socket in the scope of this thread while the thread waits for it."""

    __slots__ = ("_scope", "_socket")

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._scope: Scope | None = current_scope.get()
        self._socket: socket.socket | None = None
        if self._scope is not None:
            self._socket = stream.get_extra_info("socket")

    def __enter__(self) -> None:
        if self._scope is not None and self._socket is not None:
            self._scope.add(self._socket)

    def __exit__(self, *_: object) -> None:
        if self._scope is not None and self._socket is not None:
            self._scope.remove(self._socket)


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """
    A network backend for asyncio tasks.

    ``asyncio.timeout`` in the transport limits the exchange as a whole. The backend
    uses the streams of asyncio because those of httpcore take twice the time.
    """

    def __init__(self, address_policy: AddressPolicy) -> None:
        self._address_policy = address_policy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """
        Connect to *host*, at an address that the policy allows.

        Raises:
            AddressForbidden: If the policy allows none of its addresses.
            httpcore.ConnectError: If the name does not resolve, or no address accepts
                the connection.
            httpcore.ConnectTimeout: If resolving or connecting takes too long.
        """
        current_exchange.get().opened_connection = True
        addresses = await _resolve_in_task(host, port, timeout)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in allowed_addresses(host, addresses, self._address_policy):
            try:
                async with asyncio.timeout(timeout):
                    return _TaskStream(*await asyncio.open_connection(address, port))
            except TimeoutError:
                failure = httpcore.ConnectTimeout(f"connecting to {address} timed out")
            except OSError as error:
                failure = httpcore.ConnectError(str(error))
        raise failure


class _TaskStream(httpcore.AsyncNetworkStream):
    """A connection over asyncio streams."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("no data within the timeout") from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._writer.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError:
            raise httpcore.WriteTimeout("could not send within the timeout") from None
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        # Without a TLS closing alert: the reply is complete.
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(
                    ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            raise httpcore.ConnectTimeout(
                "no TLS handshake within the timeout"
            ) from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked for idle ones: has the server closed it?
            return self._reader.at_eof() or self._writer.is_closing()
        if info == "ssl_object":
            return self._writer.get_extra_info("ssl_object")
        return None


async def _resolve_in_task(host: str, port: int, seconds: float | None) -> list[str]:
    if is_ip_literal(host):
        return [host]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"resolving {host} timed out") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"cannot resolve {host}: {error}") from error
    return addresses_of(found)
