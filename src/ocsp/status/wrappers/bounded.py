"""Bound how many look-ups wait for a source, and for how long."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence

from ocsp.errors import ConfigError, SourceUnavailable
from ocsp.responder.source import StatusQuery, StatusRecord, StatusSource

__all__ = ["BoundedSource"]

_Records = Sequence[StatusRecord | None]


class BoundedSource:
    """
    A :class:`StatusSource` that fails fast where another one would be slow.

    A look-up that has not ended at the deadline goes on and counts as running, because
    a thread or a database cannot be stopped. So a source that hangs costs *in_flight*
    look-ups, and all others fail at once.
    """

    def __init__(
        self, source: StatusSource, *, in_flight: int, deadline: datetime.timedelta
    ) -> None:
        """
        Bound the look-ups of *source*.

        Args:
            source: The source.

            in_flight: How many look-ups may run at the same time.

            deadline: How long one may take.

        Raises:
            ConfigError: If one of them is not positive.
        """
        if in_flight < 1:
            raise ConfigError("in_flight", f"is {in_flight}, but has to be positive")
        if deadline <= datetime.timedelta(0):
            raise ConfigError("deadline", f"is {deadline}, but has to be positive")
        self._source = source
        self._in_flight = in_flight
        self._deadline = deadline.total_seconds()
        self._running: set[asyncio.Task[_Records]] = set()

    async def look_up(self, queries: Sequence[StatusQuery]) -> _Records:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If too many look-ups are running, or this one takes too
                long, or the source is not available.
        """
        if len(self._running) >= self._in_flight:
            raise SourceUnavailable(
                f"{self._in_flight} look-ups are waiting for the source"
            )
        task = asyncio.ensure_future(self._source.look_up(queries))
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait((task,), timeout=self._deadline)
        if not done:
            raise SourceUnavailable(
                f"the source has not answered within {self._deadline:g} seconds"
            )
        return task.result()

    def _ended(self, task: asyncio.Task[_Records]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # a late error has no reader
