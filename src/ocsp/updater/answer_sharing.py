"""
Copy signed answers from the database to a Valkey server, for nodes without it.

The database is the truth, on whatever machine answers are signed: changes of status,
and the answers that are new since a moment, are read from it. What the server did not
take is written again when it is back. A revocation is a tombstone first, and the new
answer as soon as it is signed. The places that were reached are kept in the database.

Any number of processes may do this for one database. All of them write the changes of
status, so that no revocation waits for one that was killed. New answers are copied by
one of them: it says so in the database, and the others leave it to it as long as it
does.

While a node of a cluster is away, the others get everything. The places in the database
stay where they are until then, so that the node gets what it lacks when it is back.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import validity_of
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CertIDForm,
    IssuerKey,
    LookupResult,
    NewAnswer,
    StatusQuery,
)
from ocsp.sharing import SharedAnswerWriter, SharedSigner, Withdrawn
from ocsp.store import NewChanges

__all__ = ["AnswerSharing", "SharedStore"]

_log = logging.getLogger("ocsp.updater")

POLL_SECONDS = 0.05
"""How often changes of status are looked for."""

NEW_SECONDS = 1.0
"""How often new answers are looked for; a tenth of the time at most is spent on it."""

NEW_OVERLAP_SECONDS = 2
"""How far back they are looked for each time, besides the time from thisUpdate to the
signature: a batch is stored some time after it was signed."""

COPY_SECONDS = 10.0
"""How often they are looked for as far back as :data:`OVERLAP_SECONDS`."""

CHECK_SECONDS = 0.5
"""How often the server is asked whether it still has what was written. So it is filled
again within a second after it was emptied."""

LOST_SECONDS = 1.0
"""How long it waits when the server or the database cannot be used."""

OVERLAP_SECONDS = 120
"""How far back new answers are looked for each time: a transaction can end late, and
the clocks of the machines that sign differ."""

PAGE = 500
"""Answers that are copied between two looks for changes."""

SILENT_SECONDS = 30
"""After this time without a sign of the process that copies, another one does it."""

SIGN_SECONDS = 5.0
"""The time between two signs, at least."""

MAX_OPEN = 200
"""Changes whose answers are looked for in each round; those of others come with the new
answers."""

CHANGES, COPIED, GENERATION = "valkey", "valkey-copied", "valkey-generation"
"""The names of the places in the database."""

COPIER = "valkey-copier"
"""The name under which the database has the process that copies, and its last sign."""


class SharedStore(Protocol):
    """A database whose answers are copied; see :class:`ocsp.store.Store`."""

    def epoch(self) -> str:
        """Return the identity of the database."""
        ...

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return status and stored answer of a certificate."""
        ...

    def stored_answers(
        self, issuer: IssuerKey, *, since: int = 0
    ) -> Iterator[NewAnswer]:
        """Yield the answers that are new since a moment."""
        ...

    def changes_after(self, cursor: str = "", limit: int = 1000) -> NewChanges:
        """Return the changes of status after a place."""
        ...

    def read_cursor(self, name: str) -> str:
        """Return the place that is kept under a name."""
        ...

    def write_cursor(self, name: str, cursor: str) -> None:
        """Keep a place under a name."""
        ...


class _ServerLost(StoreError):
    """The server can be used, and lacks what was written to it."""


