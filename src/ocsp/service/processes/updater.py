"""The updater: the process that signs answers ahead, and serves the admin port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from ocsp.metrics import Totals
from ocsp.service.building import BuiltService

__all__ = ["Updater"]


class Updater:
    """Signs answers ahead of their end, and serves the admin port."""

    def __init__(
        self, name: str, sockets: Sequence[socket.socket], totals: Totals
    ) -> None:
        """Serve the admin port on *sockets*, with the counts in *totals*."""
        self.name = name
        self._sockets = sockets
        self._totals = totals
        self._service: BuiltService | None = None

    def use(self, service: BuiltService) -> None:
        """Work with *service* from now on."""
        if self._service is not None:
            self._service.close()
        self._service = service

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set."""
        await stop.wait()
