"""
Tell one cache of each change of status, and forget none.

Each notice is sent twice. A cache that is fetching an answer at the first time keeps it
after the notice, and a responder on another machine may have given it the old one. At
the second time all responders have seen the change.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from cryptography import x509

from ocsp.errors import BackendError
from ocsp.publishing.names import GetTargets
from ocsp.publishing.purging.notice import Delivery, Notice
from ocsp.responder import IssuerKey
from ocsp.store import Store

__all__ = ["Purger"]

_log = logging.getLogger("ocsp.publishing")

BATCH = 100
"""Certificates in one notice: their tags fit into a header of 4 KiB."""

POLL_SECONDS = 0.2
"""How often changes are looked for."""

AGAIN_SECONDS = 2.5
"""How long after the first notice the second one is sent. Responders see a change
within one second."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""How long a cache is left alone that cannot be told: each time twice as long."""

MAX_WAITING = 100
"""Notices that wait for their second time; then no more changes are read."""

KEEP_SECONDS = 600.0
"""How often the place in the history is written if nothing changes."""


class _Sent(NamedTuple):
    """A notice that is sent again at the monotonic time *due*."""

    notice: Notice
    cursor: str
    due: float


class Purger:
    """Tells one cache; its place in the history is in the database."""

    def __init__(
        self,
        store: Store,
        issuers: Iterable[x509.Certificate],
        delivery: Delivery,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Follow the changes in *store*.

        Args:
            store: The database.

            issuers: The certificates of the issuers.

            delivery: How the cache is told.

            monotonic: Returns the monotonic time, in seconds.
        """
        self._store = store
        self._issuers = {IssuerKey.of(each): GetTargets(each) for each in issuers}
        self._delivery = delivery
        self._monotonic = monotonic
        self._name = f"purge {delivery.name}"
        self._cursor = ""
        self._sent: deque[_Sent] = deque()
        self._pause = 0.0
        self._written = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set."""
        pause = 0.0
        while not stop.wait(pause):
            pause = self.step()

    def step(self) -> float:
        """Do what is due, and return how many seconds to wait then."""
        try:
            is_busy = self._work()
        except BackendError as error:
            return self._rest(str(error))
        except Exception as error:  # one notice must not end the thread
            _log.exception("%s: an unexpected error", self._delivery.name)
            return self._rest(str(error))
        if self._pause:
            _log.warning("%s: is told of changes again", self._delivery.name)
        self._pause = 0.0
        return 0.0 if is_busy else POLL_SECONDS

    def _rest(self, reason: str) -> float:
        self._pause = min(
            max(FIRST_PAUSE_SECONDS, 2 * self._pause), LONGEST_PAUSE_SECONDS
        )
        _log.error(
            "%s: cannot be told of changes, and is tried again in %g s: %s",
            self._delivery.name,
            self._pause,
            reason,
        )
        return self._pause

    def _work(self) -> bool:
        """Send notices for the first and the second time; tell whether more wait."""
        if not self._cursor:
            self._cursor = self._store.read_cursor(self._name)
        self._send_again()
        if len(self._sent) >= MAX_WAITING:
            return False
        changes = self._store.changes_after(self._cursor, BATCH)
        if changes.queries or not changes.complete:
            # Before the cursor moves on: what is not delivered is read again.
            notice = Notice(changes.queries, self._issuers)
            self._deliver(notice)
            due = self._monotonic() + AGAIN_SECONDS
            self._sent.append(_Sent(notice, changes.cursor, due))
        self._cursor = changes.cursor
        if not self._sent and self._is_old():
            self._write(changes.cursor)
        return len(changes.queries) == BATCH

    def _send_again(self) -> None:
        while self._sent and self._sent[0].due <= self._monotonic():
            self._deliver(self._sent[0].notice)
            self._write(self._sent.popleft().cursor)

    def _deliver(self, notice: Notice) -> None:
        known = [each for each in notice.queries if each.issuer in self._issuers]
        if known or notice.is_for_all:
            self._delivery.send(Notice(known, self._issuers))

    def _is_old(self) -> bool:
        return not self._written or self._monotonic() > self._written + KEEP_SECONDS

    def _write(self, cursor: str) -> None:
        self._store.write_cursor(self._name, cursor)
        self._written = self._monotonic()
