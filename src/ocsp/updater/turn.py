"""
The turn of one issuer: how much it signs at a time, and when.

A batch takes less than a second, whatever the signer is: a key in memory signs hundreds
of answers in it, a token perhaps ten. A signer with a rate gets what the rate leaves.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence

from ocsp.responder import Authority, DueAnswer, Responder
from ocsp.signing.signer import rate_of
from ocsp.store import Store
from ocsp.updater.batch import Batch, BatchSigner

__all__ = ["Turn"]

MOST = 500
"""Answers of a batch. The statements of a batch cost each of them two microseconds;
those of a larger one hardly less, while others wait longer, and more answers are signed
again if the process dies."""

FIRST = 50
"""Answers of the first batch, until the signer is known."""

SECONDS = 0.5
"""How long a batch should take."""

RATE_PAUSE_SECONDS = 0.05
"""When to ask again for signatures if the rate of a signer is used up."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""How long a signer that is unavailable is left alone: each time twice as long."""


class Turn:
    """
    One issuer, and when it has its next turn.

    Attributes:
        authority: The issuer.

        signer: Signs its batches.

        is_away: Whether its signer was unavailable at the last attempt.

        not_before: When the next turn is, on the monotonic clock.
    """

    def __init__(self, authority: Authority, responder: Responder) -> None:
        """Sign for *authority* with the signers of *responder*."""
        self.authority = authority
        self.signer = BatchSigner(responder)
        self.is_away = False
        self.pause = 0.0
        self.not_before = 0.0
        self._size = FIRST
        self._granted = b"", 0

    def is_ready(self) -> bool:
        """Return whether its turn has come."""
        return self.not_before <= time.monotonic()

    def sign(self, due: Sequence[DueAnswer], now: datetime.datetime) -> Batch:
        """
        Sign a batch, and choose the size of the next one.

        Args:
            due: The answers.

            now: The current time, aware.
        """
        begun = time.perf_counter()
        batch = self.signer.sign(due, now)
        seconds = max(time.perf_counter() - begun, 1e-6)
        made = len(batch.signed) + len(batch.failed)
        fitting = int(made / seconds * SECONDS)
        self._size = max(1, min(MOST, 2 * self._size, fitting))
        return batch

    def grant(self, store: Store, now: int) -> int:
        """
        Return how many answers to sign in this turn; 0 if the rate is used up.

        Args:
            store: The store, which counts the signatures of all machines.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written.
        """
        chosen = self.authority.valid_signers(now)[:1]
        rate = rate_of(chosen[0].signer) if chosen else None
        if rate is None:
            self._granted = b"", 0
            return self._size
        signer = chosen[0].identifier
        granted = store.take_signatures(signer, rate, self._size)
        self._granted = signer, granted
        if not granted:
            self.not_before = time.monotonic() + RATE_PAUSE_SECONDS
        return granted

    def give_back(self, store: Store, used: int) -> None:
        """
        Give back what was granted and not used, for other machines.

        Raises:
            StoreError: If the store cannot be written.
        """
        signer, granted = self._granted
        if granted > used:
            store.return_signatures(signer, granted - used)

    def rest(self) -> None:
        """Leave the signer alone for a while."""
        self.is_away = True
        if not self.pause:
            self.pause = FIRST_PAUSE_SECONDS
        else:
            self.pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)
        self.not_before = time.monotonic() + self.pause

    def go_on(self) -> None:
        """Note that the signer has signed."""
        self.is_away = False
        self.pause = 0.0
