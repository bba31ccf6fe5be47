"""Wait for sockets with AnyIO: in trio, and in an asyncio loop without selector."""

from __future__ import annotations

import socket
import time

import anyio

__all__ = ["AnyIOReader", "AnyIOWaits"]


class AnyIOWaits:
    """Waits of :mod:`ocsp.client.transport.waiting` with AnyIO."""

    async def readable(self, opened: socket.socket, seconds: float) -> None:
        """Wait until *opened* can be read; see ``Waits``."""
        with anyio.fail_after(seconds):
            await anyio.wait_readable(opened)

    async def writable(self, opened: socket.socket, seconds: float) -> None:
        """Wait until *opened* can be written; see ``Waits``."""
        with anyio.fail_after(seconds):
            await anyio.wait_writable(opened)

    def reader(self, opened: socket.socket) -> AnyIOReader:
        """Return what receives from *opened*; see ``Waits``."""
        return AnyIOReader(self, opened)


class AnyIOReader:
    """Receives from one connection, which is watched for each reply."""

    def __init__(self, waits: AnyIOWaits, opened: socket.socket) -> None:
        """Take the connection *opened*, which must not block, without TLS."""
        self._waits = waits
        self._opened = opened

    async def receive(self, most: int, seconds: float) -> bytes:
        """Return what arrives next; see ``Reader``."""
        until = time.monotonic() + seconds
        while True:
            await self._waits.readable(self._opened, until - time.monotonic())
            try:
                return self._opened.recv(most)
            except BlockingIOError:
                continue

    def close(self) -> None:
        """Do nothing: no connection is watched now."""
