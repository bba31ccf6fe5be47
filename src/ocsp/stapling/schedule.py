"""
Calculate when a staple is renewed: at half of its validity, and after failures.

The caller passes the time and the random fraction. The random part keeps many staplers
from asking at the same moment.
"""

from __future__ import annotations

import datetime

from ocsp.verification.evidence import VerifiedResponse

__all__ = ["after_failure", "after_nothing_newer", "half_life", "is_ending"]

SHORTEST = datetime.timedelta(minutes=1)
"""The shortest wait between two requests for one certificate."""

LONGEST = datetime.timedelta(hours=1)
"""The longest wait between two requests after failures."""


def half_life(evidence: VerifiedResponse, fraction: float) -> datetime.datetime:
    """
    Return when half of a staple's validity has passed, plus or minus 5 %.

    Args:
        evidence: The staple.

        fraction: A random number from 0 to 1.
    """
    life = evidence.holds_until - evidence.this_update
    return evidence.this_update + life * (0.45 + 0.1 * fraction)


def is_ending(evidence: VerifiedResponse, now: datetime.datetime) -> bool:
    """Return whether a staple is in the last quarter of its validity."""
    left = evidence.holds_until - now
    return left * 4 <= evidence.holds_until - evidence.this_update


def after_nothing_newer(
    evidence: VerifiedResponse, now: datetime.datetime
) -> datetime.datetime:
    """
    Return when to ask again if the responder returned nothing newer.

    That is after half of the remaining validity: so a responder that signs once a day
    is not asked every minute, and is still asked before the staple expires.
    """
    return now + max((evidence.holds_until - now) / 2, SHORTEST)


def after_failure(
    failures: int,
    evidence: VerifiedResponse | None,
    now: datetime.datetime,
    fraction: float,
) -> datetime.datetime:
    """
    Return when to ask again after *failures* consecutive failures.

    The wait is one minute, doubled with each failure up to one hour, and at most a
    quarter of the remaining validity of the current staple (but not less than one
    minute). A random part of up to a quarter is subtracted.
    """
    wait = min(SHORTEST * 2.0 ** min(failures - 1, 10), LONGEST)
    if evidence is not None:
        wait = min(wait, max((evidence.holds_until - now) / 4, SHORTEST))
    return now + wait * (1 - 0.25 * fraction)
