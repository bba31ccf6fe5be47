"""
What all evidence has in common: when it was judged, and how long it holds.

Rules of this file: nothing here knows what the evidence is about, or what it says.
"""

from __future__ import annotations

import datetime
from typing import Protocol

from ocsp.verification.errors import Finding
from ocsp.verification.policy import MissingNextUpdate, Policy
from ocsp.verification.sealed import Sealed

__all__ = ["TimedEvidence"]


_END_OF_TIME = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _later(moment: datetime.datetime, span: datetime.timedelta) -> datetime.datetime:
    return moment + span if span < _END_OF_TIME - moment else _END_OF_TIME


def _end_of_hold(
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    policy: Policy,
) -> datetime.datetime:
    """Return until when what was said then counts with *policy*."""
    ends = [_later(this_update, policy.max_age)]
    if next_update is not None:
        ends.append(next_update)
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        ends.append(_later(this_update, policy.max_age_without_next_update))
    return min(ends)


class Conclusion(Protocol):
    """What is asked of a judgement, whatever it was about."""

    @property
    def this_update(self) -> datetime.datetime:
        """When the status was known to be right, aware, in UTC."""

    @property
    def next_update(self) -> datetime.datetime | None:
        """When there will be newer information, or ``None``."""

    @property
    def at(self) -> datetime.datetime:
        """The moment of judgement, aware, in UTC."""

    @property
    def policy(self) -> Policy:
        """What was insisted on."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is worth to be known."""


class TimedEvidence(Sealed):
    """Evidence as it comes from a judgement, and until when it holds."""

    __slots__ = ("_judgement",)

    _judgement: Conclusion

    @property
    def this_update(self) -> datetime.datetime:
        """When the status was known to be right (thisUpdate), aware, in UTC."""
        return self._judgement.this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """When there will be newer information (nextUpdate), or ``None``."""
        return self._judgement.next_update

    @property
    def holds_until(self) -> datetime.datetime:
        """Until when this is evidence: nextUpdate, or the age that is allowed."""
        return _end_of_hold(self.this_update, self.next_update, self.policy)

    @property
    def at(self) -> datetime.datetime:
        """The moment of judgement, aware, in UTC."""
        return self._judgement.at

    @property
    def policy(self) -> Policy:
        """What was insisted on."""
        return self._judgement.policy

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is worth to be known, and does not speak against the status."""
        return self._judgement.warnings

    def holds_at(self, moment: datetime.datetime) -> bool:
        """
        Tell whether this is still evidence at *moment*, by its own times.

        Args:
            moment: Aware.
        """
        return self.this_update <= moment < self.holds_until

    def _span(self) -> str:
        """Return from when to when it was said, for people."""
        until = self.next_update
        end = "?" if until is None else f"{until:%Y-%m-%dT%H:%M:%SZ}"
        return f"{self.this_update:%Y-%m-%dT%H:%M:%SZ} to {end}"
