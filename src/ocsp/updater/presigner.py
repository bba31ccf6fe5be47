"""
Sign answers ahead: in rounds over the issuers, a batch of each in turn.

Every batch begins with the certificates whose status has changed, so that a revocation
is signed at once, also in the middle of a round of a million answers. Signatures are
made outside of transactions: writers wait for some milliseconds only.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ocsp.errors import BackendError, RetentionOver
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    NewAnswer,
    Responder,
)
from ocsp.responder.schedule import ClockWatch
from ocsp.updater.batch import BatchSigner
from ocsp.updater.store import PresignStore

__all__ = ["PresignCounts", "Presigner", "presign"]

_log = logging.getLogger("ocsp.updater")

BATCH = 50
"""Answers that are signed between two transactions. A revocation waits for the one that
stores them."""

POSTPONED_SECONDS = 3600
"""After which time a row is tried again that could not be signed."""

NOT_RETAINED_SECONDS = 30 * 86400
"""The same for a certificate whose status is no longer retained."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""How long a signer that is unavailable is left alone: each time twice as long."""


@dataclass(slots=True)
class PresignCounts:
    """
    What a presigner has done since its start.

    Attributes:
        signed: How many answers it has signed.

        stored: How many of them it has stored.

        outdated: How many of them were not stored, because the status had changed
            meanwhile or another process had signed them.

        lost: How many of them were not stored, because the store could not be written.

        failed: How many rows could not be signed, and were postponed.

        unavailable: How often a signer was unavailable.
    """

    signed: int = 0
    stored: int = 0
    outdated: int = 0
    lost: int = 0
    failed: int = 0
    unavailable: int = 0


class _Turn:
    """One issuer, and when it has its next turn."""

    def __init__(self, authority: Authority, responder: Responder) -> None:
        self.authority = authority
        self.signer = BatchSigner(responder)
        self.pause = 0.0
        self.not_before = 0.0

    def rest(self) -> None:
        """Leave the signer alone for a while."""
        if not self.pause:
            self.pause = FIRST_PAUSE_SECONDS
        else:
            self.pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)
        self.not_before = time.monotonic() + self.pause


