"""
L3: the times, compared with each other and with the time of serving.

Every datetime is aware and in UTC, and no function reads the clock. The rules compare
differences of times, because a sum overflows for a response from the year 1 or 9999.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.linting.case import Case, Complaint
from ocsp.messages.responses.single_response import OCSPSingleResponse

__all__ = [
    "has_next_update",
    "next_update_after_this_update",
    "next_update_in_future",
    "produced_at_in_past",
    "revoked_before_signed",
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
"""The limits of the validity interval for a subscriber certificate (BR 4.9.9)."""

SHORT = Span(hours=16)
"""For a shorter interval, an update is due after half of it (BR 4.9.9)."""

BEFORE_END, AFTER_BEGIN = Span(hours=8), Span(days=4)
"""Otherwise an update is due so long before nextUpdate and after thisUpdate."""

MOST_OF_CA = Span(days=366)
"""The status of a CA certificate is updated every twelve months (BR 4.9.9)."""


def next_update_after_this_update(case: Case) -> Iterator[Complaint]:
    """L301: nextUpdate is not before thisUpdate."""
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if until is not None and until < entry.this_update_utc:
            yield Complaint(
                f"{where}.nextUpdate",
                f"{until} is before thisUpdate {entry.this_update_utc}",
            )


def has_next_update(case: Case) -> Iterator[Complaint]:
    """L302: nextUpdate is present."""
    for where, entry in case.numbered():
        if entry.next_update_utc is None:
            yield Complaint(f"{where}.nextUpdate", "is absent")


def signed_after_update(case: Case) -> Iterator[Complaint]:
    """L303: thisUpdate is not after producedAt."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        if entry.this_update_utc > produced:
            yield Complaint(
                f"{where}.thisUpdate",
                f"{entry.this_update_utc} is after producedAt {produced}",
            )


def signed_before_end(case: Case) -> Iterator[Complaint]:
    """L304: nextUpdate is not before producedAt."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if until is not None and until < produced:
            yield Complaint(
                f"{where}.nextUpdate", f"{until} is before producedAt {produced}"
            )


def revoked_before_signed(case: Case) -> Iterator[Complaint]:
    """L305: revocationTime is not after producedAt."""
    produced = case.response.produced_at_utc
    for where, entry in case.numbered():
        since = entry.revocation_time_utc
        if since is not None and since > produced:
            yield Complaint(
                f"{where}.certStatus.revocationTime",
                f"{since} is after producedAt {produced}",
            )


def this_update_in_past(case: Case) -> Iterator[Complaint]:
    """L306: the response was not served before thisUpdate."""
    for where, entry in case.numbered():
        if case.at is not None and entry.this_update_utc > case.at:
            yield Complaint(
                f"{where}.thisUpdate",
                f"{entry.this_update_utc} is after the time of serving, {case.at}",
            )


def next_update_in_future(case: Case) -> Iterator[Complaint]:
    """L307: the response was not served at or after nextUpdate."""
    for where, entry in case.numbered():
        until = entry.next_update_utc
        if case.at is not None and until is not None and until <= case.at:
            yield Complaint(
                f"{where}.nextUpdate",
                f"{until} is not after the time of serving, {case.at}",
            )


def produced_at_in_past(case: Case) -> Iterator[Complaint]:
    """L308: the response was not served before producedAt."""
    produced = case.response.produced_at_utc
    if case.at is not None and produced > case.at:
        yield Complaint(
            "producedAt", f"{produced} is after the time of serving, {case.at}"
        )


def _interval(entry: OCSPSingleResponse) -> Span | None:
    """Return the validity interval, including its last second (BR 4.9.9)."""
    until = entry.next_update_utc
    if until is None or until < entry.this_update_utc:
        return None  # L302 or L301 reports it.
    return until - entry.this_update_utc + _SECOND


def _assumption(case: Case, entry: OCSPSingleResponse) -> str:
    """State the assumption if it is not known whether the certificate is of a CA."""
    if case.is_of_ca(entry) is None:
        return "; assuming a subscriber certificate, because it was not given"
    return ""


def validity_interval(case: Case) -> Iterator[Complaint]:
    """L309: the interval for a subscriber certificate is 8 hours to 10 days."""
    for where, entry in case.numbered():
        interval = _interval(entry)
        if interval is None or case.is_of_ca(entry) is True:
            continue
        if not LEAST <= interval <= MOST:
            yield Complaint(
                f"{where}.nextUpdate",
                f"makes a validity interval of {interval}, including the last second"
                f"{_assumption(case, entry)}",
            )


def validity_interval_of_ca(case: Case) -> Iterator[Complaint]:
    """L310: the interval for a CA certificate is at most twelve months."""
    for where, entry in case.numbered():
        interval = _interval(entry)
        if interval is None or case.is_of_ca(entry) is not True:
            continue
        if interval > MOST_OF_CA + _SECOND:
            yield Complaint(
                f"{where}.nextUpdate", f"makes a validity interval of {interval}"
            )


def updated_in_time(case: Case) -> Iterator[Complaint]:
    """L311: no update was due when the response was served."""
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
                f"{_assumption(case, entry)}",
            )
