"""A client of each library that the adapters support, for tests over real sockets."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest

__all__ = ["KINDS", "Adapted"]

KINDS = (
    "httpx", "httpx async", "httpx trio", "httpx2", "httpx2 async", "httpx2 trio", "aiohttp", "requests",
    "urllib3",
)  # fmt: skip
"""The libraries, and how their clients wait if they do both."""


class Adapted:
    """
    A client of one library, and the adapter for it.

    Attributes:
        is_async: Whether the transport is one for tasks.

        transport: The adapter.
    """

    def __init__(self, kind: str) -> None:
        library, _, way = kind.partition(" ")
        self._http = pytest.importorskip(library)
        self.is_async = bool(way) or library == "aiohttp"
        self._opened = contextlib.ExitStack()
        if self.is_async:
            loop = "trio" if way == "trio" else "asyncio"
            self._portal = self._opened.enter_context(start_blocking_portal(loop))
        room = "httpx" if library == "httpx2" else library
        adapters = importlib.import_module(f"ocsp.client.adapters.{room}")
        if library == "aiohttp":
            client = self.run(self._session)
            self.transport: Any = adapters.AiohttpTransport(client)
            self._close = client.close
        elif library == "requests":
            client = self._http.Session()
            self.transport = adapters.RequestsTransport(client)
            self._close = client.close
        elif library == "urllib3":
            client = self._http.PoolManager()
            self.transport = adapters.Urllib3Transport(client)
            self._close = client.clear
        elif way:
            client = self.run(self._async_client)
            self.transport = adapters.AsyncHTTPXTransport(client)
            self._close = client.aclose
        else:
            client = self._http.Client(trust_env=False)
            self.transport = adapters.HTTPXTransport(client)
            self._close = client.close
        if library == "requests":
            client.trust_env = False

    async def _session(self) -> Any:
        return self._http.ClientSession(auto_decompress=False)

    async def _async_client(self) -> Any:
        return self._http.AsyncClient(trust_env=False)

    def run(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Return the result of *function*, in the event loop of the client."""
        if self.is_async:
            return self._portal.call(function, *arguments)
        return function(*arguments)

    def send(self, url: str, **changes: Any) -> HTTPReply:
        """Send a request and return the reply."""
        request = HTTPRequest(
            **{
                "method": "GET",
                "url": url,
                "address_policy": AddressPolicy.PRIVATE_TOO,
                "max_bytes": 65_536,
                "timeout": 30.0,
                "io_timeout": 30.0,
                **changes,
            }
        )
        reply = self.run(self.transport.send, request)
        assert isinstance(reply, HTTPReply)
        return reply

    def close_client(self) -> None:
        """Close the client of the library, which the adapter does not do."""
        self.run(self._close)

    def close(self) -> None:
        """Close all."""
        close = self.transport.aclose if self.is_async else self.transport.close
        self.run(close)
        self.close_client()
        self._opened.close()
