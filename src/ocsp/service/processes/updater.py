"""The updater: it signs answers ahead, tells caches, and serves the admin port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import DATABASE_CLOCK
from ocsp.process_clock import ProcessClock
from ocsp.service.building import BuiltService
from ocsp.service.processes.counting import configure_metrics, report
from ocsp.service.processes.purging import Purging
from ocsp.service.signer_following import SignerFollower
from ocsp.service.signing_ahead import SigningAhead

if TYPE_CHECKING:
    from ocsp.service.processes.admin_port import AdminPort

__all__ = ["Updater"]


class Updater:
    """Signs answers ahead, tells caches of changes, and serves the admin port."""

    def __init__(
        self,
        name: str,
        sockets: Sequence[socket.socket],
        totals: Totals,
        clock: ProcessClock,
    ) -> None:
        """
        Serve the admin port on *sockets*.

        Args:
            name: The name of the process in the log.

            sockets: Listening sockets.

            totals: The counts of all processes.

            clock: The clock of the process.
        """
        self.name = name
        self._sockets = sockets
        self._totals = totals
        self._clock = clock
        self.metrics = Metrics(totals.add, process=name)
        self._service: BuiltService | None = None
        self._signing: SigningAhead | None = None
        self._work: tuple[SigningAhead | Purging, ...] = ()
        self._follower = SignerFollower(self._swap)
        self._port: AdminPort | None = None

    def use(self, service: BuiltService) -> BuiltService:
        """Work with *service* from now on, and return it."""
        self._count()
        configure_metrics(self.metrics, service)
        before = self._work, self._service
        self._begin(service)
        self._follower.follow(service)
        if self._port is not None:
            self._port.use_token(service.token)
        if before[1] is not None:
            # The batch in hand can take seconds: the event loop does not wait.
            asyncio.get_running_loop().run_in_executor(None, _end, *before)
        return service

    def _swap(self, service: BuiltService) -> None:
        """Sign with the signers of *service* from now on."""
        self._count()
        for each in self._work:
            each.end()  # the store accepts each answer once
        self._begin(service)

    def _begin(self, service: BuiltService) -> None:
        self._service, self._signing, self._work = service, None, ()
        if service.store is not None and service.configuration.signs_ahead:
            self._signing = SigningAhead(service, service.store, self._clock)
            issuers = [each.issuer for each in service.stored]
            purging = Purging(service.configuration, issuers, service.store)
            self._work = (self._signing, purging)
        else:
            self._clock.compare(0.0)  # nothing is signed, and nothing compares it
        for each in self._work:
            each.start()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set."""
        reporting = asyncio.create_task(report(self.metrics, self._count))
        following = asyncio.create_task(self._follower.run())
        try:
            if self._sockets:
                from ocsp.service.processes.admin_port import AdminPort

                self._port = AdminPort(self._present, self._follower, self._clock)
                await self._port.serve(self._sockets, self._totals, self.metrics, stop)
            await stop.wait()
        finally:
            reporting.cancel()
            following.cancel()
            _end(self._work, self._service)

    def _count(self) -> None:
        self._clock.look()
        self.metrics.gauge(DATABASE_CLOCK).value = abs(self._clock.ahead)
        if self._signing is not None:
            self._signing.count(self.metrics)

    def _present(self) -> BuiltService:
        """Return the service that is used now."""
        if self._service is None:
            raise RuntimeError("the updater has no service yet")
        return self._service


def _end(work: Sequence[SigningAhead | Purging], service: BuiltService | None) -> None:
    """Stop the threads, and close what they used."""
    for each in work:
        each.end()
    for each in work:
        each.stop()
    if service is not None:
        service.close()
