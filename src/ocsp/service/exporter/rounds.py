"""
Probe all targets in rounds, in a few threads, and keep the last result of each.

A round begins when the interval after the beginning of the one before has passed, and
that one has ended: a responder that is slow is not asked twice at a time. An unexpected
error costs the target its result in this round, and no other target.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ocsp.client.transport.cancellation import Cancelled, Scope, current_scope
from ocsp.probing import ProbeReport, judge, probe
from ocsp.probing.exposition import Probed
from ocsp.service.exporter.targets import Target

__all__ = ["Rounds"]

logger = logging.getLogger("ocsp.exporter")

Ask = Callable[[Target], ProbeReport]
"""Probes a target."""


def _ask(target: Target) -> ProbeReport:
    return probe(target.url, target.cert, target.issuer, target.settings)


class Rounds:
    """
    The rounds of an exporter.

    Attributes:
        targets: What is probed.

        completed: How many rounds have ended.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        interval: float,
        concurrency: int,
        ask: Ask = _ask,
    ) -> None:
        """
        Probe nothing yet.

        Args:
            targets: What is probed.

            interval: Seconds from the beginning of a round to that of the next.

            concurrency: How many targets are probed at the same time.

            ask: Probes a target, in a thread.
        """
        self.targets = tuple(targets)
        self.completed = 0
        self._interval = interval
        self._concurrency = concurrency
        self._ask = ask
        self._results: dict[str, tuple[float, Probed]] = {}
        self._scope = Scope()

    async def run(self, stop: asyncio.Event) -> None:
        """Make rounds until *stop* is set; it breaks off what is being asked."""
        with ThreadPoolExecutor(self._concurrency, "ocsp-probe") as threads:
            stopping = asyncio.create_task(stop.wait())
            try:
                while not stop.is_set():
                    begin = time.monotonic()
                    await self._round(threads, stopping)
                    left = self._interval - (time.monotonic() - begin)
                    await asyncio.wait({stopping}, timeout=max(left, 0.0))
            finally:
                stopping.cancel()
                self._scope.cancel()

    async def _round(
        self, threads: ThreadPoolExecutor, stopping: asyncio.Task[bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        asked = [
            loop.run_in_executor(threads, self._probe, target)
            for target in self.targets
        ]
        all_asked = asyncio.gather(*asked)
        awaited: set[asyncio.Future[Any]] = {all_asked, stopping}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if all_asked.done():
            self.completed += 1
        else:
            self._scope.cancel()
            await all_asked

    def _probe(self, target: Target) -> None:
        """Probe *target*, in a thread, and keep the result."""
        if self._scope.cancelled.is_set():
            return
        token = current_scope.set(Scope(self._scope))
        try:
            report = self._ask(target)
            judgement = judge(report, target.thresholds)
        except Cancelled:
            return
        except Exception:
            logger.exception("probing the target %s failed", target.name)
        else:
            probed = Probed(target.name, report, judgement)
            self._results[target.name] = (time.monotonic(), probed)
        finally:
            current_scope.reset(token)

    def results(self) -> list[Probed]:
        """Return the last result of each target that has one, in their order."""
        known = (self._results.get(each.name) for each in self.targets)
        return [each[1] for each in known if each is not None]

    def overdue(self, rounds: float) -> list[str]:
        """Return the targets without a result of the last *rounds* intervals."""
        begin = time.monotonic() - rounds * self._interval
        return [
            each.name
            for each in self.targets
            if self._results.get(each.name, (begin - 1.0,))[0] < begin
        ]
