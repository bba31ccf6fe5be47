"""The updater: the process that signs answers ahead, and serves the admin port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from ocsp.metrics import Metrics, Totals
from ocsp.metrics.log_lines import LogLines
from ocsp.service.building import BuiltService
from ocsp.service.processes.counting import configure_metrics, report
from ocsp.service.signing_ahead import SigningAhead

__all__ = ["Updater"]


class Updater:
    """Signs answers ahead of their end, and serves the admin port."""

    def __init__(
        self, name: str, sockets: Sequence[socket.socket], totals: Totals
    ) -> None:
        """Serve the admin port on *sockets*, with the counts in *totals*."""
        self.name = name
        self.lines = LogLines()
        self._sockets = sockets
        self._totals = totals
        self._metrics = Metrics(totals.add, process=name, lines=self.lines)
        self._service: BuiltService | None = None
        self._signing: SigningAhead | None = None

    def use(self, service: BuiltService) -> BuiltService:
        """Work with *service* from now on, and return it."""
        configure_metrics(self._metrics, service)
        self._end()
        self._begin(service)
        return service

    def _end(self) -> None:
        """Stop signing, and close what it used."""
        if self._signing is not None:
            self._signing.stop()
        if self._service is not None:
            self._service.close()
        self._service = self._signing = None

    def swap(self, service: BuiltService) -> None:
        """Sign with the signers of *service* from now on."""
        if self._signing is not None:
            self._signing.stop()
        self._begin(service)

    def _begin(self, service: BuiltService) -> None:
        self._service, self._signing = service, None
        if service.store is not None:
            self._signing = SigningAhead(service, service.store)
            self._signing.start()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set."""
        reporting = asyncio.create_task(report(self._metrics, self._count))
        try:
            if self._sockets:
                from ocsp.service.processes.admin_port import AdminPort

                port = AdminPort(self._present)
                await port.serve(self._sockets, self._totals, self._metrics, stop)
            await stop.wait()
        finally:
            reporting.cancel()
            self._end()

    def _count(self) -> None:
        if self._signing is not None:
            self._signing.count(self._metrics)

    def _present(self) -> BuiltService:
        """Return the service that is used now."""
        if self._service is None:
            raise RuntimeError("the updater has no service yet")
        return self._service