class Presigner:
    """
    Signs the answers of several issuers ahead.

    Attributes:
        counts: What it has done.

        store: Where the answers are.

        clock: The function that returns the current time.
    """

    def __init__(
        self,
        responder: Responder,
        authorities: Iterable[Authority],
        store: PresignStore,
        *,
        forms: Sequence[CertIDForm] = (CertIDForm.SHA1, CertIDForm.SHA256),
        clock: Callable[[], datetime.datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Sign answers for *authorities*.

        Args:
            responder: The responder that signs them; it serves *authorities*.

            authorities: The issuers.

            store: Where the answers are.

            forms: Which CertIDs the answers have; one answer is signed for each.

            clock: A function that returns the current time, aware; by default that of
                this machine.

            monotonic: Returns the monotonic time, in seconds. Nothing is signed after
                the clock has made a step that the monotonic time has not made.
        """
        self.counts = PresignCounts()
        self.store = store
        self._turns = [_Turn(each, responder) for each in authorities]
        self._forms = tuple(forms)
        self.clock = clock or _utc_now
        self._monotonic = monotonic
        self._watch = ClockWatch(self.clock().timestamp(), monotonic())
        self._prepared = False

    def prepare(self) -> None:
        """
        Write the signers to the store, and make the rows of answers that are missing.

        It is done once, and again after :meth:`forget`.

        Raises:
            StoreError: If the store cannot be written.
        """
        if self._prepared:
            return
        for turn in self._turns:
            for signer in turn.authority.signers:
                self.store.add_signer(signer.certificate)
            self.store.sign_ahead(turn.authority.issuer, self._forms)
        self._prepared = True

    def forget(self) -> None:
        """Prepare the store again before the next round: it may be another one."""
        self._prepared = False

    def count_due(self) -> int:
        """
        Return how many answers are due now.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        now = self._now()
        return sum(
            self.store.count_due(turn.authority.key, now) for turn in self._turns
        )

    def trusted_time(self) -> datetime.datetime | None:
        """Return the current time, or ``None`` after the clock has jumped."""
        moment = self.clock()
        if step := self._watch.look(moment.timestamp(), self._monotonic()):
            _log.error("the clock jumped by %+.0f seconds", step)
        return moment if self._watch.is_trusted else None

    def sign_round(self, progress: Callable[[int], object] | None = None) -> int:
        """
        Sign what is due at the begin of the round, and return how many were signed.

        An issuer whose signer is unavailable is left out for a while; the others go on.

        Args:
            progress: Called after each batch with the number of rows that it settled.

        Raises:
            SourceUnavailable: If the store cannot be read now.
            StoreError: If the store cannot be written.
        """
        self.prepare()
        signed = self.counts.signed
        begun = self._now()
        ready = [t for t in self._turns if t.not_before <= time.monotonic()]
        while ready:
            ready = [turn for turn in ready if self._take(turn, begun, progress)]
        return self.counts.signed - signed

    def _take(
        self, turn: _Turn, begun: int, progress: Callable[[int], object] | None
    ) -> bool:
        """Sign one batch of an issuer; tell whether it has more."""
        moment = self.trusted_time()
        if moment is None:
            return False
        now = int(moment.timestamp())
        # The clock may go back in a round: then what it signs is due before its begin.
        due = self.store.due_answers(turn.authority.key, min(begun, now), BATCH)
        if not due:
            return False
        batch = turn.signer.sign(due, moment)
        self._store(batch.signed, now)
        self._postpone(batch.failed, now)
        if progress is not None:
            progress(len(batch.signed) + len(batch.failed))
        if batch.unavailable is None:
            turn.pause = 0.0
            return True
        self._report_unavailable(turn, batch.unavailable)
        return False

    def _store(self, signed: Sequence[NewAnswer], now: int) -> None:
        self.counts.signed += len(signed)
        if not signed:
            return
        try:
            stored = self.store.store_answers(signed, now)
        except BackendError:
            self.counts.lost += len(signed)
            raise
        self.counts.stored += stored
        self.counts.outdated += len(signed) - stored

    def _postpone(
        self, failed: Sequence[tuple[DueAnswer, Exception]], now: int
    ) -> None:
        """Let rows that cannot be signed wait: they would come first for ever."""
        for seconds, over in ((POSTPONED_SECONDS, False), (NOT_RETAINED_SECONDS, True)):
            rows = [
                (due.query, due.form)
                for due, error in failed
                if isinstance(error, RetentionOver) is over
            ]
            if rows:
                self.store.postpone_answers(rows, now + seconds)
        self.counts.failed += len(failed)
        for due, error in failed:
            if not isinstance(error, RetentionOver):
                _log.error(
                    "serial number %#x: the answer cannot be signed: %s",
                    due.query.serial_number,
                    error,
                )

    def _report_unavailable(self, turn: _Turn, error: Exception) -> None:
        turn.rest()
        self.counts.unavailable += 1
        _log.error(
            "%r: the signer is unavailable, and is tried again in %g s: %s",
            turn.authority,
            turn.pause,
            error,
        )

    def _now(self) -> int:
        return int(self.clock().timestamp())


def presign(
    presigner: Presigner, progress: Callable[[int, int], object] | None = None
) -> PresignCounts:
    """
    Sign everything that is due, and return what was done.

    Args:
        presigner: What signs.

        progress: Called after each batch with the number of rows that are settled, and
            the number that were due at the begin.

    Raises:
        SourceUnavailable: If the store cannot be read now.
        StoreError: If the store cannot be written.
    """
    presigner.prepare()
    total = presigner.count_due()
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, max(total, done))

    presigner.sign_round(report)
    return presigner.counts


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
