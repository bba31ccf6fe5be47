"""
Lifetimes: until when an answer is kept, and from when on it is fetched anew.

RFC 9919 §6 and §7 (caching), RFC 9111 §4.2 (max-age, Age). Rules of this file: HTTP can
shorten the life of an answer, never lengthen it.
"""

from __future__ import annotations

import datetime
import re
from email.utils import parsedate_to_datetime

from ocsp.client.transport.protocol import HTTPReply
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["expiry", "refresh_from", "retry_after"]

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})', re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])", re.IGNORECASE)


def expiry(
    evidence: VerifiedResponse, reply: HTTPReply, now: datetime.datetime
) -> datetime.datetime | None:
    """
    Return until when *evidence* may be kept, or ``None`` if it may not.

    The earliest of: nextUpdate, the age that the policy allows, the end of the signer's
    certificate, and max-age.
    """
    control = reply.header("cache-control")
    if _NO_STORE.search(control):
        return None
    ends = [evidence.holds_until, evidence.responder.not_valid_after_utc]
    if found := _MAX_AGE.search(control):
        left = int(found[1]) - _seconds(reply.header("age"))
        ends.append(now + datetime.timedelta(seconds=max(0, left)))
    end = min(ends)
    return end if end > now else None


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def refresh_from(
    start: datetime.datetime, end: datetime.datetime, fraction: float
) -> datetime.datetime:
    """
    Return from when on an answer that lives from *start* to *end* is fetched anew.

    In the last quarter of its life, and there at random, so that the answers that were
    fetched together are not fetched anew together.

    Args:
        start: When its life began.

        end: When it ends.

        fraction: From 0 to 1; the same for the same answer.
    """
    return start + (end - start) * (0.75 + 0.2 * fraction)


def retry_after(reply: HTTPReply, now: datetime.datetime) -> float | None:
    """Return the seconds that Retry-After says (RFC 9110 §10.2.3), or ``None``."""
    text = reply.header("retry-after").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(_seconds(text))
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:  # "-0000": no zone is known, and HTTP means GMT
        then = then.replace(tzinfo=datetime.UTC)
    return max(0.0, (then - now).total_seconds())
