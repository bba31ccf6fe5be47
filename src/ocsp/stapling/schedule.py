"""
When a staple is to be renewed: at half of its life, and how often after a failure.

Rules of this file: no clock and no chance; both are given. Jitter keeps the keepers of
many servers from asking at the same moment.
"""

from __future__ import annotations

import datetime

from ocsp.verification.evidence import VerifiedResponse

__all__ = ["after_failure", "after_nothing_newer", "half_life", "is_ending"]

SHORTEST = datetime.timedelta(minutes=1)
"""Between two questions about one certificate."""

LONGEST = datetime.timedelta(hours=1)
"""Between two questions after failures."""


def half_life(evidence: VerifiedResponse, fraction: float) -> datetime.datetime:
    """
    Return when a staple has lived for half of its time, give or take a twentieth.

    Args:
        evidence: The staple.

        fraction: From 0 to 1, at random.
    """
    life = evidence.holds_until - evidence.this_update
    return evidence.this_update + life * (0.45 + 0.1 * fraction)


def is_ending(evidence: VerifiedResponse, now: datetime.datetime) -> bool:
    """Tell whether a staple is in the last quarter of its life."""
    left = evidence.holds_until - now
    return left * 4 <= evidence.holds_until - evidence.this_update


def after_nothing_newer(
    evidence: VerifiedResponse, now: datetime.datetime
) -> datetime.datetime:
    """
    Return when to ask again where the responder has had nothing newer.

    After half of what is left: a responder that signs once a day is not asked every
    minute, and the last minutes are not missed.
    """
    return now + max((evidence.holds_until - now) / 2, SHORTEST)


def after_failure(
    failures: int,
    evidence: VerifiedResponse | None,
    now: datetime.datetime,
    fraction: float,
) -> datetime.datetime:
    """
    Return when to ask again after *failures* in a row.

    After a minute, doubled each time up to an hour, less up to a quarter by chance;
    sooner where the staple that stands has not so much time.
    """
    wait = min(SHORTEST * 2.0 ** min(failures - 1, 10), LONGEST)
    if evidence is not None:
        wait = min(wait, max((evidence.holds_until - now) / 4, SHORTEST))
    return now + wait * (1 - 0.25 * fraction)
