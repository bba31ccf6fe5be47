"""
The channel between the supervisor and one of its processes: JSON, one object a line.

The supervisor sends a configuration, ``ping`` or ``stop``. The process answers that it
uses the configuration, or why not. If the channel ends, the other side has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any, Self

__all__ = ["Channel"]

_MAX_LINE_BYTES = 1 << 24
"""Octets of a message. A configuration has at most ``MAX_CONFIGURATION_BYTES`` in its
file; as JSON, with absolute paths and defaults, it is larger."""


class Channel:
    """One end of the channel, in an event loop."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """Return the channel over *end*, one of a pair of connected sockets."""
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end, limit=_MAX_LINE_BYTES))

    async def send(self, kind: str, content: Any = None) -> None:
        """
        Send a message.

        Raises:
            ConnectionError: If the other side has ended.
        """
        self._writer.write(json.dumps([kind, content]).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> tuple[str, Any] | None:
        """Return the next message, or ``None`` if the other side has ended."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        kind, content = json.loads(line)
        return kind, content

    def close(self) -> None:
        """Close this end."""
        with contextlib.suppress(ConnectionError):
            self._writer.close()
