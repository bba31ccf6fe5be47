"""
Run the native server: accept connections on sockets, until it is told to stop.

Several processes may listen on the same port (``SO_REUSEPORT``), each with a server of
its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from ocsp import limits
from ocsp.server.memory.change_poll import TIMER_SECONDS
from ocsp.server.native.connection import Connection
from ocsp.server.native.connections import Connections
from ocsp.server.native.outbox import Outbox
from ocsp.server.request_handler import RequestHandler

__all__ = ["BACKLOG", "NativeServer"]

BACKLOG = 256
"""How many connections are accepted before the loop does anything else. More wait in
the system."""

SWEEP_SECONDS = 0.5
"""How often deadlines are checked."""

LAST_REQUEST_SECONDS = 0.1
"""How long idle connections are kept when the server stops. A client that sends one
request after another, such as a proxy, reads in an answer that it is the last. A
request that arrives when its connection is closed gets a reset of the system."""


class NativeServer:
    """Serves HTTP/1.0 and HTTP/1.1 without TLS, for one process."""

    def __init__(self, handler: RequestHandler) -> None:
        """Answer by *handler*."""
        self._handler = handler
        self._connections = Connections(handler.log, handler.metrics, backlog=BACKLOG)
        self._outbox = Outbox()
        self._next_sweep = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def serve(
        self,
        sockets: Sequence[socket.socket],
        stop: asyncio.Event,
        *,
        started: Callable[[], None] | None = None,
    ) -> None:
        """
        Serve until *stop* is set, then finish the requests in work.

        Args:
            sockets: Listening sockets. They are closed when the server stops.

            stop: Ends the server. Connections end when the requests that have arrived
                are answered, or else with their next answer; idle ones soon, and all
                after ``limits.MAX_STOP_SECONDS``.

            started: Called once when all sockets accept connections.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._report)
        servers = [
            await loop.create_server(self._connection, sock=each, backlog=BACKLOG)
            for each in sockets
        ]
        self._tick()
        if started is not None:
            started()
        try:
            await stop.wait()
        finally:
            for server in servers:
                server.close()
            await self._drain()
            if self._timer is not None:
                self._timer.cancel()
            await self._handler.close()

    def _connection(self) -> Connection:
        return Connection(self._handler, self._connections, self._outbox)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TIMER_SECONDS, self._tick)
        now = time.monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_SECONDS
            self._connections.sweep()
            self._connections.count()
            self._handler.set_gauges()
            self._handler.log.flush()
        self._handler.refresh()  # last: an error in a source stops nothing else

    async def _drain(self) -> None:
        begin = time.monotonic()
        self._connections.drain()
        await self._wait(begin + LAST_REQUEST_SECONDS)
        self._connections.end_idle()
        await self._wait(begin + limits.MAX_STOP_SECONDS)
        self._connections.abort()
        await asyncio.sleep(0)

    async def _wait(self, end: float) -> None:
        """Wait until all connections have ended, or until *end*."""
        while len(self._connections) and time.monotonic() < end:
            await asyncio.sleep(TIMER_SECONDS)

    def _report(
        self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        """Log what the event loop reports, such as that no file can be opened."""
        error = context.get("exception")
        message = context.get("message", "")
        if isinstance(error, OSError):
            self._handler.log.report(
                logging.ERROR, ("loop", error.errno), f"{message}: {error}"
            )
        else:
            self._handler.log.report(
                logging.ERROR, ("loop", message), str(message), error=error
            )
