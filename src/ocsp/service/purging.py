"""Tell caches of changes of status, as a configuration says: one thread for each."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cryptography import x509

from ocsp import limits
from ocsp.errors import ConfigError
from ocsp.guarded.files import read_file
from ocsp.guarded.system.command import parse_command
from ocsp.publishing.purging.deliveries import Command, PurgeRequests, Webhook
from ocsp.publishing.purging.notice import Delivery
from ocsp.publishing.purging.purger import Purger
from ocsp.service.configuration import Configuration
from ocsp.store import Store

__all__ = ["Purging", "deliveries_of"]

STOP_SECONDS = 2.0
"""How long to wait for the notice in hand, which is sent again after a start."""


def deliveries_of(configuration: Configuration) -> list[Delivery]:
    """
    Return how the caches of *configuration* are told.

    Raises:
        ConfigError: If a program does not exist, or the file has no secret.
        UnreadableFile: If the file with the secret cannot be read.
    """
    settings = configuration.purge
    found: list[Delivery] = []
    if settings.command:
        found.append(Command(parse_command(settings.command)))
    if settings.webhook is not None:
        secret = b""
        if settings.secret_file is not None:
            data = read_file(settings.secret_file, limits.MAX_KEY_FILE_BYTES)
            secret = data.partition(b"\n")[0].strip()
            if not secret:
                raise ConfigError("secret_file", "has an empty first line")
        found.append(Webhook(settings.webhook, secret))
    tag = configuration.answers.cache_tag
    return [*found, *(PurgeRequests(each, tag) for each in settings.urls)]


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
        # Daemons: a cache that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(
                target=Purger(store, issuers, each).run,
                args=(self._stop,),
                name="purger",
                daemon=True,
            )
            for each in deliveries_of(configuration)
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
