"""
Follow the time and the changes of status, some fifty times a second.

An event loop calls :meth:`ChangePoll.refresh` before it uses an answer from memory. The
poll runs if the last one was :data:`SECONDS` ago, so an answer from memory is never
older than that, even if a timer of the loop is late. If the timer is in time, no
request has to wait for a poll.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ocsp.errors import BackendError
from ocsp.http import Moment
from ocsp.process_clock import ProcessClock
from ocsp.responder.stored_answer import Changes, PolledSource
from ocsp.server.event_log import EventLog
from ocsp.server.memory.response_cache import ResponseCache

__all__ = ["ChangePoll"]

SECONDS = 0.02
"""The longest time between two polls, and so until a change of status is noticed."""

TIMER_SECONDS = 0.015
"""
The time between two calls of a timer. It comes before a request would have to poll.

A poll of a SQLite file takes 8 µs under load. In a process that has little to do it
takes 100 µs, because the processor has forgotten what it needs for that.
"""

MAX_AGE_SECONDS = 0.9
"""
How old the view of the changes in a store on another machine may be while answers are
used from memory. With the time between two polls it is less than a second: clients get
no older status. After that the store is asked for each request.
"""


class ChangePoll:
    """
    The current time, and what is known about the source.

    Attributes:
        moment: The current second.

        may_use_memory: Whether the changes of the source are known up to now.

        revision: Counts the polls that changed anything.
    """

    def __init__(
        self,
        source: object,
        cache: ResponseCache,
        log: EventLog,
        *,
        clock: ProcessClock,
        changed: Callable[[Changes], None] | None = None,
    ) -> None:
        """
        Follow *source*, and drop from *cache* what changed.

        Args:
            source: The source; one without ``poll_changes`` is never answered for from
                memory.

            cache: The answers in memory.

            log: Where failures are reported.

            clock: The clock of the process.

            changed: Called with the changes of statuses.
        """
        self._changed = changed
        self._source = source if isinstance(source, PolledSource) else None
        self._cache = cache
        self._log = log
        self._clock = clock
        self._monotonic = clock.monotonic
        self._next = 0.0
        self._seen = clock.monotonic()
        self._doubts = clock.doubts
        self.revision = 0
        self.may_use_memory = False
        self.moment = Moment(clock.look())
        self.refresh()

    @property
    def lag(self) -> float:
        """Since how many seconds changes are not seen; 0 for a source without polls."""
        return 0.0 if self._source is None else self._monotonic() - self._seen

    def refresh(self) -> None:
        """Poll, unless the last poll was a moment ago."""
        if self._monotonic() >= self._next:
            self.poll()

    def refresh_early(self) -> None:
        """Poll for a timer: unless a request had to, and was just before it."""
        if self._monotonic() >= self._next - SECONDS / 2:
            self.poll()

    def poll(self) -> None:
        """Read the clock, and drop what changed."""
        self._next = self._monotonic() + SECONDS
        now = self._clock.look()
        if int(now.timestamp()) != self.moment.seconds:
            self.moment = Moment(now)
        if self._source is None:
            self._clock.compare(0.0)
        else:
            self._poll_source(self._source)
        if self._doubts != self._clock.doubts:
            self._doubts = self._clock.doubts
            self._forget()  # it was kept until times that may be wrong

    def _poll_source(self, source: PolledSource) -> None:
        self.may_use_memory = False
        try:
            changes = source.poll_changes()
        except Exception as error:
            self._forget()  # changes may be lost
            if not isinstance(error, BackendError):
                raise
            self._log.report(logging.ERROR, "poll", f"cannot read the status: {error}")
            return
        self.may_use_memory = changes.age <= MAX_AGE_SECONDS
        self._seen = self._monotonic() - changes.age
        if changes.ahead is not None:
            self._clock.compare(changes.ahead)
        if changes.everything:
            self._forget()
        elif changes.queries:
            self.revision += 1
            self._cache.drop(changes.queries)
        if changes.queries and self._changed is not None:
            self._changed(changes)

    def _forget(self) -> None:
        self.revision += 1
        self._cache.clear()
