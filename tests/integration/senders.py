"""The transports of both kinds of client, for tests over real sockets."""

from __future__ import annotations

import contextlib
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest
from ocsp.client.transport.tasks import AsyncHTTPTransport
from ocsp.client.transport.threads import HTTPTransport

__all__ = ["Sender"]


class Sender:
    """A sync or an async transport for one test."""

    def __init__(self, kind: str, **how: Any) -> None:
        self._open = contextlib.ExitStack()
        self._portal: BlockingPortal | None = None
        if kind == "threads":
            self._transport: Any = HTTPTransport(**how)
        else:
            portal = start_blocking_portal(kind)
            self._portal = self._open.enter_context(portal)
            self._transport = AsyncHTTPTransport(**how)

    def __call__(self, url: str, **changes: Any) -> HTTPReply:
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
        if self._portal is None:
            reply = self._transport.send(request)
        else:
            reply = self._portal.call(self._transport.send, request)
        assert isinstance(reply, HTTPReply)
        return reply

    def close(self) -> None:
        """Close all connections; a second call does nothing."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        if self._portal is None:
            transport.close()
        else:
            self._portal.call(transport.aclose)
        self._open.close()
