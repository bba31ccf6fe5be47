"""The updater: rounds of signatures, as soon as there is something to sign."""

from __future__ import annotations

import logging
import threading
import time

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.updater.presigner import Presigner
from ocsp.updater.retention import Pruning

__all__ = ["Updater"]

_log = logging.getLogger("ocsp.updater")

POLL_SECONDS = 0.05
"""How often the updater asks whether the store has changed; that takes 4 µs."""

IDLE_SECONDS = 1.0
"""How often it looks for answers that are due though nothing has changed."""

ROUND_SECONDS = 1.0
"""How long a round lasts at most. The next one asks for the changes of every issuer."""

LOST_SECONDS = 1.0
"""How long it waits when the store cannot be used."""


class Updater:
    """
    Signs what is due until it is stopped.

    A status that changes is signed within some hundredths of a second. A signer or a
    store that is lost is tried again until it is back.
    """

    def __init__(self, presigner: Presigner, pruning: Pruning | None = None) -> None:
        """
        Sign with *presigner*.

        Args:
            presigner: What signs.

            pruning: What deletes old rows, or ``None``.
        """
        self._presigner = presigner
        self._pruning = pruning
        self._lost = ""
        self._next = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set; it returns after the batch in hand."""
        while not stop.is_set():
            stop.wait(self.step(stop))

    def step(self, stop: threading.Event | None = None) -> float:
        """Do what is due, and return how many seconds to wait then."""
        try:
            self._work()
        except (SourceUnavailable, StoreError) as error:
            self._presigner.forget()  # the store that comes back may be another one
            self._next = 0.0
            is_stopping = stop is not None and stop.is_set()  # others close the store
            if self._lost != str(error) and not is_stopping:
                self._lost = str(error)
                _log.error("the store is lost, and is tried again: %s", error)
            return LOST_SECONDS
        except Exception:  # one round must not end the thread
            _log.exception("a round ended with an unexpected error, and is tried again")
            return LOST_SECONDS
        if self._lost:
            _log.warning("the store is back")
        self._lost = ""
        return POLL_SECONDS

    def _work(self) -> None:
        changed = self._presigner.store.has_changed()
        if changed or time.monotonic() >= self._next:
            more = self._presigner.sign_round(seconds=ROUND_SECONDS)
            self._next = 0.0 if more else time.monotonic() + IDLE_SECONDS
        if self._pruning is not None:
            now = self._presigner.trusted_time()
            if now is not None:
                self._pruning.run_if_due(now)
