"""Tell caches of changes of status, as a configuration says: one thread for each."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cryptography import x509

from ocsp.publishing import Purger, open_deliveries
from ocsp.service.configuration import Configuration
from ocsp.store import Store

__all__ = ["Purging"]

STOP_SECONDS = 2.0
"""How long to wait for the notice in hand, which is sent again after a start."""


class Purging:
    """Threads that tell caches, beside the event loop of their process."""

    def __init__(
        self,
        configuration: Configuration,
        issuers: Sequence[x509.Certificate],
        store: Store,
    ) -> None:
        """
        Tell the caches of *configuration*, from :meth:`start` to :meth:`stop`.

        Args:
            configuration: The configuration.

            issuers: The certificates of the issuers whose status is in the database.

            store: The database.
        """
        self._stop = threading.Event()
        deliveries = open_deliveries(
            **configuration.purge.model_dump(), tag=configuration.answers.cache_tag
        )
        # Daemons: a cache that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(
                target=Purger(store, issuers, each).run,
                args=(self._stop,),
                name="purger",
                daemon=True,
            )
            for each in deliveries
        ]

    def start(self) -> None:
        """Begin."""
        for each in self._threads:
            each.start()

    def end(self) -> None:
        """End after the notices in hand, without waiting for them."""
        self._stop.set()

    def stop(self) -> None:
        """End, and wait for the notices in hand."""
        self.end()
        for each in self._threads:
            if each.is_alive():
                each.join(STOP_SECONDS)
