"""Fetch CRLs on a schedule, in a thread of its own."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Sequence

from ocsp.errors import SourceUnavailable
from ocsp.status.crl.places import CRLURL

__all__ = ["Refresher"]

_SHORTEST = 60.0
"""The shortest pause in seconds, also after a download that failed."""


class Refresher:
    """
    Fetches each CRL every *every*, and when it ends.

    A CRL that cannot be fetched is tried again after a minute.
    """

    def __init__(
        self,
        urls: Sequence[CRLURL],
        every: datetime.timedelta,
        now: Callable[[], datetime.datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Fetch nothing yet.

        Args:
            urls: The CRLs.

            every: The time between two downloads of one.

            now: The current time, aware.

            clock: The monotonic clock, in seconds.
        """
        self._due = dict.fromkeys(urls, clock())
        self._every = every.total_seconds()
        self._now = now
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which fetches at once; without URLs it does nothing."""
        if self._due and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(
                target=self._run, name="ocsp-crl", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread, without waiting for a download that is running."""
        self._stop.set()
        self._thread = None

    def fetch_due(self) -> float:
        """Fetch the CRLs that are due, and return the seconds until the next is."""
        for url, due in self._due.items():
            if due <= self._clock() and not self._stop.is_set():
                succeeded = url.fetch()
                self._due[url] = self._clock() + self._pause(url, succeeded=succeeded)
        return max(0.0, min(self._due.values(), default=0.0) - self._clock())

    def _pause(self, url: CRLURL, *, succeeded: bool) -> float:
        if not succeeded:
            return min(self._every, _SHORTEST)
        try:
            end = url.current().next_update
        except SourceUnavailable:
            end = None
        if end is None:
            return self._every
        left = (end - self._now()).total_seconds()
        return min(self._every, max(left, _SHORTEST))

    def _run(self) -> None:
        stop = self._stop
        while not stop.is_set():
            stop.wait(self.fetch_due())
