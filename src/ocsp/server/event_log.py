"""
Log what happens often: one line a minute for each kind, with a count.

Each client can cause failures without end. The first one of a kind is logged at once;
those in the next minute are counted, and the next line says how many there were.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable

__all__ = ["EventLog"]

PAUSE = 60.0
"""Seconds between two lines of one kind."""


class _Kind:
    """The last line of one kind, and how often it happened since it was logged."""

    __slots__ = ("count", "line", "next")

    def __init__(self) -> None:
        self.line: tuple[int, str] = (logging.INFO, "")
        self.next = 0.0
        self.count = 0


class EventLog:
    """Writes at most one line a minute for each kind of event."""

    def __init__(
        self, logger: logging.Logger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Write to *logger*.

        Args:
            logger: The logger.

            clock: Returns the monotonic time, in seconds.
        """
        self._logger = logger
        self._clock = clock
        self._kinds: dict[Hashable, _Kind] = {}

    def report(
        self,
        level: int,
        kind: Hashable,
        message: str,
        *,
        error: BaseException | None = None,
    ) -> None:
        """
        Log *message*, or count it.

        Args:
            level: The level, as in :mod:`logging`.

            kind: What is counted together. Its values come from code, never from a
                client.

            message: The line. It contains no address and no certificate of a client.

            error: The exception whose stack the line shows, or ``None``.
        """
        if not self._logger.isEnabledFor(level):
            return
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = _Kind()
        now = self._clock()
        known.line = level, message
        known.count += 1
        if now >= known.next:
            self._write(known, now, error)

    def flush(self) -> None:
        """Log the counts of kinds whose minute is over; call it about once a second."""
        now = self._clock()
        for known in self._kinds.values():
            if known.count and now >= known.next:
                self._write(known, now, None)

    def _write(self, known: _Kind, now: float, error: BaseException | None) -> None:
        level, message = known.line
        count = f" ({known.count} times)" if known.count > 1 else ""
        self._logger.log(level, "%s%s", message, count, exc_info=error)
        known.next, known.count = now + PAUSE, 0
