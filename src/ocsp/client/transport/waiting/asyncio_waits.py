"""
Wait for sockets in asyncio, with its own functions.

AnyIO does the same; its cancel scopes and checkpoints take longer than the rest of an
exchange with a responder.
"""

from __future__ import annotations

import asyncio
import socket

__all__ = ["AsyncioWaits"]


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


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _expire(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError("the socket is not ready"))
