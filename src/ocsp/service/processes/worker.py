"""A worker: the process that answers requests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

from ocsp.client import AsyncClient
from ocsp.metrics import Metrics, Report
from ocsp.metrics.table import FOREIGN_ANSWERED, FOREIGN_FAILED, STORE_UP, VALKEY
from ocsp.process_clock import ProcessClock
from ocsp.responder import SharedAnswerReader
from ocsp.server import NativeServer, RequestHandler
from ocsp.server.backend import AnswersElsewhere
from ocsp.service.access_log import LoggingRequestHandler
from ocsp.service.building import BuiltService
from ocsp.service.configuration import Configuration
from ocsp.service.configuration.model import AccessLog, FormName
from ocsp.service.copies.checked import VerifiedAnswers
from ocsp.service.processes.counting import configure_metrics, report
from ocsp.service.signer_following import SignerFollower
from ocsp.sharing import SharedAnswers
from ocsp.signers import SignerWatch, SigningSlots
from ocsp.status import ForeignResponders, LastExchange

__all__ = ["Worker"]

GRACE_SECONDS = 10.0
"""After a reload, how long the keys and the database from before stay open for requests
that still use them. A signature takes two seconds at most."""


class Worker:
    """Answers requests on its sockets."""

    def __init__(
        self,
        name: str,
        sockets: Sequence[socket.socket],
        send: Callable[[Report], bool],
        clock: ProcessClock,
        *,
        started: Callable[[], None] | None = None,
    ) -> None:
        """
        Serve *sockets*.

        Args:
            name: The name of the process in the log.

            sockets: Listening sockets.

            send: Takes the counts.

            clock: The clock of the process.

            started: Called once when all sockets accept connections.
        """
        self.name = name
        self._sockets = sockets
        self._clock = clock
        self._started = started
        self.metrics = Metrics(send, process=name)
        self._service: BuiltService | None = None
        self._handler: RequestHandler | None = None
        self._follower = SignerFollower(self._swap)
        self._shared: SharedAnswers | None = None
        self._responders: ForeignResponders | None = None

    def use(self, service: BuiltService) -> BuiltService:
        """Answer with *service* from now on, and return it with the open database."""
        configure_metrics(self.metrics, service)
        before = self._service
        if before is not None:
            service = service.with_source_of(before)
            asyncio.get_running_loop().call_later(
                GRACE_SECONDS, before.close_all_but, service
            )
        if self._handler is None:
            self._shared = _shared(service.configuration)
            responders = self._responders = ForeignResponders(AsyncClient())
            elsewhere = _elsewhere(service.configuration, responders, self._shared)
            copies = None
            if self._shared is not None and not service.configuration.is_edge:
                copies = VerifiedAnswers(self._shared)
            self._handler = _handler(
                service, elsewhere, copies, self.metrics, self._clock
            )
        else:
            self._handler.cache_tag = service.configuration.answers.cache_tag
            self._handler.replace(service.responder, service.source)
        self._handler.watch = SignerWatch(service.configuration.signing.alarm)
        self._service = service
        self._follower.follow(service)
        return service

    def _swap(self, service: BuiltService) -> None:
        """Answer with the signers of *service*; requests that began keep theirs."""
        if self._handler is not None:
            self._handler.replace(service.responder, service.source)
        self._service = service

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until *stop* is set, and finish the requests."""
        if self._handler is None:
            return
        background = [report(self.metrics, self._set_gauges), self._follower.run()]
        if self._shared is not None:
            # The admin port says whether it answers, before the first client asks.
            background.append(self._shared.look())
        tasks = [asyncio.create_task(each) for each in background]
        try:
            await NativeServer(self._handler).serve(
                self._sockets, stop, started=self._started
            )
        finally:
            for task in tasks:
                task.cancel()
            self.metrics.close()
            if self._shared is not None:
                await self._shared.aclose()
            if self._service is not None:
                await self._service.aclose()

    def _set_gauges(self) -> None:
        if self._shared is not None and self._shared.is_up is not None:
            self.metrics.gauge(STORE_UP, VALKEY).value = int(self._shared.is_up)
        if self._responders is not None and self._service is not None:
            names = self._service.names
            for key, last in self._responders.last.items():
                if key in names:
                    _set_last(self.metrics, names[key], last)


def _set_last(metrics: Metrics, issuer: str, last: LastExchange) -> None:
    """Report the last exchange with the responders of another CA."""
    for metric, at in (
        (FOREIGN_ANSWERED, last.answered),
        (FOREIGN_FAILED, last.failed),
    ):
        metrics.gauge(metric, issuer).value = None if at is None else at.timestamp()


def _handler(
    service: BuiltService,
    elsewhere: AnswersElsewhere,
    copies: SharedAnswerReader | None,
    metrics: Metrics,
    clock: ProcessClock,
) -> RequestHandler:
    configuration = service.configuration
    signing = configuration.signing
    is_logging = configuration.log.access is AccessLog.REQUESTS
    kind = LoggingRequestHandler if is_logging else RequestHandler
    return kind(
        service.responder,
        service.source,
        slots=SigningSlots(signing.in_flight, signing.waiting),
        foreign=elsewhere,
        shared=copies,
        cache_bytes=configuration.answers.memory,
        metrics=metrics,
        cache_tag=configuration.answers.cache_tag,
        clock=clock,
    )


def _shared(configuration: Configuration) -> SharedAnswers | None:
    """Return what reads the answers on the Valkey server, if there is one."""
    address = configuration.valkey
    return None if address is None else SharedAnswers(address)


def _elsewhere(
    configuration: Configuration,
    responders: ForeignResponders,
    shared: SharedAnswers | None,
) -> AnswersElsewhere:
    """Return what gets the answers that others have signed."""
    if not configuration.is_edge:
        return responders
    # Imported here, because no other node needs it.
    from ocsp.service.copies.edge import EdgeAnswers
    from ocsp.service.copies.files import PublishedFiles

    files = configuration.files
    return EdgeAnswers(
        shared=shared,
        files=None if files is None else PublishedFiles(files),
        upstream=responders,
        both_hashes=FormName.BOTH in configuration.answers.forms,
        memory=configuration.answers.memory,
    )
