"""
Sign answers ahead: in rounds over the issuers, a batch of each in turn.

Every batch begins with the certificates whose status has changed, so that a revocation
is signed at once, also in the middle of a round of a million answers. Any number of
machines may sign for one database: each batch is a claim, which no other one overlaps.
"""

from __future__ import annotations

import datetime
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ocsp.errors import BackendError, RetentionOver, SignerUnavailable
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    NewAnswer,
    Responder,
)
from ocsp.store import Claim, Store
from ocsp.updater.turn import Turn

__all__ = ["PresignCounts", "Presigner", "Progress", "presign", "sign_until_done"]

_log = logging.getLogger("ocsp.updater")

POSTPONED_SECONDS = 3600
"""After which time a row is tried again that could not be signed."""

NOT_RETAINED_SECONDS = 30 * 86400
"""The same for a certificate whose status is no longer retained."""

RECOUNT_SECONDS = 1.0
"""How often the progress is counted anew: the database counts for all machines."""

LOOK_SECONDS = 1.0
"""How often the clock is compared with that of the store."""

WAIT_SECONDS = 0.05
"""How often to look for answers that another process has claimed and not signed."""


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


class Presigner:
    """
    Signs the answers of several issuers ahead.

    Attributes:
        counts: What it has done.

        store: Where the answers are.

        clock: The clock of the process.
    """

    def __init__(
        self,
        responder: Responder,
        authorities: Iterable[Authority],
        store: Store,
        *,
        forms: Sequence[CertIDForm] = (CertIDForm.SHA1, CertIDForm.SHA256),
        clock: ProcessClock | None = None,
    ) -> None:
        """
        Sign answers for *authorities*.

        Args:
            responder: The responder that signs them; it serves *authorities*.

            authorities: The issuers.

            store: Where the answers are.

            forms: Which CertIDs the answers have; one answer is signed for each.

            clock: The clock of the process, which others may share; by default a new
                one. Nothing is signed while it is not trusted.
        """
        self.counts = PresignCounts()
        self.store = store
        self._turns = [Turn(each, responder) for each in authorities]
        self._forms = tuple(forms)
        self.clock = clock or ProcessClock()
        self._next_look = -math.inf
        self._prepared = ""

    def prepare(self) -> None:
        """
        Write the signers to the store, and make the rows of answers that are missing.

        It is done once for each database: another file can be moved over the store.
        After :meth:`forget` it is done again.

        Raises:
            SourceUnavailable: If the store cannot be read now.
            StoreError: If the store cannot be written.
        """
        database = self.store.epoch()
        if database == self._prepared:
            return
        for turn in self._turns:
            for signer in turn.authority.signers:
                self.store.add_signer(signer.certificate)
            self.store.sign_ahead(turn.authority.issuer, self._forms)
        self._prepared = database

    def forget(self) -> None:
        """Prepare the store again before the next round: it may be another one."""
        self._prepared = ""

    def count_due(self) -> int:
        """
        Return how many answers are due now.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        now = self.now()
        return sum(
            self.store.count_due(turn.authority.key, now) for turn in self._turns
        )

    def trusted_time(self) -> datetime.datetime | None:
        """
        Return the current time, or ``None`` while the clock is not trusted.

        It is not after a jump, nor while it differs from that of the store.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        moment, monotonic = self.clock.look(), self.clock.monotonic()
        if monotonic >= self._next_look:
            self.clock.compare(self.store.clock_ahead())
            self._next_look = monotonic + LOOK_SECONDS
        return moment if self.clock.is_trusted else None

    def waits_for_others(self, begun: int) -> bool:
        """
        Return whether answers are due that other processes have claimed.

        Those of issuers whose signer is unavailable do not count.

        Args:
            begun: The time at which they were due, in seconds since 1970.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        due_at = min(begun, self.now())  # the clock may have gone back
        return self.clock.is_trusted and any(
            not turn.is_away and self.store.has_due(turn.authority.key, due_at)
            for turn in self._turns
        )

    def sign_round(
        self,
        progress: Callable[[int], object] | None = None,
        *,
        seconds: float = math.inf,
    ) -> bool:
        """
        Sign what is due at the begin of the round; return whether more of it is left.

        An issuer whose signer is unavailable is left out for a while; the others go on.

        Args:
            progress: Called after each batch with the number of rows that it settled.

            seconds: End after this time, so that changes of issuers that had nothing to
                sign do not wait for the end of a long round.

        Raises:
            SourceUnavailable: If the store cannot be read now.
            StoreError: If the store cannot be written.
        """
        self.prepare()
        begun, end = self.now(), time.monotonic() + seconds
        busy = [turn for turn in self._turns if turn.is_ready()]
        while busy and time.monotonic() < end:
            ready = [turn for turn in busy if turn.is_ready()]
            if not ready:  # their rates are used up
                next_turn = min(turn.not_before for turn in busy)
                time.sleep(max(0.0, next_turn - time.monotonic()))
            done = {turn for turn in ready if not self._take(turn, begun, progress)}
            busy = [turn for turn in busy if turn not in done]
        return bool(busy)

    def _take(
        self, turn: Turn, begun: int, progress: Callable[[int], object] | None
    ) -> bool:
        """Sign one batch of an issuer; tell whether it has more."""
        moment = self.trusted_time()
        if moment is None:
            return False
        now = int(moment.timestamp())
        limit = turn.grant(self.store, now)
        if not limit:
            return True
        # The clock may go back in a round: then what it signs is due before its begin.
        due_at = min(begun, now)
        with self.store.claim_due(turn.authority.key, due_at, limit) as claim:
            turn.give_back(self.store, len(claim.answers))
            if not claim.answers:
                return False
            batch = turn.sign(claim.answers, moment)
            self._store(claim, batch.signed, now)
            self._postpone(claim, batch.failed, now)
        if progress is not None:
            progress(len(batch.signed) + len(batch.failed))
        if batch.unavailable is None:
            turn.go_on()
            return True
        self._report_unavailable(turn, batch.unavailable)
        return False

    def _store(self, claim: Claim, signed: Sequence[NewAnswer], now: int) -> None:
        self.counts.signed += len(signed)
        if not signed:
            return
        try:
            stored = claim.store(signed, now)
        except BackendError:
            self.counts.lost += len(signed)
            raise
        self.counts.stored += stored
        self.counts.outdated += len(signed) - stored

    def _postpone(
        self, claim: Claim, failed: Sequence[tuple[DueAnswer, Exception]], now: int
    ) -> None:
        """Let rows that cannot be signed wait: they would come first for ever."""
        for seconds, over in ((POSTPONED_SECONDS, False), (NOT_RETAINED_SECONDS, True)):
            rows = [
                (due.query, due.form)
                for due, error in failed
                if isinstance(error, RetentionOver) is over
            ]
            if rows:
                claim.postpone(rows, now + seconds)
        self.counts.failed += len(failed)
        for due, error in failed:
            if not isinstance(error, RetentionOver):
                _log.error(
                    "serial number %#x: the answer cannot be signed: %s",
                    due.query.serial_number,
                    error,
                )

    def _report_unavailable(self, turn: Turn, error: Exception) -> None:
        turn.rest()
        self.counts.unavailable += 1
        _log.error(
            "%r: the signer is unavailable, and is tried again in %g s: %s",
            turn.authority,
            turn.pause,
            error,
        )

    def now(self) -> int:
        """Return the current time, in seconds since 1970."""
        return int(self.clock.look().timestamp())


class Progress:
    """
    How much of what was due is signed, by all machines together.

    Attributes:
        total: How many answers were due at the begin, or became due since.

        left: How many are due.
    """

    def __init__(self, presigner: Presigner) -> None:
        """Count what is due in the store of *presigner*."""
        self._presigner = presigner
        self.total = 0
        self.count()

    @property
    def done(self) -> int:
        """How many are signed."""
        return self.total - self.left

    def count(self) -> None:
        """
        Count again.

        Raises:
            SourceUnavailable: If the store cannot be read now.
        """
        self.left = self._presigner.count_due()
        self.total = max(self.total, self.left)
        self._counted = time.monotonic()

    def count_if_old(self) -> bool:
        """Count again if the last time is a second ago; tell whether it was."""
        if time.monotonic() < self._counted + RECOUNT_SECONDS:
            return False
        self.count()
        return True


def sign_until_done(
    presigner: Presigner, progress: Callable[[int], object] | None = None
) -> None:
    """
    Sign everything that is due.

    It also waits for answers that other processes have claimed: it signs those that
    such a process leaves unsigned.

    Args:
        presigner: What signs.

        progress: Called after each batch with the number of rows that it settled.

    Raises:
        SignerUnavailable: If the clock is not trusted, so that nothing is signed.
        SourceUnavailable: If the store cannot be read now.
        StoreError: If the store cannot be written.
    """
    presigner.prepare()
    begun = presigner.now()
    while presigner.sign_round(progress) or presigner.waits_for_others(begun):
        time.sleep(WAIT_SECONDS)
    if presigner.trusted_time() is None:
        raise SignerUnavailable("nothing is signed, because the clock is wrong")


def presign(
    presigner: Presigner, progress: Callable[[int, int], object] | None = None
) -> PresignCounts:
    """
    Sign everything that is due, as :func:`sign_until_done`; return what was done.

    Args:
        presigner: What signs.

        progress: Called at most once a second, and at the end, with the number of
            answers that all machines have signed since the begin, and the number that
            were due.

    Raises:
        SignerUnavailable: If the clock is not trusted, so that nothing is signed.
        SourceUnavailable: If the store cannot be read now.
        StoreError: If the store cannot be written.
    """
    if progress is None:
        sign_until_done(presigner)
        return presigner.counts
    presigner.prepare()
    counted = Progress(presigner)

    def report(_: int) -> None:
        if counted.count_if_old():
            progress(counted.done, counted.total)

    sign_until_done(presigner, report)
    counted.count()
    progress(counted.done, counted.total)
    return presigner.counts
