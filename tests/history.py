"""
Check a history: what was changed in a responder, and every answer that clients got.

A test records, from outside, the changes of status that were asked for and acknowledged,
and the answers with the moments around them. :func:`faults_of` finds what contradicts.
All moments are seconds since 1970, by one clock.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from cryptography import x509

from ocsp import (
    OCSPCertStatus,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from ocsp.responder import AnswerStore, CertIDForm, StatusQuery

__all__ = [
    "GOOD",
    "Change",
    "Fault",
    "History",
    "Lost",
    "Received",
    "Status",
    "faults_at_end",
    "faults_of",
]

CLOCK_SECONDS = 1.0
"""How far thisUpdate may be in the future: times in answers are whole seconds."""


class Status(NamedTuple):
    """A status, as an answer states it."""

    revoked: bool
    since: int | None = None
    reason: x509.ReasonFlags | None = None


GOOD = Status(False)


class Change(NamedTuple):
    """
    A change of the status of one certificate.

    Attributes:
        serial: The certificate.

        asked: When the writer began.

        acknowledged: When it was told that the change is made; infinite if it was
            killed before.

        status: The status after the change.

        committed: When the database had it; infinite if that is not known.
    """

    serial: int
    asked: float
    acknowledged: float
    status: Status
    committed: float = math.inf


class Received(NamedTuple):
    """
    An answer that a client got.

    Attributes:
        serial: The certificate that it asked about.

        form: The hash of its request, for the comparison of octets.

        sent: When the request was sent.

        received: When the answer had arrived.

        der: The answer.

        etag: The header, or empty if caches must not store it.

        max_age: The number in Cache-Control, or ``None``.

        date: The header Date, from which caches count the age (RFC 9111 §4.2.3); 0 if
            there is none: then they count from *received*.

        node: Who answered; empty if there is one only.
    """

    serial: int
    form: CertIDForm
    sent: float
    received: float
    der: bytes
    etag: str = ""
    max_age: int | None = None
    date: float = 0.0
    node: str = ""


class Lost(NamedTuple):
    """
    A request without an answer: the connection failed, or nothing came in time.

    Attributes:
        node: Who was asked.

        sent: When the client connected, or sent the request.

        received: When it gave up.

        error: What happened.
    """

    node: str
    sent: float
    received: float
    error: str


class Fault(NamedTuple):
    """
    A fault that the test made, and what it permits.

    Attributes:
        begin: When it began.

        end: When its effects had ended.

        permits: The errors that clients may get between.

        nodes: The nodes that it concerns; empty if it concerns all.

        within: Errors are permitted only about certificates that have changed since the
            fault began, and less than so many seconds before the request; ``None``
            permits them about all.

        is_down: Whether its nodes may refuse connections and lose requests.

        hides: For how many seconds its nodes may not know what was changed since it
            began.
    """

    begin: float
    end: float
    permits: frozenset[OCSPResponseStatus]
    nodes: frozenset[str] = frozenset()
    within: float | None = None
    is_down: bool = False
    hides: float = 0.0

    def concerns(self, request: Received | Lost, *, after: float = 0.0) -> bool:
        """Return whether *request* was at its time, or *after* it, to one of its nodes."""
        return (
            self.begin <= request.received
            and request.sent <= self.end + after
            and (not self.nodes or request.node in self.nodes)
        )


class History(NamedTuple):
    """
    What happened.

    Attributes:
        changes: The changes, in order for each certificate.

        answers: The answers.

        faults: The faults.

        bound: Within how many seconds after its acknowledgement a change is visible.

        visible: Within how many seconds after its commit a change is visible.

        settling: For how many seconds processes may differ: about a change that is not
            acknowledged yet, and in the octets of the answers that each has signed,
            after the first one of a time or a fault.

        lost: The requests without an answer.
    """

    changes: Sequence[Change]
    answers: Sequence[Received]
    faults: Sequence[Fault] = ()
    bound: float = 0.0
    settling: float = 0.0
    visible: float = math.inf
    lost: Sequence[Lost] = ()

    def hidden(self, received: Received, since: float) -> float:
        """Return for how long faults hide what was to be known *since* a moment."""
        hiding = (
            fault.hides
            for fault in self.faults
            if fault.begin < since and fault.concerns(received)
        )
        return max(hiding, default=0.0)

    def known(self, change: Change, received: Received) -> float:
        """Return when the node that sent an answer has to know *change*."""
        known = min(change.acknowledged + self.bound, change.committed + self.visible)
        return known + self.hidden(received, known)


Verify = Callable[[bytes, int, datetime.datetime], object]
"""Verify an answer for a serial number at a moment, or raise an exception."""


def faults_of(history: History, verify: Verify) -> list[str]:
    """Return what is wrong in *history*, one sentence for each contradiction."""
    changes: dict[int, list[Change]] = defaultdict(list)
    for change in history.changes:
        changes[change.serial].append(change)
    found = [*_unanswered(history)]
    answers: list[tuple[Received, OCSPResponse]] = []
    for received in sorted(history.answers, key=lambda each: each.received):
        response = load_der_ocsp_response(received.der)
        if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
            found += _needless(
                received, response, changes[received.serial], history.faults
            )
            continue
        answers.append((received, response))
        found += _unacceptable(received, response, verify)
        found += _untrue(received, response, changes[received.serial], history)
    found += _way_back(answers, history)
    found += _different_octets(answers, history)
    return found


def _status(response: OCSPResponse) -> Status:
    if response.certificate_status is not OCSPCertStatus.REVOKED:
        return GOOD
    since = response.revocation_time_utc
    assert since is not None
    return Status(True, int(since.timestamp()), response.revocation_reason)


def _say(received: Received, text: str) -> str:
    node = f" from {received.node}" if received.node else ""
    return f"serial {received.serial}, received {received.received}{node}: {text}"


def _unanswered(history: History) -> Iterator[str]:
    """Report a request that a node lost which was not down."""
    for lost in history.lost:
        if not any(each.is_down and each.concerns(lost) for each in history.faults):
            yield f"{lost.node} was up, and lost a request: {lost}"


def _needless(
    received: Received,
    response: OCSPResponse,
    changes: Sequence[Change],
    faults: Sequence[Fault],
) -> Iterator[str]:
    """Report an error that no fault during the request permits."""
    status = response.response_status
    if not any(
        fault.concerns(received)
        and status in fault.permits
        and _is_about_change(received, changes, fault)
        for fault in faults
    ):
        yield _say(received, f"{status.name} though no fault permits it")


def _is_about_change(
    received: Received, changes: Sequence[Change], fault: Fault
) -> bool:
    """Return whether *fault* excuses an error about this certificate."""
    if fault.within is None:
        return True
    earliest = max(fault.begin, received.sent - fault.within)
    return any(
        change.asked <= received.received and change.committed >= earliest
        for change in changes
    )


def _unacceptable(
    received: Received, response: OCSPResponse, verify: Verify
) -> Iterator[str]:
    """Report what a client rejects, or caches keep for too long."""
    at = datetime.datetime.fromtimestamp(received.received, datetime.UTC)
    try:
        verify(received.der, received.serial, at)
    except Exception as error:
        yield _say(received, f"clients reject it: {error}")
    end = response.next_update_utc
    if end is None or end.timestamp() <= received.sent:
        yield _say(received, f"ended at {end}")
    elif (received.date or received.received) + (
        received.max_age or 0
    ) >= end.timestamp():
        yield _say(received, "caches may keep it after its end")
    if response.this_update_utc.timestamp() > received.received + CLOCK_SECONDS:
        yield _say(received, f"is from the future: {response.this_update_utc}")


def _possible(
    changes: Iterable[Change],
    known: Callable[[Change], float],
    begin: float,
    end: float,
) -> set[Status]:
    """
    Return every status that was possible at some moment from *begin* to *end*.

    Args:
        changes: The changes of the certificate, in order.

        known: Returns from when on a change is the only possible status.

        begin: The first moment.

        end: The last moment.
    """
    found = {GOOD}
    for change in changes:
        if change.asked > end:
            break
        if known(change) <= begin:
            found = {change.status}
        else:
            found.add(change.status)
    return found


def _untrue(
    received: Received,
    response: OCSPResponse,
    changes: Sequence[Change],
    history: History,
) -> Iterator[str]:
    """Report a status that was not true, or hides a change that has to be visible."""
    status = _status(response)
    made, end = response.this_update_utc.timestamp(), received.received
    if status not in _possible(changes, lambda each: each.acknowledged, made, end):
        yield _say(received, f"{status} was not true since {made}")
    elif status not in _possible(
        changes, lambda each: history.known(each, received), received.sent, end
    ):
        yield _say(received, f"{status} hides a change that has to be visible")


def _way_back(
    answers: Iterable[tuple[Received, OCSPResponse]], history: History
) -> Iterator[str]:
    """Report *good* after a client got *revoked* for good."""
    bound = max(history.bound, history.settling)
    revoked: dict[int, float] = {}
    for received, response in answers:
        status = _status(response)
        for_good = (
            status.revoked and status.reason is not x509.ReasonFlags.certificate_hold
        )
        first = revoked.get(received.serial, math.inf)
        if for_good:
            revoked.setdefault(received.serial, received.received)
        elif received.sent > first + bound + history.hidden(received, first):
            yield _say(received, f"{status} after revoked for good")


def _different_octets(
    answers: Iterable[tuple[Received, OCSPResponse]], history: History
) -> Iterator[str]:
    """Report answers that caches keep, and that should have the same octets."""
    begin: dict[object, float] = {}
    first: dict[object, Received] = {}
    for received, response in answers:
        if not received.etag:
            continue
        key = (
            received.serial,
            received.form,
            response.this_update_utc,
            response.responder_key_hash or response.responder_name,
            _status(response),
        )
        settled = begin.setdefault(key, received.received) + history.settling
        if history.settling and (
            received.sent < settled or _is_in_fault(received, history)
        ):
            continue
        known = first.setdefault(key, received)
        if (known.der, known.etag) != (received.der, received.etag):
            yield _say(received, "has other octets than an answer of the same time")


def _is_in_fault(received: Received, history: History) -> bool:
    return any(
        fault.concerns(received, after=history.settling) for fault in history.faults
    )


def faults_at_end(
    store: AnswerStore,
    certificates: Iterable[StatusQuery],
    forms: Iterable[CertIDForm],
    now: int,
    validity: int,
) -> list[str]:
    """
    Return what is missing when everything is quiet.

    Every certificate has an answer of its present status in every form, with more than
    half of its validity left.
    """
    found = []
    for query, form in itertools.product(certificates, forms):
        result = store.look_up_with_answer(query, form)
        name = f"serial {query.serial_number}, {form.name}"
        if result is None or result.stored is None:
            found.append(f"{name}: has no answer of its present status")
        elif result.stored.next_update - now <= validity / 2:
            found.append(f"{name}: its answer ends too soon")
    return found
