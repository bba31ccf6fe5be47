"""
Back-off: for how long a client sends no requests to a responder that failed.

RFC 9110 §10.2.3 (Retry-After). This module reads no clock: callers pass every time, in
seconds of one monotonic clock. Every entry expires, and the number of entries is
limited.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from ocsp import limits

__all__ = ["MOST_SECONDS", "ExpiringMap", "ResponderBackoff"]

MOST_SECONDS = 60.0
"""The longest back-off without Retry-After, before the random part is added."""

MOST_RETRY_AFTER = 3600.0
"""The longest Retry-After that counts: a longer one could switch checks off."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class ExpiringMap(Generic[Key, Value]):
    """A mapping whose entries expire; over the limit the oldest are removed first."""

    def __init__(self, limit: str = "MAX_REMEMBERED_FAILURES") -> None:
        """
        Create an empty mapping.

        Args:
            limit: The name in :mod:`ocsp.limits` of the largest number of entries.
        """
        self._limit = limit
        self._lock = Lock()
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key, now: float) -> Value | None:
        """Return the value of *key* if it has not expired at *now*."""
        found = self._values.get(key)
        if found is None:
            return None
        until, value = found
        if now < until:
            return value
        self.discard(key)
        return None

    def put(self, key: Key, value: Value, until: float) -> None:
        """Keep *value* under *key* until the time *until*."""
        with self._lock:
            self._values[key] = until, value
            self._values.move_to_end(key)
            while len(self._values) > getattr(limits, self._limit):
                self._values.popitem(last=False)

    def discard(self, key: Key) -> None:
        """Remove *key*, if it is there."""
        with self._lock:
            self._values.pop(key, None)


class _Failure(NamedTuple):
    until: float
    times: int


class ResponderBackoff:
    """Which responders to wait for, and which of them know SHA-1 CertIDs only."""

    def __init__(self) -> None:
        self._failures: ExpiringMap[str, _Failure] = ExpiringMap()
        self._only_sha1: ExpiringMap[str, bool] = ExpiringMap()

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
