"""
Wait for sockets in asyncio, with its own functions.

AnyIO does the same; its cancel scopes and checkpoints take longer than the rest of an
exchange with a responder.
"""

from __future__ import annotations

import asyncio
import socket

__all__ = ["AsyncioReader", "AsyncioWaits"]


class AsyncioWaits:
    """Waits of :mod:`ocsp.client.transport.waiting` in one asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the *loop*, which must have ``add_reader``."""
        self._loop = loop

    async def readable(self, opened: socket.socket, seconds: float) -> None:
        """Wait until *opened* can be read; see ``Waits``."""
        future, number = self._loop.create_future(), opened.fileno()
        self._loop.add_reader(number, _wake, future)
        try:
            await self._wait(future, seconds)
        finally:
            self._loop.remove_reader(number)

    async def writable(self, opened: socket.socket, seconds: float) -> None:
        """Wait until *opened* can be written; see ``Waits``."""
        future, number = self._loop.create_future(), opened.fileno()
        self._loop.add_writer(number, _wake, future)
        try:
            await self._wait(future, seconds)
        finally:
            self._loop.remove_writer(number)

    async def _wait(self, future: asyncio.Future[None], seconds: float) -> None:
        timer = self._loop.call_later(seconds, _expire, future)
        try:
            await future
        finally:
            timer.cancel()

    def reader(self, opened: socket.socket) -> AsyncioReader:
        """Return what receives from *opened*; see ``Waits``."""
        return AsyncioReader(self._loop, opened)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _expire(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError("the socket is not ready"))


class AsyncioReader:
    """
    Receives from one connection, which the loop watches from one reply to the next.

    Watching it for each reply would take two system calls more. If the server sends
    something, or closes the connection, while no task receives, the loop watches it no
    longer, and the octets stay in the socket, where the pool of connections sees them.

    One timer serves many replies: when it rings too early for the present one, it is
    set again.
    """

    __slots__ = (
        "_future",
        "_loop",
        "_most",
        "_opened",
        "_timer",
        "_until",
        "_watched",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, opened: socket.socket) -> None:
        """Take the connection *opened*, which must not block, without TLS."""
        self._loop = loop
        self._opened = opened
        self._future: asyncio.Future[bytes] | None = None
        self._most = 0
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._watched = False

    async def receive(self, most: int, seconds: float) -> bytes:
        """Return what arrives next; see ``Reader``."""
        future = self._future = self._loop.create_future()
        self._most, self._until = most, self._loop.time() + seconds
        if self._timer is None or self._until < self._timer.when():
            self._set_timer()
        if not self._watched:
            self._loop.add_reader(self._opened.fileno(), self._read)
            self._watched = True
        try:
            received: bytes = await future
            return received
        finally:
            self._future = None

    def close(self) -> None:
        """Watch the connection no longer, and forget the timer; see ``Reader``."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._unwatch()

    def _read(self) -> None:
        """Receive: the connection has octets, or its end."""
        future = self._future
        if future is None or future.done():
            self._unwatch()
            return
        try:
            data = self._opened.recv(self._most)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            future.set_exception(error)
        else:
            future.set_result(data)

    def _unwatch(self) -> None:
        if self._watched and not self._loop.is_closed():
            self._loop.remove_reader(self._opened.fileno())
        self._watched = False

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        """End the present wait if its time is up."""
        self._timer, future = None, self._future
        if future is None or future.done():
            return
        if self._loop.time() < self._until:
            self._set_timer()
        else:
            future.set_exception(TimeoutError("nothing has arrived"))
