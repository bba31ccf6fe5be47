"""
Sign a batch of answers in bounded time.

A signer can hang: a token or a service that does not answer. So a batch is signed in a
thread of its own; if that takes too long, the answers that are signed by then count,
and the signer is unavailable until the thread has ended.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ocsp.errors import SignerUnavailable
from ocsp.responder import DueAnswer, NewAnswer, Responder

__all__ = ["Batch", "BatchSigner"]

SIGN_SECONDS = 10.0
"""Seconds for one batch. A token that signs 30 times a second signs 300 in them."""

PATIENCE_SECONDS = 1.0
"""How long a signer that has signed nothing of a batch is tried with other rows."""


@dataclass(slots=True)
class Batch:
    """
    What became of the answers of a batch.

    Attributes:
        signed: The answers.

        failed: Those that cannot be signed, each with the reason.

        unavailable: Why the signer cannot sign now, or ``None`` if it can.
    """

    signed: list[NewAnswer] = field(default_factory=list)
    failed: list[tuple[DueAnswer, Exception]] = field(default_factory=list)
    unavailable: SignerUnavailable | None = None


class BatchSigner:
    """Signs the batches of one issuer, one at a time."""

    def __init__(self, responder: Responder) -> None:
        """Sign with the signers of *responder*."""
        self._responder = responder
        self._thread: threading.Thread | None = None

    def sign(self, due: Sequence[DueAnswer], now: datetime.datetime) -> Batch:
        """
        Sign *due*, and return what became of each.

        Args:
            due: The answers.

            now: The current time, aware.
        """
        if self._thread is not None and self._thread.is_alive():
            return Batch(unavailable=SignerUnavailable("the signer does not return"))
        work = _Work(self._responder, due, now)
        # A daemon: a thread that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=work.run, name="presign", daemon=True)
        self._thread.start()
        self._thread.join(SIGN_SECONDS)
        return work.result(hangs=self._thread.is_alive())


class _Work:
    """The signatures of one batch."""

    def __init__(
        self, responder: Responder, due: Sequence[DueAnswer], now: datetime.datetime
    ) -> None:
        self._responder = responder
        self._due = due
        self._now = now
        # The thread appends; what it appends after the end of the batch is not used.
        self._signed: list[NewAnswer] = []
        self._failed: list[tuple[DueAnswer, Exception]] = []
        self._ended = False

    def run(self) -> None:
        """Sign until the end of the batch, or of the time for it."""
        last = time.monotonic() + PATIENCE_SECONDS
        presign, now = self._responder.presign, self._now
        for each in self._due:
            try:
                self._signed.append(presign(each, now))
            except Exception as error:  # one row must not cost the others
                self._failed.append((each, error))
                if not self._signed and time.monotonic() > last:
                    return
            if self._ended:
                return

    def result(self, *, hangs: bool) -> Batch:
        """End the batch, and return what became of it."""
        self._ended = True
        batch = Batch(list(self._signed), list(self._failed))
        if hangs:
            batch.unavailable = SignerUnavailable(
                f"the signer has not returned after {SIGN_SECONDS:g} seconds"
            )
        elif not batch.signed:
            # Without one signature it is the signer, and not the rows.
            batch.unavailable = next(
                (e for _, e in batch.failed if isinstance(e, SignerUnavailable)), None
            )
        if batch.unavailable is not None:
            batch.failed = [
                each
                for each in batch.failed
                if not isinstance(each[1], SignerUnavailable)
            ]
        return batch
