"""Decide how long to wait before a connection is tried again."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

__all__ = ["Backoff"]

SHORTEST_SECONDS = 0.05
"""About how long to wait after the first failure."""

LONGEST_SECONDS = 1.0
"""How long to wait at most: so long after the return of the database the last node is
connected again."""

STEADY_SECONDS = 1.0
"""How long a connection has to live until its loss counts as the first failure."""


MAX_DOUBLINGS = 10
"""More would not make it longer."""


class Backoff:
    """
    The time between two attempts, which doubles up to a limit.

    It is random, so that the nodes of a fleet do not come back all at once.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._connected: float | None = None

    def connected(self) -> None:
        """Remember when an attempt succeeded."""
        self._connected = time.monotonic()

    async def wait(self, sooner: asyncio.Event) -> None:
        """Wait after a failure or the end of a connection, or until *sooner* is set."""
        began, self._connected = self._connected, None
        if began is not None and time.monotonic() - began > STEADY_SECONDS:
            self._failures = 0
        longest = min(SHORTEST_SECONDS * 2**self._failures, LONGEST_SECONDS)
        self._failures = min(self._failures + 1, MAX_DOUBLINGS)
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sooner.wait(), seconds)
