"""
Checks in the background: a few threads of a client, which callers share.

Callers that ask about the same certificates get the same future, also for a moment
after the check has ended. The threads are daemons and end when there is no more to do.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from ocsp import limits
from ocsp.client.checking.state import CheckRequest
from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.outcome import Outcome
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.errors import FetchTimeout

__all__ = ["BackgroundChecks"]

Check = Callable[[CheckRequest], Outcome]

_REUSED_SECONDS = 5.0
"""For how long an ended check answers, so that callers that waited can come back."""

_REFRESH_PAUSE_SECONDS = 20.0
"""The pause between two refreshes for the same certificates, as after a failure."""

_THREADS = 8
"""More would not help: the checks wait for few responders, one check for each."""


class BackgroundChecks:
    """The checks that run, or ran a moment ago, in threads of one client."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._threads = 0
        self._waiting: deque[tuple[CheckRequest, Check]] = deque()
        self._running: dict[CheckRequest, Future[Outcome]] = {}
        self._ended: ExpiringMap[CheckRequest, Future[Outcome]] = ExpiringMap()
        self._refreshed: ExpiringMap[CheckRequest, bool] = ExpiringMap()

    def ask(self, request: CheckRequest, check: Check) -> Future[Outcome]:
        """
        Return the future of a check that runs, ended a moment ago, or starts now.

        Args:
            request: What to check.

            check: Runs the check and returns its outcome.
        """
        with self._lock:
            return self._ask(request, check)

    def refresh(self, request: CheckRequest, check: Check) -> None:
        """Start a check, unless one started a short time ago."""
        now = time.monotonic()
        with self._lock:
            if self._refreshed.get(request, now) is None:
                until = now + _REFRESH_PAUSE_SECONDS
                self._refreshed.put(request, True, until, request.certificate)
                self._ask(request, check)

    def _ask(self, request: CheckRequest, check: Check) -> Future[Outcome]:
        if self._process != os.getpid():  # a fork has no threads of its parent
            self._forget()
        now = time.monotonic()
        known = self._running.get(request) or self._ended.get(request, now)
        if known is not None:
            return known
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # so that no caller can cancel it
        if len(self._waiting) >= limits.MAX_BACKGROUND_CHECKS:
            future.set_result(_too_many(request))
            return future
        self._running[request] = future
        self._waiting.append((request, check))
        if self._threads < _THREADS:
            self._threads += 1
            threading.Thread(
                target=self._work, name="ocsp-background", daemon=True
            ).start()
        return future

    def _work(self) -> None:
        while (task := self._next()) is not None:
            request, check = task
            try:
                outcome = check(request)
            except BaseException as error:  # raised where the future is asked
                self._end(request, None).set_exception(error)
            else:
                self._end(request, outcome).set_result(outcome)

    def _next(self) -> tuple[CheckRequest, Check] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None

    def _end(self, request: CheckRequest, outcome: Outcome | None) -> Future[Outcome]:
        with self._lock:
            future = self._running.pop(request)
            if outcome is not None:
                until = time.monotonic() + _REUSED_SECONDS
                about = outcome.certificate, outcome.issuer, outcome.evidence
                self._ended.put(request, future, until, *about)
            return future


def _too_many(request: CheckRequest) -> Outcome:
    """Return the outcome of a check for which there are too many others."""
    error = FetchTimeout(
        "the client",
        f"has {limits.MAX_BACKGROUND_CHECKS:,} checks waiting in the background, the"
        " largest number that limits.MAX_BACKGROUND_CHECKS allows",
    )
    return Outcome.indeterminate(request.certificate, request.issuer, (error,))
