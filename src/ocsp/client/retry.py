"""
Retry and back-off: which failures a retry may mend, and how long to wait before it.

RFC 9110 §10.2.3 (Retry-After). This module reads no clock: callers pass every time, in
seconds of one monotonic clock. Every entry expires, and the number of entries is
limited. (A transport repeats a request by itself in one case only: the server has
closed an idle connection.)
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.outcome import Reason
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import (
    BodyTooLarge,
    BrokenReply,
    ContentTypeError,
    FetchTimeout,
    HTTPStatusError,
    OCSPError,
    RedirectRefused,
    TransportError,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.guarded.dates import http_date
from ocsp.messages.statuses import OCSPResponseStatus

__all__ = [
    "MOST_RETRY_AFTER",
    "MOST_SECONDS",
    "PERMANENT_REASONS",
    "ResponderBackoff",
    "is_transient",
    "pause_before_retry",
    "retry_after",
    "should_retry_with_post",
]

MOST_SECONDS = 60.0
"""The longest back-off without Retry-After, before the random part is added."""

MOST_RETRY_AFTER = 3600.0
"""The longest Retry-After that counts: a longer one could switch checks off."""

# --- which failures a retry may mend -------------------------------------------------

_TRANSIENT_STATUSES = frozenset(
    {OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.INTERNAL_ERROR}
)

PERMANENT_REASONS = frozenset(
    {
        Reason.UNAUTHORIZED,
        Reason.RESPONDER_ERROR,
        Reason.NOT_VERIFIED,
        Reason.OLDER_THAN_KNOWN,
        Reason.CONTENT_TYPE,
        Reason.TOO_LARGE,
        Reason.HTTP_STATUS,
        Reason.REDIRECT,
    }
)
"""Reasons that a retry would not change: their outcomes are cached for a while."""


def is_transient(error: OCSPError) -> bool:
    """Return whether a responder that failed with *error* may answer a retry."""
    if isinstance(error, HTTPStatusError):
        return error.status in {408, 429} or error.status >= 500
    if isinstance(error, UnsuccessfulResponse):
        return error.status in _TRANSIENT_STATUSES
    return isinstance(error, (TransportError, FetchTimeout))


def should_retry_with_post(error: OCSPError | None) -> bool:
    """
    Return whether a GET failed in a way that a POST may avoid.

    RFC 6960 App. A.1 makes GET optional, and some servers and proxies alter the "/" and
    "+" of Base64 in a path, or answer a long path themselves. So a POST may help after
    each answer that is not a well-formed OCSP response, and after *malformedRequest*.
    It does not help if no server answered, if the answer names a time in Retry-After,
    or if a proxy asks for a password (HTTP 407).
    """
    if isinstance(error, HTTPStatusError):
        return error.status != 407 and not error.retry_after
    if isinstance(error, UnsuccessfulResponse):
        return error.status is OCSPResponseStatus.MALFORMED_REQUEST
    return isinstance(error, _NOT_OCSP) or _is_unreadable(error)


_NOT_OCSP = (BodyTooLarge, BrokenReply, ContentTypeError, RedirectRefused)
"""The errors of servers that answered with something else than OCSP."""


def _is_unreadable(error: OCSPError | None) -> bool:
    """Return whether the body was not a well-formed OCSP response."""
    if not isinstance(error, VerificationError):
        return False
    return any(finding.rule in {"V2", "V3"} for finding in error.failures)


# --- how long to wait ----------------------------------------------------------------

_MOST_DIGITS = 9
"""Digits of a Retry-After in seconds; a larger number is ignored."""

_FIRST_PAUSE = 0.25
"""Seconds before the first retry of responders that failed; doubled for each retry."""


def pause_before_retry(
    retries: int, fraction: float, errors: Iterable[OCSPError | None]
) -> float:
    """
    Return the seconds to wait: the longer of the pause and the largest Retry-After.

    Args:
        retries: How many retries the check has made before.

        fraction: A random number from 0 to 1, which spreads the retries.

        errors: The errors of the responders.
    """
    requested = [
        error.retry_after
        for error in errors
        if isinstance(error, HTTPStatusError) and error.retry_after
    ]
    pause: float = _FIRST_PAUSE * 2**retries * (1 + fraction)
    return max([pause, *requested])


def retry_after(reply: HTTPReply, now: datetime.datetime) -> float | None:
    """Return the seconds of Retry-After (RFC 9110 §10.2.3), or ``None``."""
    text = reply.header("retry-after").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return float(text) if len(text) <= _MOST_DIGITS else 0.0
    then = http_date(text)
    return None if then is None else max(0.0, (then - now).total_seconds())


class _Failure(NamedTuple):
    until: float
    times: int


class ResponderBackoff:
    """Which responders to wait for, which know SHA-1 only, and which POST only."""

    def __init__(self) -> None:
        self._failures: ExpiringMap[str, _Failure] = ExpiringMap()
        self._only_sha1: ExpiringMap[str, bool] = ExpiringMap()
        self._only_post: ExpiringMap[str, bool] = ExpiringMap()

    def wait(self, origin: str, now: float) -> float:
        """Return for how many seconds to send nothing to *origin*; 0 for no wait."""
        failure = self._failures.get(origin, now)
        return max(0.0, failure.until - now) if failure is not None else 0.0

    def failed(
        self, origin: str, now: float, fraction: float, retry_after: float | None
    ) -> None:
        """
        Record that *origin* failed: the back-off is 1, 2, 4 … 60 seconds.

        Args:
            origin: The responder.

            now: The time of the failure.

            fraction: A random number from 0 to 1. It adds up to half of the wait, so
                that clients do not return at the same time.

            retry_after: The seconds of its Retry-After header, or ``None``.
        """
        before = self._failures.get(origin, now)
        if before is not None and now < before.until and retry_after is None:
            return  # requests that ran at the same time count as one failure
        times = before.times + 1 if before is not None else 1
        pause = min(MOST_SECONDS, 2.0 ** (times - 1)) * (1 + fraction / 2)
        if retry_after is not None:
            pause = min(max(retry_after, pause), MOST_RETRY_AFTER)
        # Kept for longer than the wait, so that the next failure doubles it.
        kept = now + pause + MOST_SECONDS
        self._failures.put(origin, _Failure(now + pause, times), kept)

    def answered(self, origin: str) -> None:
        """Record that *origin* answered: its back-off ends."""
        self._failures.discard(origin)

    def prefers_sha1(self, origin: str, now: float) -> bool:
        """Return whether *origin* recently knew a certificate by SHA-1 only."""
        return self._only_sha1.get(origin, now) is True

    def note_sha1(self, origin: str, now: float) -> None:
        """Record that *origin* knew a certificate by SHA-1 but not by SHA-256."""
        self._only_sha1.put(origin, True, now + MOST_RETRY_AFTER)

    def prefers_post(self, origin: str, now: float) -> bool:
        """Return whether *origin* recently answered a POST, after a GET had failed."""
        return self._only_post.get(origin, now) is True

    def note_post(self, origin: str, now: float, *, answered: bool) -> None:
        """Record whether *origin* answered a POST, after a GET had failed."""
        if answered:
            self._only_post.put(origin, True, now + MOST_RETRY_AFTER)
        else:
            self._only_post.discard(origin)
