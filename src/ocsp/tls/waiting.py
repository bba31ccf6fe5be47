"""
How long a handshake may wait for a check.

In a thread of its own it waits until the check has ended. In a thread that runs an
event loop, all connections stand still meanwhile: there, one handshake for each check
waits for a bounded time, and all others are told that the check is pending.
"""

from __future__ import annotations

import sys
import time
import weakref
from concurrent.futures import Future

from ocsp.client import Outcome
from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["Waiting", "runs_event_loop"]


class Waiting:
    """
    The waits of the handshakes of one context.

    Attributes:
        seconds: How long a handshake waits in a thread of its own.

        loop_seconds: How long one handshake waits in a thread with an event loop.
    """

    def __init__(self, seconds: float, loop_seconds: float) -> None:
        self.seconds = seconds
        self.loop_seconds = loop_seconds
        self._lock = ForkSafeLock()
        self._waited_for: weakref.WeakSet[Future[Outcome]] = weakref.WeakSet()

    def outcomes(
        self, checks: list[Future[Outcome]], *, must_not_block: bool
    ) -> list[Outcome]:
        """
        Return the outcomes of *checks*, after waiting for them.

        Args:
            checks: The futures of the checks.

            must_not_block: Whether other connections stand still meanwhile.

        Raises:
            TimeoutError: If one of them has not ended in time.
            Exception: What a check raised.
        """
        end = time.monotonic() + (self.loop_seconds if must_not_block else self.seconds)
        found = []
        for check in checks:
            wait = end - time.monotonic()
            if must_not_block and not self._is_first(check):
                wait = 0
            found.append(check.result(max(0, wait)))
        return found

    def _is_first(self, check: Future[Outcome]) -> bool:
        """Return whether no handshake in an event loop has waited for *check*."""
        with self._lock:
            if check in self._waited_for:
                return False
            self._waited_for.add(check)
            return True


def runs_event_loop() -> bool:
    """Return whether this thread runs an event loop of asyncio (or uvloop) or trio."""
    if "asyncio" in sys.modules:
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            return True
    if "trio" in sys.modules:
        import trio

        try:
            trio.lowlevel.current_trio_token()
        except RuntimeError:
            pass
        else:
            return True
    return False
