"""Keep a rate: let a number of calls pass in each second, and delay the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import final

__all__ = ["Pace"]

_BURST_SECONDS = 1.0
"""A signer that was idle may make the signatures of this time at once."""


@final
class Pace:
    """A rate that threads share (the generic cell rate algorithm)."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Allow *rate* calls a second.

        Args:
            rate: How many calls may pass in a second.

            clock: Returns seconds since any moment.

            sleep: Waits for a number of seconds.
        """
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._reserved_until = float("-inf")

    def wait(self) -> None:
        """Wait until the rate allows one more call."""
        with self._lock:
            now = self._clock()
            reserved = max(self._reserved_until, now) + self._interval
            self._reserved_until = reserved
        delay = reserved - now - max(_BURST_SECONDS, self._interval)
        if delay > 0:
            self._sleep(delay)
