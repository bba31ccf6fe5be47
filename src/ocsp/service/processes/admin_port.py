"""
Serve the admin port for a built service.

Only a process that serves it imports this module: the packages of the extra ``admin``
take memory, which workers save.
"""

from __future__ import annotations

import asyncio
import datetime
import socket
from collections.abc import Callable, Sequence

from ocsp import limits
from ocsp.admin import (
    ConfiguredIssuer,
    IssuerElsewhere,
    LiveState,
    PresentConfiguration,
    application,
    responder_checks,
    serve,
)
from ocsp.admin.gate import Gate
from ocsp.errors import SignerUnavailable, SourceUnavailable
from ocsp.metrics import Metrics, Totals
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    ForeignAuthority,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.responder.requests.issuers import SignedElsewhere
from ocsp.service.building import BuiltService
from ocsp.service.configuration.model import IssuerSettings
from ocsp.service.signer_following import SignerFollower

__all__ = ["AdminPort"]

LOOK_UP_SECONDS = 2.0
"""How long the admin port waits for a source."""


class AdminPort:
    """The admin port of a service, which can be replaced while it runs."""

    def __init__(
        self,
        service: Callable[[], BuiltService],
        follower: SignerFollower,
        clock: ProcessClock,
    ) -> None:
        """
        Show the state of a responder.

        Args:
            service: Returns the service of now.

            follower: What it knows about the signers is shown.

            clock: The clock of the process.
        """
        self._service = service
        self._follower = follower
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gate: Gate | None = None

    async def serve(
        self,
        sockets: Sequence[socket.socket],
        totals: Totals,
        metrics: Metrics,
        stop: asyncio.Event,
    ) -> None:
        """
        Serve until *stop* is set.

        Args:
            sockets: Where it listens.

            totals: The metrics of all processes.

            metrics: The metrics of this process.

            stop: Set to stop.
        """
        self._loop = asyncio.get_running_loop()
        service = self._service()
        admin = service.configuration.admin
        self._gate = application(
            LiveState(self._present),
            totals,
            responder_checks(self._present, totals, self._test_signers, self._clock),
            token=service.token,
            allowed_hosts=() if admin is None else admin.allowed_hosts,
            metrics=metrics,
        )
        await serve(self._gate, sockets, stop)

    def use_token(self, token: str | None) -> None:
        """Let requests with *token* pass from now on."""
        if self._gate is not None:
            self._gate.use_token(token)

    def _present(self) -> PresentConfiguration:
        service = self._service()
        configuration = service.configuration
        return PresentConfiguration(
            issuers=self._configured(service),
            elsewhere=_elsewhere(service),
            store=None if service.store is None else configuration.database,
            alarm=configuration.signing.alarm,
            validity=configuration.answers.validity,
        )

    def _configured(self, service: BuiltService) -> list[ConfiguredIssuer]:
        """Return the issuers of *service* whose answers it signs."""
        names, health = service.names, self._follower.health()
        return [
            ConfiguredIssuer(
                name=names[each.key],
                authority=each,
                signers=health.get(each.key, ()),
                source=settings.source_text,
                look_up=self._look_up if settings.source_text else None,
            )
            for each, settings in service.issuers
            if isinstance(each, Authority)
        ]

    def _look_up(self, query: StatusQuery) -> StatusRecord | None:
        """Ask the source about a certificate, from another thread."""
        if self._loop is None:
            raise SourceUnavailable("the responder does not run yet")
        asked = asyncio.run_coroutine_threadsafe(
            _first(self._service().source, query), self._loop
        )
        try:
            return asked.result(LOOK_UP_SECONDS)
        except TimeoutError as error:
            raise SourceUnavailable("the source does not answer") from error

    def _test_signers(self) -> None:
        """Test the signers whose test is old, from another thread."""
        if self._loop is None:
            raise SignerUnavailable("the responder does not run yet")
        now = datetime.datetime.now(datetime.UTC)
        tested = asyncio.run_coroutine_threadsafe(self._follower.test(now), self._loop)
        try:
            tested.result(limits.MAX_CHECK_SECONDS)
        except TimeoutError as error:
            raise SignerUnavailable("the signers were not tested in time") from error


def _elsewhere(service: BuiltService) -> list[IssuerElsewhere]:
    """Return the issuers of *service* whose answers others sign."""
    names = service.names
    return [
        IssuerElsewhere(
            name=names[each.key],
            authority=each,
            source=_places_of(each, settings),
        )
        for each, settings in service.issuers
        if not isinstance(each, Authority)
    ]


def _places_of(authority: SignedElsewhere, settings: IssuerSettings) -> str:
    """Return where the answers come from that others sign."""
    places: Sequence[object] = settings.signed
    if isinstance(authority, ForeignAuthority):
        places = authority.urls
    return ", ".join(map(str, places)) or "other nodes"


async def _first(source: StatusSource, query: StatusQuery) -> StatusRecord | None:
    return (await source.look_up([query]))[0]