class AnswerSharing:
    """
    Copies the answers of one database until it is stopped.

    Attributes:
        is_up: Whether server and database could be used the last time, and no node of a
            cluster was away; ``None`` before.
    """

    def __init__(
        self,
        store: SharedStore,
        writer: SharedAnswerWriter,
        authorities: Iterable[Authority],
        *,
        forms: Sequence[CertIDForm],
        validity: int,
        backdate: int,
        clock: ProcessClock | None = None,
    ) -> None:
        """
        Copy from *store* to *writer*.

        Args:
            store: The database.

            writer: The server.

            authorities: The issuers whose answers are copied.

            forms: Which CertIDs the answers have that clients are given.

            validity: For how many seconds an answer is valid at most.

            backdate: How many seconds thisUpdate is before the signature.

            clock: The clock of the process, which others may share; by default a new
                one. No answer is copied while it is not trusted.
        """
        self.is_up: bool | None = None
        self._store = store
        self._writer = writer
        self._authorities = tuple(authorities)
        self._forms = tuple(forms)
        self._validity = validity
        self._backdate = backdate
        self._id = uuid.uuid4().hex
        self._clock = clock or ProcessClock()
        self._begun = False
        self._cursor = ""
        self._older = _Older()
        self._lacked = ""  # while a node is away: the place from which it lacks changes
        self._ahead: _Ahead | None = None
        self._is_filling = False
        self._missed = 0
        self._last_look = 0
        self._next_look = self._next_copy = self._next_sign = 0.0
        self._next_check = 0.0
        self._open: deque[StatusQuery] = deque(maxlen=MAX_OPEN)

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set; it returns after the page in hand."""
        with self._writer:
            while not stop.is_set():
                stop.wait(self.step(stop))
            with contextlib.suppress(SourceUnavailable, StoreError):
                self._leave()

    def finish(self) -> None:
        """
        Copy what is new, unless another process does it, and write nothing after that.

        Raises:
            SourceUnavailable: If the database cannot be read now.
            StoreError: If the database or the server cannot be written, or a node of a
                cluster is away.
        """
        self._next_look = 0.0
        with self._writer:
            self._work(threading.Event())
            self._leave()
        if self._writer.away is not None:
            raise self._writer.away

    def step(self, stop: threading.Event | None = None) -> float:
        """Do what there is to do, and return how many seconds to wait then."""
        try:
            self._work(stop or threading.Event())
        except (SourceUnavailable, StoreError) as error:
            self._lost(error)
            return POLL_SECONDS if isinstance(error, _ServerLost) else LOST_SECONDS
        except Exception:  # one round must not end the thread
            _log.exception("sharing answers failed unexpectedly, and is tried again")
            self._begun = False
            return LOST_SECONDS
        if self._writer.away is not None:
            self._miss(self._writer.away)
            return LOST_SECONDS
        if self.is_up is False:
            _log.warning("answers are shared again")
        self.is_up = True
        return POLL_SECONDS

    def _miss(self, error: StoreError) -> None:
        """Note that a node of a cluster is away, and look for it in the next round."""
        if self.is_up is not False:
            _log.warning("a node gets no answers, which is tried again: %s", error)
        self._lacked = self._lacked or self._older.place or self._cursor
        self.is_up, self._begun = False, False

    def _lost(self, error: Exception) -> None:
        if self.is_up is not False:
            _log.warning("answers are not shared, which is tried again: %s", error)
        if self.is_up is not False or isinstance(error, _ServerLost):
            # A server that takes over may lack what the other one has accepted last.
            self._missed += OVERLAP_SECONDS
        self._cursor = self._older.place or self._cursor
        self._ahead = None
        self.is_up, self._begun = False, False
        self._next_look = self._next_copy = 0.0

    def _work(self, stop: threading.Event) -> None:
        try:
            if not self._begun:
                self._begin()
            self._check()
        except StoreError:
            if self._cursor:  # of a cluster, the other nodes get the changes
                self._follow()
            raise
        self._follow()
        begun = time.monotonic()
        self._clock.look()
        if begun < self._next_look or not self._clock.is_trusted:
            return  # a wrong clock would decide which answers are new, now and later
        if begun >= self._next_copy:
            self._begin()  # another signer may have begun to sign
        if not self._is_filling and self._leaves_it_to_another():
            self._last_look = 0
        else:
            is_whole = self._is_filling or not self._last_look
            self._copy(stop, whole=is_whole or begun >= self._next_copy)
        now = time.monotonic()
        if begun >= self._next_copy:
            self._next_copy = now + COPY_SECONDS
        self._next_look = now + max(NEW_SECONDS, 9 * (now - begun))

    def _check(self) -> None:
        """
        Find out now and then whether the server has lost what was written.

        Raises:
            _ServerLost: If it was emptied, or another one has taken over. What it lacks
                is written in the next round, at once.
            StoreError: If it cannot be used.
        """
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_SECONDS
        if not self._writer.keeps():
            raise _ServerLost("the server has lost answers, and is filled again")

    def _begin(self) -> None:
        """Write the epoch and the signers, and find the places to go on from."""
        generation = self._store.read_cursor(GENERATION)
        known = self._writer.begin(f"{self._store.epoch()} {generation}")
        self._writer.add_signers(self._signers(), self._now())
        if not self._begun:
            self._cursor = self._cursor or self._store.read_cursor(CHANGES)
        if not known or not self._cursor:
            self._is_filling, self._ahead = True, None
            self._store.write_cursor(COPIED, "")
        if not self._cursor:
            self._cursor = self._store.changes_after().cursor
            self._store.write_cursor(CHANGES, self._cursor)
        if self._lacked and self._writer.away is None:
            self._catch_up()
        self._begun = True

    def _catch_up(self) -> None:
        """Go back to where a node went away that is there again."""
        self._cursor, self._lacked = self._lacked, ""
        self._older, self._ahead = _Older(), None
        self._missed += OVERLAP_SECONDS  # it may have lost what it accepted last
        self._next_look = self._next_copy = 0.0

    def _signers(self) -> Iterator[tuple[SharedSigner, int]]:
        for authority in self._authorities:
            for signer in authority.signers:
                der = signer.certificate.public_bytes(Encoding.DER)
                _, end = validity_of(signer.certificate)
                algorithm = signer.algorithm_identifier
                yield SharedSigner(der, algorithm), int(end.timestamp())

    def _now(self) -> int:
        return int(self._clock.look().timestamp())

    # --- changes ---

    def _follow(self) -> None:
        """Withdraw the answers whose status has changed, and share the new ones."""
        while True:
            changes = self._store.changes_after(self._cursor)
            if not changes.complete:
                self._forget(changes.cursor)
            if changes.queries:
                self._settle(changes.queries)
            if changes.cursor != self._cursor:
                self._move(changes.cursor)
            self._older.note(self._cursor)
            if not changes.queries:
                break
        if self._open:
            waiting = tuple(dict.fromkeys(self._open))
            self._open.clear()
            self._settle(waiting)

    def _move(self, cursor: str) -> None:
        """Go on from *cursor*, which the database keeps if no node lacks anything."""
        if self._writer.away is None:
            self._store.write_cursor(CHANGES, cursor)
        else:
            self._lacked = self._lacked or self._older.place or self._cursor
        self._cursor = cursor

    def _forget(self, cursor: str) -> None:
        """
        Begin anew, because nothing says which answers on the server are outdated.

        Raises:
            StoreError: Always: what is in work ends.
        """
        self._store.write_cursor(GENERATION, cursor)
        self._store.write_cursor(CHANGES, cursor)
        self._store.write_cursor(COPIED, "")
        self._cursor, self._lacked = cursor, ""
        self._older = _Older()
        self._next_copy = 0.0
        raise StoreError("changes of status are missing: all answers are copied anew")

    def _settle(self, queries: Sequence[StatusQuery]) -> None:
        """Write the answers of changed certificates, or tombstones in their place."""
        now = self._now()
        may_copy = self._clock.is_trusted
        signed: list[NewAnswer] = []
        unsigned: list[Withdrawn] = []
        for query in dict.fromkeys(queries):
            for form in self._forms:
                found = self._find(query, form)
                if found is None:
                    continue
                stored = found.stored
                if may_copy and stored is not None and stored.version == found.version:
                    signed.append(NewAnswer(query, form, stored, found.record))
                else:
                    unsigned.append(Withdrawn(query, form, found.version))
        try:
            self._writer.withdraw(unsigned, self._validity, now)
        finally:  # what one node of a cluster refuses costs no other node anything
            self._writer.put_many(signed, now)
        self._open.extend(dict.fromkeys(each.query for each in unsigned))

    def _find(self, query: StatusQuery, form: CertIDForm) -> LookupResult | None:
        """Return what the database has; ``None`` if it is deleted or unreadable."""
        try:
            return self._store.look_up_with_answer(query, form)
        except StoreError as error:  # this row only; its change is not shared
            _log.error("serial number %#x: %s", query.serial_number, error)
            return None

    # --- new answers ---

    def _copy(self, stop: threading.Event, *, whole: bool) -> None:
        """Copy what is new since the last look, or since the place in the database."""
        begun = self._now()
        since = self._last_look - self._backdate - NEW_OVERLAP_SECONDS
        place = ""
        if whole:
            place = self._store.read_cursor(COPIED)
            since = self._reached(place) - self._missed
        for authority in self._authorities:
            answers = self._store.stored_answers(authority.key, since=max(0, since))
            while page := list(islice(answers, PAGE)):
                self._give_sign()
                self._writer.put_many(page, self._now())
                self._check()
                self._follow()
                if stop.is_set():
                    return
        self._last_look = begun
        if whole:
            self._give_sign()
            self._is_filling, self._missed = False, 0
            reached = begun - self._backdate - OVERLAP_SECONDS
            if self._writer.away is not None:
                self._ahead = _Ahead(place, reached)
            elif self._store.read_cursor(COPIED) == place:  # no process has begun anew
                self._store.write_cursor(COPIED, str(reached))

    def _reached(self, place: str) -> int:
        """Return up to when the nodes that are not away have all answers."""
        if self._ahead is not None and self._ahead.place == place:
            return self._ahead.reached
        return int(place or 0)

    # --- who copies ---

    def _leaves_it_to_another(self) -> bool:
        """Return whether another process copies: it has given a sign a while ago."""
        copier, _, last = self._store.read_cursor(COPIER).partition(" ")
        if not last or copier == self._id:
            return False
        return abs(self._now() - int(last)) < SILENT_SECONDS

    def _give_sign(self) -> None:
        """Say that this process copies."""
        if time.monotonic() >= self._next_sign:
            self._store.write_cursor(COPIER, f"{self._id} {self._now()}")
            self._next_sign = time.monotonic() + SIGN_SECONDS

    def _leave(self) -> None:
        """Leave it to others to copy, at once."""
        if self._store.read_cursor(COPIER).startswith(self._id):
            self._store.write_cursor(COPIER, "")
            self._next_sign = 0.0


class _Ahead(NamedTuple):
    """
    How far other nodes of a cluster are while one of them is away.

    Attributes:
        place: The place in the database, which waits for the one that is away.

        reached: Up to when the others have all answers, in seconds since 1970.
    """

    place: str
    reached: int


class _Older:
    """
    The place in the history as of one to two minutes ago.

    Attributes:
        place: The place; empty in the first minute.
    """

    def __init__(self) -> None:
        self.place = ""
        self._next = ""
        self._at = 0.0

    def note(self, place: str) -> None:
        """Note the present place."""
        now = time.monotonic()
        if now >= self._at:
            self.place, self._next = self._next or place, place
            self._at = now + OVERLAP_SECONDS / 2
