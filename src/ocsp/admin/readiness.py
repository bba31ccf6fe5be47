"""
Find out whether the responder can do its work: the checks behind ``GET /ready``.

A check runs in a thread of its own, because what it tests can hang. Its result is kept
for some seconds, so that a monitoring system that asks often costs nothing.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from ocsp import limits
from ocsp.errors import OCSPError

__all__ = ["Check", "CheckResult", "Level", "Readiness"]


class Level(enum.IntEnum):
    """The result of a check, in words; a worse one is larger."""

    OK = 0
    """All is well."""

    DEGRADED = 1
    """Clients get answers, but an operator should act."""

    FAILED = 2
    """Clients get no answers, or will get none soon: the responder is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """
    The result of one check.

    Attributes:
        name: The name of the check, for example ``signer ocsp-2026``.

        level: The result.

        why: What is wrong, or an empty string.

        since: Since when the level has been this one, in UTC.
    """

    name: str
    level: Level
    why: str
    since: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    One check.

    Attributes:
        name: Its name.

        test: Returns the level and what is wrong. It may take long, and may raise any
            exception, which is a failure.

        every: How long a result is kept, in seconds.

        late: The level while it takes too long.
    """

    name: str
    test: Callable[[], tuple[Level, str]]
    every: float = 5.0
    late: Level = Level.FAILED


@dataclass(slots=True)
class _Running:
    """The state of one check."""

    due: float = 0.0
    started: float = 0.0
    future: Future[tuple[Level, str]] | None = None
    result: CheckResult | None = None


class Readiness:
    """Runs checks when they are due, and remembers since when each has its level."""

    def __init__(
        self,
        checks: Callable[[], Iterable[Check]],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(
            datetime.UTC
        ),
    ) -> None:
        """
        Run checks.

        Args:
            checks: Returns the checks of the present configuration; each name once.

            clock: Returns the monotonic time, in seconds.

            now: Returns the time of day, aware.
        """
        self._checks = checks
        self._running: dict[str, _Running] = {}
        self._clock = clock
        self._now = now

    async def results(self) -> list[CheckResult]:
        """
        Return the result of each check, after at most some seconds.

        A check that takes longer than :data:`ocsp.limits.MAX_CHECK_SECONDS` has the
        level :attr:`Check.late`, and is not started again before it ends.
        """
        checks = list(self._checks())
        before = self._running
        self._running = {
            each.name: before.get(each.name) or _Running() for each in checks
        }
        results = (self._result(each, self._running[each.name]) for each in checks)
        return list(await asyncio.gather(*results))

    async def _result(self, check: Check, running: _Running) -> CheckResult:
        now = self._clock()
        if running.result is not None and now < running.due:
            return running.result
        if running.future is None:
            running.started = now
            running.future = _start(check)
        level, why = await self._finish(check, running)
        running.due = self._clock() + check.every
        before = running.result
        since = self._now() if before is None or before.level != level else before.since
        running.result = CheckResult(name=check.name, level=level, why=why, since=since)
        return running.result

    async def _finish(self, check: Check, running: _Running) -> tuple[Level, str]:
        """Return what the check that was started returns, if it ends in time."""
        future = running.future
        if future is None:
            raise RuntimeError("the check was not started")
        left = running.started + limits.MAX_CHECK_SECONDS - self._clock()
        await asyncio.wait({asyncio.wrap_future(future)}, timeout=max(left, 0))
        if not future.done():
            waited = self._clock() - running.started
            return check.late, f"no result for {waited:.0f} seconds"
        running.future = None
        return future.result()


def _start(check: Check) -> Future[tuple[Level, str]]:
    """Run *check* in a thread that does not keep the process from ending."""
    future: Future[tuple[Level, str]] = Future()

    def run() -> None:
        future.set_result(_outcome(check))

    threading.Thread(target=run, name=f"check {check.name}", daemon=True).start()
    return future


def _outcome(check: Check) -> tuple[Level, str]:
    try:
        return check.test()
    except OCSPError as error:
        return Level.FAILED, str(error)
    except Exception as error:
        return Level.FAILED, f"internal error: {type(error).__name__}: {error}"
