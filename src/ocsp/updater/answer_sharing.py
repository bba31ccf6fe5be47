"""
Copy signed answers from the database to a Valkey server, for nodes without it.

The database is the truth, on whatever machine answers are signed: changes of status,
and the answers that are new since a moment, are read from it. What the server did not
take is written again when it is back. A revocation is a tombstone first, and the new
answer as soon as it is signed. The places that were reached are kept in the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import validity_of
from ocsp.errors import SourceUnavailable, StoreError
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

COPY_SECONDS = 10.0
"""How often new answers are looked for; a tenth of the time at most is spent on it."""

LOST_SECONDS = 1.0
"""How long it waits when the server or the database cannot be used."""

OVERLAP_SECONDS = 120
"""How far back new answers are looked for each time: a transaction can end late, and
the clocks of the machines that sign differ."""

PAGE = 500
"""Answers that are copied between two looks for changes."""

MAX_OPEN = 200
"""Changes whose answers are looked for in each round; those of others come with the new
answers."""

CHANGES, COPIED, GENERATION = "valkey", "valkey-copied", "valkey-generation"
"""The names of the places in the database."""


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


class AnswerSharing:
    """
    Copies the answers of one database until it is stopped.

    Attributes:
        is_up: Whether server and database could be used the last time; ``None`` before.
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
        clock: Callable[[], float] = time.time,
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

            clock: Returns the current time, in seconds since 1970.
        """
        self.is_up: bool | None = None
        self._store = store
        self._writer = writer
        self._authorities = tuple(authorities)
        self._forms = tuple(forms)
        self._validity = validity
        self._back = backdate + OVERLAP_SECONDS
        self._clock = clock
        self._begun = False
        self._cursor = ""
        self._older = _Older()
        self._since = 0
        self._next_copy = 0.0
        self._open: deque[StatusQuery] = deque(maxlen=MAX_OPEN)

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set; it returns after the page in hand."""
        with self._writer:
            while not stop.is_set():
                stop.wait(self.step(stop))

    def step(self, stop: threading.Event | None = None) -> float:
        """Do what there is to do, and return how many seconds to wait then."""
        try:
            self._work(stop or threading.Event())
        except (SourceUnavailable, StoreError) as error:
            self._lost(error)
            return LOST_SECONDS
        except Exception:  # one round must not end the thread
            _log.exception("sharing answers failed unexpectedly, and is tried again")
            self._begun = False
            return LOST_SECONDS
        if self.is_up is False:
            _log.warning("answers are shared again")
        self.is_up = True
        return POLL_SECONDS

    def _lost(self, error: Exception) -> None:
        if self.is_up is not False:
            _log.warning("answers are not shared, which is tried again: %s", error)
        self.is_up, self._begun = False, False
        # A server that takes over may lack what the other one has accepted last.
        self._cursor = self._older.place or self._cursor
        self._since = max(0, self._since - OVERLAP_SECONDS)

    def _work(self, stop: threading.Event) -> None:
        if not self._begun:
            self._begin()
        self._follow()
        if time.monotonic() >= self._next_copy:
            begun = time.monotonic()
            self._begin()  # the server may have been emptied
            self._copy(stop)
            spent = time.monotonic() - begun
            self._next_copy = time.monotonic() + max(COPY_SECONDS, 9 * spent)

    def _begin(self) -> None:
        """Write the epoch and the signers, and find the places to go on from."""
        generation = self._store.read_cursor(GENERATION)
        known = self._writer.begin(f"{self._store.epoch()} {generation}")
        self._writer.add_signers(self._signers(), int(self._clock()))
        if not self._begun:
            self._since = self._since or int(self._store.read_cursor(COPIED) or 0)
            self._cursor = self._cursor or self._store.read_cursor(CHANGES)
        if not known:
            self._since = 0
        if not self._cursor:
            self._cursor, self._since = self._store.changes_after().cursor, 0
            self._store.write_cursor(CHANGES, self._cursor)
        self._begun = True

    def _signers(self) -> Iterator[tuple[SharedSigner, int]]:
        for authority in self._authorities:
            for signer in authority.signers:
                der = signer.certificate.public_bytes(Encoding.DER)
                _, end = validity_of(signer.certificate)
                algorithm = signer.algorithm_identifier
                yield SharedSigner(der, algorithm), int(end.timestamp())

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
                self._store.write_cursor(CHANGES, changes.cursor)
                self._cursor = changes.cursor
            self._older.note(self._cursor)
            if not changes.queries:
                break
        if self._open:
            waiting = tuple(dict.fromkeys(self._open))
            self._open.clear()
            self._settle(waiting)

    def _forget(self, cursor: str) -> None:
        """
        Begin anew, because nothing says which answers on the server are outdated.

        Raises:
            StoreError: Always: what is in work ends.
        """
        self._store.write_cursor(GENERATION, cursor)
        self._store.write_cursor(CHANGES, cursor)
        self._store.write_cursor(COPIED, "")
        self._cursor, self._since = cursor, 0
        self._older = _Older()
        self._next_copy = 0.0
        raise StoreError("changes of status are missing: all answers are copied anew")

    def _settle(self, queries: Sequence[StatusQuery]) -> None:
        """Write the answers of changed certificates, or tombstones in their place."""
        now = int(self._clock())
        signed: list[NewAnswer] = []
        unsigned: list[Withdrawn] = []
        for query in dict.fromkeys(queries):
            for form in self._forms:
                found = self._find(query, form)
                if found is None:
                    continue
                if found.stored is not None and found.stored.version == found.version:
                    signed.append(NewAnswer(query, form, found.stored))
                else:
                    unsigned.append(Withdrawn(query, form, found.version))
        self._writer.withdraw(unsigned, self._validity, now)
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

    def _copy(self, stop: threading.Event) -> None:
        """Copy the answers that are new since the last time."""
        begun = int(self._clock())
        for authority in self._authorities:
            answers = self._store.stored_answers(authority.key, since=self._since)
            while page := list(islice(answers, PAGE)):
                self._writer.put_many(page, int(self._clock()))
                self._follow()
                if stop.is_set():
                    return
        self._since = begun - self._back
        self._store.write_cursor(COPIED, str(self._since))


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
