"""
A circuit breaker: leave a server alone that does not answer, until it does again.

While the circuit is open, no client waits for the server; a task asks it whether
it is back, with growing pauses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

__all__ = ["Circuit"]

LATE_ANSWERS = 5
"""So many round trips in a row that take too long open the circuit."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
"""The pauses between two questions whether the server is back."""


class Circuit:
    """
    Whether a server is asked; for one event loop.

    Attributes:
        closed: Whether it is asked.
    """

    def __init__(self, probe: Callable[[], Awaitable[bool]]) -> None:
        """
        Begin with a closed circuit.

        Args:
            probe: Asks the server, and returns whether it answers in time.
        """
        self.closed = True
        self._probe = probe
        self._late = 0
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def answered(self) -> None:
        """Note an answer in time."""
        self._late = 0

    def late(self) -> None:
        """Note that an answer did not come in time."""
        self._late += 1
        if self._late >= LATE_ANSWERS:
            self.open()

    def open(self) -> None:
        """Leave the server alone until it is back."""
        self.closed = False
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not await self._ends_within(pause):
            if await self._probe():
                self._task, self._late, self.closed = None, 0, True
                return
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        return self._ended.is_set()

    async def aclose(self) -> None:
        """Stop asking."""
        self._ended.set()
        if self._task is not None:
            await self._task
