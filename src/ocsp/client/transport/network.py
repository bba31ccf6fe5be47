"""
The network below httpcore: connections to addresses that were checked, within a time.

httpcore speaks HTTP and keeps connections; its network backend is where it lets others
decide what a connection is. httpx stands on the same library, but hides that place.

Rules of this file: the address is judged before the first packet. Every wait has two
ends: its own, and that of the whole exchange.
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
from ocsp.client.transport.addresses import addresses_of, checked, literal, look_up
from ocsp.client.transport.cancellation import Scope, current_scope

__all__ = ["AsyncNetwork", "Exchange", "Network", "current_exchange"]


class Exchange:
    """
    One exchange under way.

    Attributes:
        until: When it has to be over, on the monotonic clock.

        is_connected_anew: Whether it has a connection of its own making.
    """

    __slots__ = ("is_connected_anew", "until")

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.is_connected_anew = False

    def left(self, step: float | None) -> float:
        """
        Return how many seconds the next step may take.

        Raises:
            httpcore.ReadTimeout: If none are left.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for all of it is over")
        return left if step is None else min(left, step)


current_exchange: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange that this thread or task is at."""


class Network(httpcore.NetworkBackend):
    """Connects threads."""

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
        Return a connection to an address of *host* that may be connected to.

        Raises:
            AddressForbidden: If there is none.
            httpcore.ConnectError: If nobody answers there.
            httpcore.ConnectTimeout: If that takes too long.
        """
        exchange = current_exchange.get()
        exchange.is_connected_anew = True
        addresses = _looked_up(host, port, exchange.left(timeout))
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in checked(host, addresses, self._address_policy):
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
                return _Stream(stream)
        raise failure


def _looked_up(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of *host*, within the time: the resolver knows none."""
    if literal(host):
        return [host]
    found: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            found.put(look_up(host, port))
        except (OSError, UnicodeError) as error:
            found.put(OSError(str(error)))

    threading.Thread(target=ask, name=f"ocsp-resolve-{host}", daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except Empty:
        raise httpcore.ConnectTimeout(f"no address of {host} in time") from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(f"no address of {host}: {answer}") from answer
    return answer


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the exchange."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _Waiting(self._inner):
            return self._inner.read(max_bytes, current_exchange.get().left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _Waiting(self._inner):
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
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Waiting:
    """While this thread waits for a socket, whoever it works for can wake it."""

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
    Connects tasks; the exchange as a whole is under ``asyncio.timeout``.

    On asyncio's own streams: those that httpcore brings serve several event loops, and
    take twice the time for it.
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
        Return a connection to an address of *host* that may be connected to.

        Raises:
            AddressForbidden: If there is none.
            httpcore.ConnectError: If nobody answers there.
            httpcore.ConnectTimeout: If that takes too long.
        """
        current_exchange.get().is_connected_anew = True
        addresses = await _looked_up_meanwhile(host, port, timeout)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in checked(host, addresses, self._address_policy):
            try:
                async with asyncio.timeout(timeout):
                    return _AsyncStream(*await asyncio.open_connection(address, port))
            except TimeoutError:
                failure = httpcore.ConnectTimeout(f"no connection to {address} in time")
            except OSError as error:
                failure = httpcore.ConnectError(str(error))
        raise failure


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A connection of asyncio."""

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
            raise httpcore.ReadTimeout("nothing came in time") from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._writer.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError:
            raise httpcore.WriteTimeout("nothing was taken in time") from None
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        # Without the farewell of TLS: nothing that counts is still to come.
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
            raise httpcore.ConnectTimeout("no TLS in time") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # what was closed by the server while it was idle
            return self._reader.at_eof() or self._writer.is_closing()
        if info == "ssl_object":
            return self._writer.get_extra_info("ssl_object")
        return None


async def _looked_up_meanwhile(
    host: str, port: int, seconds: float | None
) -> list[str]:
    if literal(host):
        return [host]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"no address of {host} in time") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"no address of {host}: {error}") from error
    return addresses_of(found)
