"""
The clock of a process, and whether answers may be signed with its time.

Clients reject answers from their future, and use for too long what a clock signed that
was ahead. So nothing is signed after the clock has jumped, nor while it differs from
that of the database. A process has one clock from its start to its end: what it has
seen stays known when a reload or a change of signers replaces all that uses it, and a
supervisor tells it to the processes that it starts.
"""

from __future__ import annotations

import datetime
import logging
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from ocsp.responder.schedule import CLOCK_TOLERANCE

__all__ = ["ClockMemory", "ProcessClock"]

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


class ClockMemory(NamedTuple):
    """
    What a process knows of the clock, in seconds: other processes may begin with it.

    They are of the same machine, because they need the same monotonic time. An offset
    is the time of day less the monotonic time.

    Attributes:
        offset: The offset at the last look.

        trusted: The offset that is trusted.

        base: From where a jump is measured: another offset than *trusted* after a jump.

        settled: When *base* counts as right, in monotonic time.

        step: The last step that is worth an operator's attention, or 0.

        stepped: When it was, in monotonic time.
    """

    offset: float
    trusted: float
    base: float
    settled: float
    step: float = 0.0
    stepped: float = 0.0


class ProcessClock:
    """
    The time of day, compared with one that cannot be set, and with a database's.

    All users of a process share one, from any thread.

    Attributes:
        monotonic: Returns a time for timers, in seconds, which can stand still while
            the machine sleeps. It is read for each request, and to read the time since
            the start of the machine takes twice as long.

        ahead: By how many seconds the clock is ahead of that of the database; negative
            if it is behind, and 0 without a database on another machine.

        doubts: How often the time turned out to be wrong: at each jump, and when it no
            longer agreed with the database. Who keeps answers until a time drops them
            when this has changed.
    """

    def __init__(
        self,
        now: Callable[[], datetime.datetime] = _utc_now,
        monotonic: Callable[[], float] | None = None,
        *,
        memory: ClockMemory | None = None,
    ) -> None:
        """
        Trust the present time, or what another process knows of it.

        Args:
            now: Returns the current time, aware.

            monotonic: Returns a time that cannot be set, in seconds; by default that
                since the start of the machine, where the system has it.

            memory: What another process of this machine knows of the clock.
        """
        self.monotonic = monotonic or time.monotonic
        self._since_boot = monotonic or _time_since_boot
        self.ahead = 0.0
        self.doubts = 0
        self._now = now
        self._lock = threading.Lock()
        self._memory = memory or _begin(now().timestamp(), self._since_boot())
        self._next_report = -math.inf

    @property
    def memory(self) -> ClockMemory:
        """What is known of the clock, for another process of this machine."""
        return self._memory

    @property
    def offset(self) -> float:
        """How many seconds the clock has jumped, in either direction; else 0."""
        known = self._memory
        return 0.0 if _is_steady(known) else abs(known.offset - known.trusted)

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
        return _is_steady(self._memory) and self.agrees

    def step_within(self, seconds: float) -> float:
        """Return the last step of more than 5 s in the last *seconds*; else 0."""
        known = self._memory
        return known.step if self._since_boot() - known.stepped < seconds else 0.0

    def settles_in(self) -> float:
        """Return for how many seconds nothing is signed because of a jump; else 0."""
        known = self._memory
        left = known.settled - self._since_boot()
        return 0.0 if _is_steady(known) else max(0.0, left)

    def look(self) -> datetime.datetime:
        """Return the current time, aware, and notice a jump."""
        with self._lock:
            now, monotonic = self._now(), self._since_boot()
            self._notice(now.timestamp() - monotonic, monotonic)
            return now

    def _notice(self, offset: float, monotonic: float) -> None:
        """Compare the offset of the two times with the offsets before."""
        known = self._memory
        step, moved = offset - known.offset, offset - known.base
        known = known._replace(offset=offset)
        if abs(moved) > JUMP_SECONDS:
            step = moved
            settled = monotonic + SETTLE_SECONDS
            known = known._replace(base=offset, settled=settled)
            self.doubts += 1
            logger.error("the clock jumped by %+.0f seconds", moved)
        if abs(step) > STEP_SECONDS:
            known = known._replace(step=step, stepped=monotonic)
        if monotonic >= known.settled:
            known = _trusting(known, offset, monotonic)
        elif not _is_steady(known) and abs(offset - known.trusted) <= JUMP_SECONDS:
            known = _trusting(known, known.trusted, monotonic)  # it was set back
        self._memory = known

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


def _begin(time: float, monotonic: float) -> ClockMemory:
    """Return what a process knows that trusts the present time."""
    offset = time - monotonic
    return ClockMemory(offset, offset, offset, monotonic + SETTLE_SECONDS)


def _is_steady(known: ClockMemory) -> bool:
    """Tell whether the clock has not jumped, or was set back, or has settled."""
    return known.base == known.trusted


def _trusting(known: ClockMemory, offset: float, monotonic: float) -> ClockMemory:
    """Return the same with *offset* trusted: from there a jump is measured."""
    settled = monotonic + SETTLE_SECONDS
    return known._replace(trusted=offset, base=offset, settled=settled)
