"""Wait for sockets with AnyIO: in trio, and in an asyncio loop without selector."""

from __future__ import annotations

import socket

import anyio

__all__ = ["AnyIOWaits"]


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
