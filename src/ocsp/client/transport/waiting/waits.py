"""Which way of waiting the running event loop needs."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

import anyio.lowlevel

from ocsp.client.transport.waiting.anyio_waits import AnyIOWaits
from ocsp.client.transport.waiting.asyncio_waits import AsyncioWaits

__all__ = ["Waits", "running_loop", "waits_of"]


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
