"""
Freshness: until when an answer may be cached, and from when on to refresh it.

RFC 9919 §6 and §7 (caching), RFC 9111 §4.2 (max-age, Age). HTTP headers can shorten the
lifetime of an answer but never extend it.
"""

from __future__ import annotations

import datetime
import re

from ocsp.asn1.times import later
from ocsp.client.transport.protocol import HTTPReply
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["expiry", "refresh_from"]

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?([0-9]{1,9})', re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])", re.IGNORECASE)


def expiry(
    evidence: VerifiedResponse, reply: HTTPReply, now: datetime.datetime
) -> datetime.datetime | None:
    """
    Return until when *evidence* may be cached, or ``None`` if it must not be.

    The earlier of its own end (``evidence.holds_until``) and max-age. After max-age the
    client asks for a newer answer first, and uses this one only if it gets none.
    """
    control = reply.header("cache-control")
    if _NO_STORE.search(control):
        return None
    holds_until = evidence.holds_until
    if holds_until <= now:
        return None
    if found := _MAX_AGE.search(control):
        left = int(found[1]) - _seconds(reply.header("age"))
        return min(holds_until, later(now, datetime.timedelta(seconds=max(0, left))))
    return holds_until


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def refresh_from(
    start: datetime.datetime, end: datetime.datetime, fraction: float
) -> datetime.datetime:
    """
    Return from when on the client refreshes an answer.

    This is a time in the last quarter of the lifetime. It depends on *fraction*, so
    that answers that were fetched together are not refreshed together.

    Args:
        start: The start of the lifetime.

        end: The end of the lifetime.

        fraction: A number from 0 to 1, always the same for the same answer.
    """
    return start + (end - start) * (0.75 + 0.2 * fraction)
