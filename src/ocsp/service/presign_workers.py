"""
Sign answers ahead in several processes, which share the work by the database.

A process that ends leaves nothing behind: what it had claimed is free at once, and the
other processes sign it. Machines need not know of each other.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Self

from ocsp.errors import OCSPError
from ocsp.server.runner import tune_garbage_collection
from ocsp.service.building import build_service
from ocsp.service.configuration import Configuration, configuration_of
from ocsp.service.configuration.values import WITH_PASSWORDS
from ocsp.service.signing_ahead import presigner_of
from ocsp.updater import PresignCounts, sign_until_done

__all__ = ["PresignWorkers"]

REPORT_SECONDS = 0.5
"""How often a process tells what it has done, and how often its parent looks."""

END_SECONDS = 5.0
"""How long a process that is stopped may take before it is killed."""


class PresignWorkers:
    """
    Processes that sign what is due.

    Attributes:
        ended: Why processes ended before everything was signed, one line for each.
    """

    def __init__(self, configuration: Configuration, number: int) -> None:
        """
        Prepare processes; ``with`` starts them, and stops those that still run.

        Args:
            configuration: What they sign, with which signers, and in which database.

            number: How many.
        """
        self.ended: list[str] = []
        document = configuration.model_dump(
            mode="json", exclude_none=True, context=WITH_PASSWORDS
        )
        # Started, not forked: a session of a PKCS #11 token does not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        for each in range(1, number + 1):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_sign,
                args=(document, theirs),
                name=f"presign worker {each}",
                daemon=True,
            )
            self._workers.append(_Worker(process, ours, theirs))

    @property
    def counts(self) -> PresignCounts:
        """What all of them have done, as far as they have told."""
        total = PresignCounts()
        for worker in self._workers:
            for field in fields(PresignCounts):
                more = getattr(worker.counts, field.name)
                setattr(total, field.name, getattr(total, field.name) + more)
        return total

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def run(self, look: Callable[[], object]) -> None:
        """
        Wait until all processes have ended.

        Args:
            look: Called twice a second, and when a process has ended.
        """
        running = list(self._workers)
        while running:
            sources: list[Any] = [each.end for each in running]
            wait(sources, REPORT_SECONDS)
            for worker in list(running):
                if worker.has_ended():
                    running.remove(worker)
                    if worker.failure:
                        self.ended.append(worker.failure)
            look()


class _Worker:
    """One process, as its parent sees it."""

    def __init__(
        self, process: SpawnProcess, end: Connection, theirs: Connection
    ) -> None:
        self.counts = PresignCounts()
        self.end = end
        self.failure = ""
        self._process = process
        self._theirs = theirs

    def start(self) -> None:
        """Start it."""
        self._process.start()
        self._theirs.close()  # the end of the process is then the end of the pipe

    def has_ended(self) -> bool:
        """Read what it has told, and tell whether it has ended."""
        try:
            while self.end.poll():
                told = self.end.recv()
                if isinstance(told, PresignCounts):
                    self.counts = told
                else:
                    self.failure = f"{self._process.name} ended: {told}"
        except EOFError:
            self._process.join()
            code = self._process.exitcode or 0
            if code and not self.failure:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                self.failure = f"{self._process.name} ended with {how}"
            return True
        return False

    def stop(self) -> None:
        """End it if it runs."""
        self._process.terminate()
        self._process.join(END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.end.close()


def _sign(document: dict[str, Any], end: Connection) -> None:
    """Sign until nothing is due: what a process does."""
    # A terminal sends this signal to all processes. The parent decides on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = time.monotonic()
    try:
        with build_service(configuration_of(document)) as service:
            if service.store is None:
                return
            presigner = presigner_of(service, service.store)
            tune_garbage_collection()

            def tell(_: int) -> None:
                nonlocal told
                if time.monotonic() >= told + REPORT_SECONDS:
                    end.send(presigner.counts)
                    told = time.monotonic()

            try:
                sign_until_done(presigner, tell)
            finally:
                end.send(presigner.counts)
    except OCSPError as error:
        end.send(str(error))
        sys.exit(1)
    except BrokenPipeError:  # the parent has ended
        sys.exit(1)
