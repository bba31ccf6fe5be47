"""
Publish the stored answers of a database, and remove those that are over.

A round removes what has ended, which needs no database; then it publishes what was
signed since the round before, and removes what would end before the next one. Between
its pages, changes of status are followed: the answer of a certificate that has been
revoked is replaced, or removed until the new one is signed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.guarded.certificates import load_certificate
from ocsp.publishing.names import Alias, GetTargets
from ocsp.publishing.state import Known, PublishedState
from ocsp.publishing.target import Failures, Publication, Target
from ocsp.responder import CertIDForm, IssuerKey, NewAnswer, Responder, StatusQuery
from ocsp.store import Store

__all__ = ["PublishCounts", "Publisher"]

_log = logging.getLogger("ocsp.publishing")

PAGE = 500
"""Answers that are published between two looks at the changes of status."""

LATE_SECONDS = 180
"""How long after its signature an answer is in the database at the latest: its batch,
its transaction, and the difference between the clocks of two machines."""

SPARE_SECONDS = 200
"""How long before its end an answer is removed at least: the round takes time too."""


@dataclass(slots=True)
class PublishCounts:
    """
    What a publisher has done since its start.

    Attributes:
        published: How many answers it has published.

        removed: How many it has removed, and not replaced.

        failed: How often an answer could not be published or removed.

        left_out: How many it has left out, because their signer is not one of the
            responder. The signer may be a new one.
    """

    published: int = 0
    removed: int = 0
    failed: int = 0
    left_out: int = 0


class Publisher:
    """
    Publishes the answers of one database at one target.

    Attributes:
        counts: What it has done.

        forms: Which answers are published.

        is_complete: Whether the next round publishes all answers anew, and removes
            everything else.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder,
        issuers: Iterable[x509.Certificate],
        target: Target,
        state: PublishedState,
        *,
        forms: Collection[CertIDForm] = (CertIDForm.SHA1, CertIDForm.SHA256),
        aliases: Collection[Alias] = (),
        signers: Collection[bytes] = (),
        backdate: int = 0,
        seconds: int = 300,
        dry_run: bool = False,
        boot: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Publish the answers in *store*.

        Args:
            store: The database.

            responder: What puts the rest around a stored answer.

            issuers: The certificates of the issuers.

            target: Where to.

            state: What this target has.

            forms: Which answers are published; those that *responder* gives.

            aliases: Under which other targets of GET requests.

            signers: SHA-256 of the certificate of each signer of *responder*. If there
                is a new one, all answers are looked at again; if one is gone, its
                answers are removed.

            backdate: The time from thisUpdate to the signature, in seconds.

            seconds: The time from the begin of a round to that of the next one.

            dry_run: Change nothing, and only count.

            boot: What identifies this run of the operating system. After a crash of
                it, everything is published anew.

            clock: Returns the current time, in seconds since 1970.
        """
        self.counts = PublishCounts()
        self._store = store
        self._responder = responder
        self._target = target
        self._state = state
        self._issuers = {IssuerKey.of(each): each for each in issuers}
        self._targets = {
            key: GetTargets(each, aliases) for key, each in self._issuers.items()
        }
        self._former = {
            key: GetTargets(load_certificate(bytes.fromhex(der)), aliases)
            for key in state.issuers - self._targets.keys()
            if (der := state.read(_certificate(key)))
        }
        # The responder gives no other answer if it has those with both CertIDs.
        both = CertIDForm.BOTH in forms
        self.forms = (CertIDForm.BOTH,) if both else tuple(forms)
        self._seconds = seconds
        self._dry_run = dry_run
        self._boot = boot
        self._clock = clock
        self._is_another = False
        self._layout = (
            f"{target.layout} {' '.join(sorted(aliases))} {self.forms} {backdate}"
        )
        self._signers = {each.hex() for each in signers}
        self.is_complete = self._must_begin_anew()

    def _must_begin_anew(self) -> bool:
        state = self._state
        return (
            state.read("layout") != self._layout
            or state.read("complete from") != ""
            or not set(state.read("signers").split()) <= self._signers
            or not state.issuers <= self._targets.keys()
            or self._has_crashed()
        )

    def _has_crashed(self) -> bool:
        """Return whether the machine stopped before the last round was on the disk."""
        return self._state.read("unsynced") not in {"", self._boot}

    def _now(self) -> int:
        return int(self._clock())

    # --- rounds ---

    def run(
        self,
        progress: Callable[[int], object] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> PublishCounts:
        """
        Make one round, and return what was done since the start.

        A round that is interrupted goes on where it stopped.

        Args:
            progress: Called after each page with the number of answers in it.

            stop: Interrupts the round after the page in hand.

        Raises:
            SourceUnavailable: If the database cannot be read now.
            PublishingFailed: If the target or the state cannot be written.
        """
        self._remove_ended()
        self._begin()
        for issuer in self._targets:
            for count in self._publish_new(issuer):
                progress(count)
                if stop is not None and stop.is_set():
                    return self.counts
        self.follow()
        self._remove_ending()
        if self.is_complete:
            self._remove_others()
        self._end()
        return self.counts

    def _begin(self) -> None:
        if self._dry_run:
            return
        self._prepare()
        for issuer, certificate in self._issuers.items():
            der = certificate.public_bytes(Encoding.DER)
            self._state.write(_certificate(issuer), der.hex())
        self.follow()
        self.is_complete = self.is_complete or self._is_another
        self._is_another = False
        if self.is_complete and not self._state.read("complete from"):
            # The time: it is another one also if the state was lost.
            now = self._now()
            generation = max(int(self._state.read("generation") or 0) + 1, now)
            if not self._state.read("allowed until"):
                # What is there may be of a state that was lost, and end at any time.
                self._allow_until(now, now)
            with self._state.transaction():
                self._state.write("generation", str(generation))
                self._state.write("complete from", str(now))
                for issuer in self._targets:
                    self._state.write(_signed(issuer), "0")
            self._prepare()
        elif self._signers - set(self._state.read("signers").split()):
            for issuer in self._targets:
                self._state.write(_signed(issuer), "0")
        self._state.write("signers", " ".join(sorted(self._signers)))

    def _prepare(self) -> None:
        self._target.prepare(int(self._state.read("generation") or 0))

    def _end(self) -> None:
        self.is_complete = False
        if self._dry_run:
            return
        now = self._now()
        first = self._state.first_end()
        # Without answers there is nothing that could end.
        self._allow_until(now if first is None else first, now)
        self._target.sync()
        with self._state.transaction():
            self._state.write("layout", "" if self._is_another else self._layout)
            self._state.write("complete from", "")
            self._state.write("unsynced", "")

    def _allow_until(self, last_moment: int, now: int) -> None:
        self._target.allow_until(last_moment, now)
        self._state.write("allowed until", str(last_moment))

    def _publish_new(self, issuer: IssuerKey) -> Iterator[int]:
        """Publish what was signed for *issuer* since the last round, page by page."""
        begun = self._now()
        newest = int(self._state.read(_signed(issuer)) or 0)
        since = max(0, newest - LATE_SECONDS)
        for page in _pages(self._store.stored_answers(issuer, since=since)):
            wanted = [each for each in page if self._is_wanted(each)]
            self._publish(wanted)
            # An answer from the future must not hide those that are signed next.
            newest = max(newest, min(page[-1].answer.this_update, begun))
            if not self._dry_run:
                self._state.write(_signed(issuer), str(newest))
            self.follow()
            yield len(page)

    def _is_wanted(self, new: NewAnswer) -> bool:
        if new.form not in self.forms or self._last(new) <= self._horizon():
            return False
        return self.is_complete or not self._state.has(new)

    def _last(self, new: NewAnswer) -> int:
        return self._target.last_moment(new.answer)

    def _horizon(self) -> int:
        """Return the moment after which the next round can remove something."""
        return self._now() + self._seconds + SPARE_SECONDS

    # --- changes of status ---

    def follow(self) -> None:
        """
        Replace or remove the answers about certificates whose status has changed.

        Raises:
            SourceUnavailable: If the database cannot be read now.
            PublishingFailed: If the state cannot be written.
        """
        if self._dry_run:
            return
        cursor = self._state.read("changes")
        changes = self._store.changes_after(cursor)
        if not changes.complete:
            _log.warning("the database was replaced: all answers are published anew")
            self._is_another = True
        if changes.cursor != cursor:
            with self._state.transaction():
                # The time 0: they are looked at before all others.
                self._state.note(self._changed(changes.queries), 0)
                self._state.write("changes", changes.cursor)
        now = self._now()
        while known := self._state.unsettled(now, PAGE):
            self._look_again(known)

    def _changed(self, queries: Iterable[StatusQuery]) -> Iterator[Known]:
        for query in queries:
            if query.issuer in self._targets:
                yield from (Known(query, form, 0) for form in self.forms)

    def _look_again(self, known: Sequence[Known]) -> None:
        """Publish answers that are there now, and remove those that are not."""
        new, waiting, gone = [], [], []
        for each in known:
            found = self._store.look_up_with_answer(each.query, each.form)
            if found is None or each.query.issuer not in self._targets:
                gone.append(each)
                continue
            answer = found.stored
            if answer is not None:
                candidate = NewAnswer(each.query, each.form, answer, found.record)
                if self._last(candidate) > self._horizon():
                    new.append(candidate)
                    continue
            waiting.append(each)
        self._publish(new)
        self._remove(gone, waiting)

    # --- publishing and removing ---

    def _publish(self, answers: Sequence[NewAnswer]) -> None:
        encoded = [
            (new, der)
            for new in answers
            if (der := self._responder.encode_stored(new.query.issuer, new.answer))
        ]
        self.counts.left_out += len(answers) - len(encoded)
        if self._dry_run or not encoded:
            self.counts.published += len(encoded)
            return
        noted = [Known(new.query, new.form, self._last(new)) for new, _ in encoded]
        now = self._now()
        with self._state.transaction():
            self._state.note(noted, now)
            self._state.write("unsynced", self._boot)
        first = min(each.last for each in noted)
        if first < int(self._state.read("allowed until") or 0):
            self._allow_until(first, now)
        failures = self._target.publish(
            [
                Publication(self._targets_of(new), der, new.answer)
                for new, der in encoded
            ]
        )
        self._report(failures, [new for new, _ in encoded])
        done = [new for i, (new, _) in enumerate(encoded) if i not in failures]
        with self._state.transaction():
            self._state.confirm((new, self._last(new)) for new in done)
        self.counts.published += len(done)

    def _targets_of(self, answer: NewAnswer | Known) -> list[str]:
        issuer = answer.query.issuer
        targets = self._targets.get(issuer) or self._former.get(issuer)
        if targets is None:  # of a state without the certificate: it is swept
            return []
        return targets.of(answer.query.serial_number, answer.form)

    def _remove(self, gone: Sequence[Known], waiting: Sequence[Known] = ()) -> None:
        """Remove answers: of *gone* for good, of *waiting* until they are signed."""
        there = [each for each in (*gone, *waiting) if each.last]
        failures = self._target.remove([self._targets_of(each) for each in there])
        self._report(failures, there)
        failed = {(there[i].query, there[i].form) for i in failures}
        with self._state.transaction():
            # They are looked at again after all others.
            self._state.note(waiting, self._now())
            self._state.empty(_without(waiting, failed))
            self._state.forget(_without(gone, failed))
        self.counts.removed += len(there) - len(failures)

    def _report(self, failures: Failures, answers: Sequence[NewAnswer | Known]) -> None:
        self.counts.failed += len(failures)
        for number, reason in failures.items():
            serial = answers[number].query.serial_number
            _log.error("serial number %#x: %s: %s", serial, self._target.name, reason)

    def _remove_ended(self) -> None:
        """Remove what has ended since the last round, or is of a removed issuer."""
        if self._dry_run:
            return
        before = self._now() + SPARE_SECONDS
        self._remove_while(lambda skip: self._state.ending(before, PAGE, skip))
        for issuer in self._former:
            self._remove_while(partial(self._state.of_issuer, issuer, PAGE))

    def _remove_ending(self) -> None:
        """Remove what ends before the next round could remove it."""
        before = self._horizon()
        if self._dry_run:
            self.counts.removed += self._state.count_ending(before)
        else:
            self._remove_while(lambda skip: self._state.ending(before, PAGE, skip))

    def _remove_others(self) -> None:
        """Remove what a complete publication did not publish."""
        if self._dry_run:
            return
        begun = int(self._state.read("complete from"))
        self._remove_while(lambda skip: self._state.not_since(begun, PAGE, skip))
        self._target.sweep()
        for issuer in self._state.forget_issuers():
            self._state.delete(_certificate(issuer))

    def _remove_while(self, find: Callable[[int], list[Known]]) -> None:
        """Remove what *find* returns, leaving out so many that could not be removed."""
        skipped = 0
        while known := find(skipped):
            before = self.counts.failed
            self._remove(known)
            failed = self.counts.failed - before
            if failed == len(known):
                return  # the place cannot be written to
            skipped += failed


def _certificate(issuer: IssuerKey) -> str:
    """Return the name of the setting with the certificate of an issuer."""
    return f"certificate {issuer.name_hash.hex()} {issuer.key_hash.hex()}"


def _signed(issuer: IssuerKey) -> str:
    """Return the name of the setting with the newest thisUpdate that was read."""
    return f"signed {issuer.name_hash.hex()} {issuer.key_hash.hex()}"


def _without(
    answers: Iterable[Known], failed: Collection[tuple[object, object]]
) -> list[Known]:
    return [each for each in answers if (each.query, each.form) not in failed]


def _pages(answers: Iterator[NewAnswer]) -> Iterator[list[NewAnswer]]:
    while page := list(islice(answers, PAGE)):
        yield page
