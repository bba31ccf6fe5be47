"""
Serve the admin port with uvicorn, in an event loop of the caller.

uvicorn limits neither how long a client takes to send its headers nor how many
connections are open. The protocol here does: a connection ends after some seconds,
whatever the client does, and the oldest one ends when there are too many. It also
refuses what takes h11 long to read: large heads, and bodies in chunks, which can have
one octet each.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ocsp import limits
from ocsp.admin.gate import Gate
from ocsp.errors import ConfigError
from ocsp.guarded.addresses import address_of

__all__ = ["serve"]

STOP_SECONDS = 3
"""How long the server waits for active requests when it stops."""

SLICE = 4096
"""Octets that h11 gets at once: it compares the size of a head with its limit only if
the head is not complete then."""


async def serve(
    application: Gate, sockets: Sequence[socket.socket], stop: asyncio.Event
) -> None:
    """
    Serve *application* until *stop* is set, then finish the active requests.

    Args:
        application: The application from :func:`ocsp.admin.application`.

        sockets: Listening sockets; closed at the end.

        stop: Set by the caller to stop. No signal handler is installed.

    Raises:
        ConfigError: If other machines can connect to one of *sockets*, and the
            application needs no token.
    """
    for each in sockets:
        if not application.needs_token and not _is_local(each):
            raise ConfigError(
                "admin.listen",
                f"other machines can connect to {each.getsockname()[0]}: set a token,"
                " or listen on 127.0.0.1 or a Unix socket",
            )
    server = _Server(_config(application))
    running = asyncio.create_task(server.serve(sockets=list(sockets)))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handler."""
        yield


def _config(application: Gate) -> uvicorn.Config:
    opened: list[_Protocol] = []

    class Protocol(_Protocol):
        open_connections = opened

    untyped: Any = application  # uvicorn types a scope as TypedDict
    return uvicorn.Config(
        untyped,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


class _Reader(h11.Connection):
    """Reads requests without a transfer coding: no client of this port sends one."""

    def next_event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        """Return what the client sent next; a transfer coding ends the connection."""
        event = super().next_event()
        if isinstance(event, h11.Request) and any(
            name == b"transfer-encoding" for name, _ in event.headers
        ):
            raise h11.RemoteProtocolError("a body needs a Content-Length", 411)
        return event


class _Protocol(H11Protocol):
    """One connection, which ends after some seconds."""

    open_connections: list[_Protocol]
    """The open connections, oldest first."""

    _end: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer, and close the oldest connection if there are too many."""
        super().connection_made(transport)
        self.conn = _Reader(h11.SERVER, limits.MAX_ADMIN_HEAD_BYTES)
        self._end = self.loop.call_later(
            limits.MAX_ADMIN_CONNECTION_SECONDS, transport.abort
        )
        self.open_connections.append(self)
        if len(self.open_connections) > limits.MAX_ADMIN_CONNECTIONS:
            self.open_connections[0].transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read requests, slice by slice."""
        for begin in range(0, len(data), SLICE):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + SLICE])

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._end.cancel()
        self.open_connections.remove(self)
        super().connection_lost(exc)


def _is_local(bound: socket.socket) -> bool:
    """Return whether only programs on this machine can connect to *bound*."""
    if bound.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    address = address_of(bound.getsockname()[0])
    return address is not None and address.is_loopback
