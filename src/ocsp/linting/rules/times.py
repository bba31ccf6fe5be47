"""
L3: the times, to each other and to the moment when the response was served.

Rules of this file: every moment is aware and in UTC, and none is *now*. Differences are
compared, never sums: a response may say the year 1, before which there is nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.linting.case import Case, Complaint
from ocsp.messages.responses.single_response import OCSPSingleResponse

__all__ = [
    "ends_after_it_begins",
    "not_ended",
    "produced_before",
    "revoked_before_signed",
    "says_until_when",
    "signed_after_update",
    "signed_before_end",
    "this_update_in_past",
    "updated_in_time",
    "validity_interval",
    "validity_interval_of_ca",
]

Span = datetime.timedelta

_SECOND = Span(seconds=1)
LEAST, MOST = Span(hours=8), Span(days=10)
"""The validity interval of a subscriber certificate's status (BR 4.9.9)."""

SHORT = Span(hours=16)
"""Below it, an update is due at half of the interval (BR 4.9.9)."""

BEFORE_END, AFTER_BEGIN = Span(hours=8), Span(days=4)
"""Else it is due so long before nextUpdate, and so long after thisUpdate."""

MOST_OF_CA = Span(days=366)
"""The status of a CA's certificate is updated every twelve months (BR 4.9.9)."""


def ends_after_it_begins(case: Case) -> Iterator[Complaint]:
    """L301: nextUpdate is not before thisUpdate."""
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if until is not None and until < entry.this_update_utc:
            yield Complaint(
                f"{where}.nextUpdate",
                f"{until} is before thisUpdate {entry.this_update_utc}",
            )


def says_until_when(case: Case) -> Iterator[Complaint]:
    """L302: nextUpdate is there."""
    for where, entry in case.numbered():
        if entry.next_update_utc is None:
            yield Complaint(f"{where}.nextUpdate", "is absent")


def signed_after_update(case: Case) -> Iterator[Complaint]:
    """L303: the status is not of a time after the signature."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        if entry.this_update_utc > produced:
            yield Complaint(
                f"{where}.thisUpdate",
                f"{entry.this_update_utc} is after producedAt {produced}",
            )


def signed_before_end(case: Case) -> Iterator[Complaint]:
    """L304: the response was signed before its status ended."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if until is not None and until < produced:
            yield Complaint(
                f"{where}.nextUpdate", f"{until} is before producedAt {produced}"
            )


def revoked_before_signed(case: Case) -> Iterator[Complaint]:
    """L305: no revocation is dated after the signature."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        since = entry.revocation_time_utc
        if since is not None and since > produced:
            yield Complaint(
                f"{where}.certStatus.revocationTime",
                f"{since} is after producedAt {produced}",
            )


def this_update_in_past(case: Case) -> Iterator[Complaint]:
    """L306: thisUpdate had come when the response was served."""
    for where, entry in case.numbered():
        if case.at is not None and entry.this_update_utc > case.at:
            yield Complaint(
                f"{where}.thisUpdate",
                f"{entry.this_update_utc} had not come at {case.at}",
            )


def not_ended(case: Case) -> Iterator[Complaint]:
    """L307: nextUpdate had not come when the response was served."""
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if case.at is not None and until is not None and until <= case.at:
            yield Complaint(f"{where}.nextUpdate", f"{until} had passed at {case.at}")


def produced_before(case: Case) -> Iterator[Complaint]:
    """L308: producedAt had come when the response was served."""
    produced = case.response.produced_at_utc
    if case.at is not None and produced > case.at:
        yield Complaint("producedAt", f"{produced} had not come at {case.at}")


def _interval(entry: OCSPSingleResponse) -> Span | None:
    """Return for how long *entry* holds, its last second included (BR 4.9.9)."""
    until = entry.next_update_utc
    if until is None or until < entry.this_update_utc:
        return None  # which L302 or L301 has found
    return until - entry.this_update_utc + _SECOND


def _taken_for(case: Case, entry: OCSPSingleResponse) -> str:
    """Say that *entry* may be about the certificate of a CA, if that is not known."""
    if case.is_of_ca(entry) is None:
        return "; the certificate is not known, and taken for a subscriber's"
    return ""


def validity_interval(case: Case) -> Iterator[Complaint]:
    """L309: a subscriber certificate's status holds for 8 hours to 10 days."""
    for where, entry in case.numbered():
        interval = _interval(entry)
        if interval is None or case.is_of_ca(entry) is True:
            continue
        if not LEAST <= interval <= MOST:
            yield Complaint(
                f"{where}.nextUpdate",
                f"comes {interval} after thisUpdate, the last second included"
                f"{_taken_for(case, entry)}",
            )


def validity_interval_of_ca(case: Case) -> Iterator[Complaint]:
    """L310: the status of a CA's certificate holds for twelve months at most."""
    for where, entry in case.numbered():
        interval = _interval(entry)
        if interval is None or case.is_of_ca(entry) is not True:
            continue
        if interval > MOST_OF_CA + _SECOND:
            yield Complaint(f"{where}.nextUpdate", f"comes {interval} after thisUpdate")


def updated_in_time(case: Case) -> Iterator[Complaint]:
    """L311: there was no newer status due when the response was served."""
    for where, entry in case.numbered():
        interval = _interval(entry)
        if case.at is None or interval is None or case.is_of_ca(entry) is True:
            continue
        age = case.at - entry.this_update_utc
        due = min(interval - BEFORE_END, AFTER_BEGIN)
        if interval < SHORT:
            due = interval / 2
        if age > due:
            yield Complaint(
                f"{where}.thisUpdate",
                f"was {age} old at {case.at}, and an update was due after {due}"
                f"{_taken_for(case, entry)}",
            )
