"""Which way of waiting the running event loop needs."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

import anyio.lowlevel

from ocsp.client.transport.waiting.anyio_waits import AnyIOWaits
from ocsp.client.transport.waiting.asyncio_waits import AsyncioWaits

__all__ = ["Reader", "Waits", "running_loop", "waits_of"]


class Reader(Protocol):
    """Receives from one connection, for one task at a time."""

    async def receive(self, most: int, seconds: float) -> bytes:
        """
        Return what arrives next; nothing means that the other side has closed it.

        Args:
            most: The largest number of octets.

            seconds: For how long to wait.

        Raises:
            TimeoutError: If nothing has arrived after *seconds*.
            OSError: If the connection is broken.
        """

    def close(self) -> None:
        """Stop receiving; before the connection is closed, or TLS begins."""


class Waits(Protocol):
    """How to wait for a socket in one event loop."""

    async def readable(self, opened: socket.socket, seconds: float) -> None:
        """
        Wait until *opened* can be read.

        Raises:
            TimeoutError: If it cannot after *seconds*.
        """

    async def writable(self, opened: socket.socket, seconds: float) -> None:
        """
        Wait until *opened* can be written.

        Raises:
            TimeoutError: If it cannot after *seconds*.
        """

    def reader(self, opened: socket.socket) -> Reader:
        """Return what receives from *opened*, a connection without TLS."""


def running_loop() -> object:
    """Return the object that stands for the running event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        # Another event loop can run as the guest of asyncio, but in no task of it.
        if asyncio.current_task(loop) is not None:
            return loop
    return anyio.lowlevel.current_token().native_token


def waits_of(loop: object) -> Waits:
    """Return how to wait in *loop*, which :func:`running_loop` has returned."""
    if isinstance(loop, asyncio.AbstractEventLoop) and _can_watch_sockets(loop):
        return AsyncioWaits(loop)
    return AnyIOWaits()


def _can_watch_sockets(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether *loop* has ``add_reader``: that of Windows has not."""
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader
