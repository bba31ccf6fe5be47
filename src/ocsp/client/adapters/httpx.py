"""
Send requests with a client of httpx or httpx2 (extra ``httpx`` or ``httpx2``).

Both libraries have the same interface.
"""

from __future__ import annotations

import importlib
from contextlib import aclosing
from types import ModuleType
from typing import Any

from ocsp.client.adapters.sending import Sending
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchError, MissingExtraError

try:
    import anyio  # httpx and httpx2 wait with it
    import anyio.to_thread
except ModuleNotFoundError as error:
    raise MissingExtraError("the transport of httpx", "httpx") from error

__all__ = ["AsyncHTTPXTransport", "HTTPXTransport"]

_LIBRARIES = ("httpx", "httpx2")


class HTTPXTransport:
    """A :class:`ocsp.client.Transport` over an ``httpx.Client``."""

    def __init__(self, client: Any) -> None:
        """
        Use *client*.

        Args:
            client: An ``httpx.Client`` or ``httpx2.Client``. The caller closes it.

        Raises:
            TypeError: If it is something else.
        """
        self._client = client
        self._library = _library_of(client, "Client")

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Not enforced: that the client connects to the address that was checked; and the
        time for the head of the reply, of which each read has ``io_timeout``.

        Raises:
            FetchError: As :meth:`Transport.send`.
        """
        sending = Sending(request)
        sending.check()
        try:
            with self._client.stream(**_arguments(sending)) as response:
                if sending.begin_reply(response.status_code, _headers(response)):
                    for part in response.iter_raw():
                        sending.add(part)
            return sending.reply()
        except FetchError:
            raise
        except Exception as error:
            raise _translated(self._library, sending, error) from error

    def close(self) -> None:
        """Do nothing: the client belongs to the caller."""


class AsyncHTTPXTransport:
    """A :class:`ocsp.client.AsyncTransport` over an ``httpx.AsyncClient``."""

    def __init__(self, client: Any) -> None:
        """
        Use *client*.

        Args:
            client: An ``httpx.AsyncClient`` or ``httpx2.AsyncClient``. The caller
                closes it.

        Raises:
            TypeError: If it is something else.
        """
        self._client = client
        self._library = _library_of(client, "AsyncClient")

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Not enforced: that the client connects to the address that was checked.

        Raises:
            FetchError: As :meth:`Transport.send`.
        """
        sending = Sending(request)
        try:
            with anyio.fail_after(request.timeout):
                if sending.needs_look_up:
                    await anyio.to_thread.run_sync(
                        sending.check, abandon_on_cancel=True
                    )
                else:
                    sending.check()
                return await self._exchange(sending)
        except FetchError:
            raise
        except TimeoutError as error:
            raise sending.late() from error
        except Exception as error:
            raise _translated(self._library, sending, error) from error

    async def _exchange(self, sending: Sending) -> HTTPReply:
        async with self._client.stream(**_arguments(sending)) as response:
            if sending.begin_reply(response.status_code, _headers(response)):
                async with aclosing(response.aiter_raw()) as parts:
                    async for part in parts:
                        sending.add(part)
        return sending.reply()

    async def aclose(self) -> None:
        """Do nothing: the client belongs to the caller."""


def _library_of(client: object, name: str) -> ModuleType:
    """Return the library of *client*, whose errors the adapter translates."""
    for each in type(client).__mro__:
        library = each.__module__.partition(".")[0]
        if library in _LIBRARIES and each.__name__ == name:
            return importlib.import_module(library)
    raise TypeError(
        f"client must be a {name} of httpx or httpx2, not {type(client).__name__}"
    )


def _arguments(sending: Sending) -> dict[str, Any]:
    request = sending.request
    return {
        "method": request.method,
        "url": request.url,
        "content": request.body or None,
        "headers": sending.headers,
        "follow_redirects": False,
        "timeout": sending.left(),
    }


def _headers(response: Any) -> list[tuple[str, str]]:
    return [*response.headers.multi_items()]


def _translated(library: ModuleType, sending: Sending, error: Exception) -> FetchError:
    if isinstance(error, library.TimeoutException):
        return sending.late()
    if isinstance(error, (library.RemoteProtocolError, library.ReadError)):
        return sending.broken(error)
    return sending.failed(error)
