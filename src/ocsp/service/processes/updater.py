"""The updater: the process that signs answers ahead, and serves the admin port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from ocsp.admin import (
    ConfiguredIssuer,
    LiveState,
    application,
    responder_checks,
)
from ocsp.admin import serve as serve_admin_port
from ocsp.errors import SourceUnavailable
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.log_lines import LogLines
from ocsp.responder import StatusQuery, StatusRecord, StatusSource
from ocsp.service.building import BuiltService
from ocsp.service.processes.counting import configure_metrics, report
from ocsp.service.signing_ahead import SigningAhead

__all__ = ["Updater"]

LOOK_UP_SECONDS = 2.0
"""How long the admin port waits for a source."""


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
        self._loop: asyncio.AbstractEventLoop | None = None

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
        self._loop = asyncio.get_running_loop()
        reporting = asyncio.create_task(report(self._metrics))
        try:
            if self._service is not None and self._sockets:
                await self._serve_admin_port(self._service, stop)
            await stop.wait()
        finally:
            reporting.cancel()
            self._end()

    async def _serve_admin_port(
        self, service: BuiltService, stop: asyncio.Event
    ) -> None:
        settings = service.configuration
        database, alarm = settings.database, settings.signing.alarm
        gate = application(
            LiveState(self._configured, database, alarm),
            self._totals,
            responder_checks(self._configured, database, self._totals, alarm=alarm),
            token=service.token,
            allowed_hosts=()
            if settings.admin is None
            else settings.admin.allowed_hosts,
            metrics=self._metrics,
        )
        await serve_admin_port(gate, self._sockets, stop)

    def _configured(self) -> list[ConfiguredIssuer]:
        """Return the issuers of the present configuration."""
        if self._service is None:
            return []
        names = self._service.names
        return [
            ConfiguredIssuer(
                name=names[each.key],
                authority=each,
                source=settings.source_text,
                look_up=self._look_up if settings.source_text else None,
            )
            for each, settings in zip(
                self._service.authorities,
                self._service.configuration.issuer,
                strict=True,
            )
        ]

    def _look_up(self, query: StatusQuery) -> StatusRecord | None:
        """Ask the source about a certificate, from another thread."""
        if self._service is None or self._loop is None:
            raise SourceUnavailable("the responder does not run yet")
        asked = asyncio.run_coroutine_threadsafe(
            _first(self._service.source, query), self._loop
        )
        try:
            return asked.result(LOOK_UP_SECONDS)
        except TimeoutError as error:
            raise SourceUnavailable("the source does not answer") from error


async def _first(source: StatusSource, query: StatusQuery) -> StatusRecord | None:
    return (await source.look_up([query]))[0]
