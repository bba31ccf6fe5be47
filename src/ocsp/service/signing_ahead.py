"""Sign answers ahead and delete what is over, as a configuration says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Self

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.metrics import Metrics
from ocsp.metrics.table import ANSWERS_REFUSED, STORE_UP, VALKEY
from ocsp.process_clock import ProcessClock
from ocsp.responder import CertIDForm
from ocsp.service.building import BuiltService
from ocsp.service.configuration import Configuration
from ocsp.service.configuration.model import FormName
from ocsp.sharing import SharedAnswerWriter
from ocsp.store import Store
from ocsp.updater import (
    AnswerSharing,
    PresignCounts,
    Presigner,
    Pruning,
    Retention,
    Updater,
)

__all__ = ["SharingBeside", "SigningAhead", "forms_of", "presigner_of"]

STOP_SECONDS = 2.0
"""How long to wait for the batch in hand; a signer can hang for longer."""

_FORMS = {
    FormName.SHA1: CertIDForm.SHA1,
    FormName.SHA256: CertIDForm.SHA256,
    FormName.BOTH: CertIDForm.BOTH,
}


def forms_of(configuration: Configuration) -> list[CertIDForm]:
    """Return which CertIDs the answers have that are signed ahead."""
    return [_FORMS[each] for each in configuration.answers.forms]


def presigner_of(
    service: BuiltService, store: Store, clock: ProcessClock | None = None
) -> Presigner:
    """
    Return what signs the answers of *service* ahead, as its configuration says.

    Args:
        service: The service.

        store: Its database.

        clock: The clock of the process; by default a new one.
    """
    forms = forms_of(service.configuration)
    return Presigner(
        service.responder,
        service.stored if forms else (),
        store,
        forms=forms,
        clock=clock,
    )


class SigningAhead:
    """An updater in a thread, beside the event loop of its process."""

    def __init__(
        self, service: BuiltService, store: Store, clock: ProcessClock
    ) -> None:
        """
        Work for *service*, from :meth:`start` to :meth:`stop`.

        Args:
            service: The service.

            store: Its database.

            clock: The clock of the process.
        """
        keep = service.configuration.retention
        retention = Retention(certificates=keep.expired, events=keep.audit)
        self.presigner = presigner_of(service, store, clock)
        self._updater = Updater(self.presigner, Pruning(store, retention))
        self._counted = PresignCounts()
        self._sharing = _sharing_of(service, store, clock)
        self._stop = threading.Event()
        # Daemons: a signer that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(target=run, args=(self._stop,), name=name, daemon=True)
            for name, run in self._tasks()
        ]

    def _tasks(self) -> Iterator[tuple[str, Callable[[threading.Event], None]]]:
        yield "updater", self._updater.run
        if self._sharing is not None:
            yield "answer-sharing", self._sharing.run

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def count(self, metrics: Metrics) -> None:
        """
        Count in *metrics* the answers that were not stored since the last call.

        Set the gauge of the Valkey server if answers go there.
        """
        if self._sharing is not None and self._sharing.is_up is not None:
            metrics.gauge(STORE_UP, VALKEY).value = int(self._sharing.is_up)
        before, now = self._counted, replace(self.presigner.counts)
        self._counted = now
        for why, number in (
            ("version", now.outdated - before.outdated),
            ("signer", now.failed - before.failed),
            ("store", now.lost - before.lost),
        ):
            metrics.counter(ANSWERS_REFUSED, why).value += number

    def end(self) -> None:
        """End after the batch in hand, without waiting for it."""
        self._stop.set()

    def stop(self) -> None:
        """End, and wait for the batch in hand."""
        self.end()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_SECONDS)


class SharingBeside:
    """Copies answers to the Valkey server in a thread, while a command signs them."""

    def __init__(self, service: BuiltService, store: Store) -> None:
        """Copy the answers of *service*, if its configuration names a server."""
        self._sharing = _sharing_of(service, store)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._sharing is not None:
            self._thread = threading.Thread(
                target=self._sharing.run, args=(self._stop,), name="answer-sharing"
            )
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def finish(self) -> str:
        """
        Copy what was signed last, and return why that is not possible.

        The text is empty if everything is copied, or another process does it.
        """
        self.__exit__()
        try:
            if self._sharing is not None:
                self._sharing.finish()
        except (SourceUnavailable, StoreError) as error:
            return str(error)
        return ""


def _sharing_of(
    service: BuiltService, store: Store, clock: ProcessClock | None = None
) -> AnswerSharing | None:
    """Return what copies the answers to the Valkey server, if there is one."""
    configuration = service.configuration
    if configuration.valkey is None:
        return None
    forms = [CertIDForm.SHA1, CertIDForm.SHA256]
    if FormName.BOTH in configuration.answers.forms:
        forms = [CertIDForm.BOTH]
    answers = configuration.answers
    return AnswerSharing(
        store,
        SharedAnswerWriter(configuration.valkey),
        service.stored,
        forms=forms,
        validity=int(answers.validity.total_seconds()),
        backdate=int(answers.backdate.total_seconds()),
        clock=clock,
    )
