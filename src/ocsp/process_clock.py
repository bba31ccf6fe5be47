"""
The clock of a process, and whether answers may be signed with its time.

Clients reject answers from their future, and use for too long what a clock signed that
was ahead. So nothing is signed after the clock has jumped, nor while it differs from
that of the database. A process has one clock from its start to its end: what it has
seen stays known when a reload or a change of signers replaces all that uses it.
"""

from __future__ import annotations

import datetime
import logging
import math
import threading
import time
from collections.abc import Callable
from functools import partial

from ocsp.responder.schedule import CLOCK_TOLERANCE

__all__ = ["ProcessClock"]

logger = logging.getLogger("ocsp.clock")

JUMP_SECONDS = 60.0
"""A clock that moves by more seconds in :data:`SETTLE_SECONDS` has jumped. Time
services move it by less, once they have the time: chrony by 25 seconds at most."""

SETTLE_SECONDS = 300.0
"""How long after a jump nothing is signed: time for an operator or a time service to
set the clock right. Without another jump, the new time then counts as right."""

STEP_SECONDS = 5.0
"""A step of the clock of more seconds is worth an operator's attention."""

REPORT_SECONDS = 60.0
"""The time between two reports of a clock that differs from that of the database."""


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


# CLOCK_MONOTONIC of Linux stands still while the machine sleeps: each sleep would be a
# jump. Where there is no other time it is one: minutes pass without signatures.
_time_since_boot: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic
)


class ProcessClock:
    """
    The time of day, compared with one that cannot be set, and with a database's.

    All users of a process share one, from any thread.

    Attributes:
        monotonic: Returns a time that cannot be set, in seconds.

        ahead: By how many seconds the clock is ahead of that of the database; negative
            if it is behind, and 0 without a database on another machine.

        doubts: How often the time turned out to be wrong: at each jump, and when it no
            longer agreed with the database. Who keeps answers until a time drops them
            when this has changed.
    """

    def __init__(
        self,
        now: Callable[[], datetime.datetime] = _utc_now,
        monotonic: Callable[[], float] = _time_since_boot,
    ) -> None:
        """
        Trust the present time.

        Args:
            now: Returns the current time, aware.

            monotonic: Returns a time that cannot be set, in seconds; by default that
                since the start of the machine, where the system has it.
        """
        self.monotonic = monotonic
        self.ahead = 0.0
        self.doubts = 0
        self._now = now
        self._lock = threading.Lock()
        self._is_steady = True
        self._offset = self._trusted = self._base = now().timestamp() - monotonic()
        self._settled = monotonic() + SETTLE_SECONDS
        self._step, self._stepped = 0.0, -math.inf
        self._next_report = -math.inf

    @property
    def offset(self) -> float:
        """How many seconds the clock has jumped, in either direction; else 0."""
        return 0.0 if self._is_steady else abs(self._offset - self._trusted)

    @property
    def agrees(self) -> bool:
        """Whether it differs from the clock of the database by a minute at most."""
        return abs(self.ahead) <= CLOCK_TOLERANCE

    @property
    def is_trusted(self) -> bool:
        """
        Whether answers may be signed with the time of the last look.

        They may not while it differs from that of the database, nor after a jump, until
        the clock is set back or some time passes.
        """
        return self._is_steady and self.agrees

    def step_within(self, seconds: float) -> float:
        """Return the last step of more than 5 s in the last *seconds*; else 0."""
        with self._lock:
            is_recent = self.monotonic() - self._stepped < seconds
            return self._step if is_recent else 0.0

    def look(self) -> datetime.datetime:
        """Return the current time, aware, and notice a jump."""
        with self._lock:
            now, monotonic = self._now(), self.monotonic()
            self._notice(now.timestamp() - monotonic, monotonic)
            return now

    def _notice(self, offset: float, monotonic: float) -> None:
        """Compare the offset of the two times with the offsets before."""
        step, moved = offset - self._offset, offset - self._base
        self._offset = offset
        if abs(moved) > JUMP_SECONDS:
            step = moved
            self._begin_to_doubt(offset, monotonic)
            logger.error("the clock jumped by %+.0f seconds", moved)
        if abs(step) > STEP_SECONDS:
            self._step, self._stepped = step, monotonic
        if monotonic >= self._settled:
            self._trust(offset, monotonic)
        elif not self._is_steady and abs(offset - self._trusted) <= JUMP_SECONDS:
            self._trust(self._trusted, monotonic)  # it was set back

    def _begin_to_doubt(self, offset: float, monotonic: float) -> None:
        self.doubts += 1
        self._is_steady = False
        self._base = offset
        self._settled = monotonic + SETTLE_SECONDS

    def _trust(self, offset: float, monotonic: float) -> None:
        """Trust the clock, and measure from *offset* how far it moves from now on."""
        self._is_steady = True
        self._trusted = self._base = offset
        self._settled = monotonic + SETTLE_SECONDS

    def compare(self, ahead: float) -> None:
        """
        Note how the clock differs from that of the database; log it once a minute.

        Args:
            ahead: By how many seconds it is ahead; negative if it is behind, and 0
                without a database on another machine.
        """
        with self._lock:
            did_agree, self.ahead = self.agrees, ahead
            if self.agrees:
                self._next_report = -math.inf
                return
            self.doubts += did_agree
            monotonic = self.monotonic()
            if monotonic < self._next_report:
                return
            self._next_report = monotonic + REPORT_SECONDS
        logger.error(
            "the clock is %.0f seconds %s that of the database:"
            " nothing is signed until they agree",
            abs(ahead),
            "ahead of" if ahead > 0 else "behind",
        )
