"""
Retry and back-off: how long a client leaves a responder alone.

RFC 9110 §10.2.3 (Retry-After). Rules of this file: no clock; every moment is given, in
seconds of one monotonic clock. Nothing is remembered without an end, or beyond
a limit.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from ocsp import limits

__all__ = ["MOST_SECONDS", "ExpiringMap", "ResponderBackoff"]

MOST_SECONDS = 60.0
"""How long a responder is left alone at most where it does not say."""

MOST_RETRY_AFTER = 3600.0
"""How long it may ask to be left alone; more would be a way to switch checks off."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class ExpiringMap(Generic[Key, Value]):
    """Values that hold for a while; the oldest go first."""

    def __init__(self, limit: str = "MAX_REMEMBERED_FAILURES") -> None:
        """
        Begin without any.

        Args:
            limit: The name of the limit of :mod:`ocsp.limits` on how many are kept.
        """
        self._limit = limit
        self._lock = Lock()
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key, now: float) -> Value | None:
        """Return the value of *key* if it still holds at *now*."""
        found = self._values.get(key)
        if found is None:
            return None
        until, value = found
        if now < until:
            return value
        self.discard(key)
        return None

    def put(self, key: Key, value: Value, until: float) -> None:
        """Keep *value* until then."""
        with self._lock:
            self._values[key] = until, value
            self._values.move_to_end(key)
            while len(self._values) > getattr(limits, self._limit):
                self._values.popitem(last=False)

    def discard(self, key: Key) -> None:
        """Forget *key*."""
        with self._lock:
            self._values.pop(key, None)


class _Failure(NamedTuple):
    until: float
    times: int


class ResponderBackoff:
    """Which responders are left alone, and how they want to be asked."""

    def __init__(self) -> None:
        self._failures: ExpiringMap[str, _Failure] = ExpiringMap()
        self._only_sha1: ExpiringMap[str, bool] = ExpiringMap()

    def wait(self, origin: str, now: float) -> float:
        """Return for how many seconds *origin* is to be left alone; 0 if it is not."""
        failure = self._failures.get(origin, now)
        return max(0.0, failure.until - now) if failure is not None else 0.0

    def failed(
        self, origin: str, now: float, fraction: float, retry_after: float | None
    ) -> None:
        """
        Note that *origin* failed: it is left alone for 1, 2, 4 … 60 seconds.

        Args:
            origin: The responder.

            now: The moment.

            fraction: From 0 to 1, at random: up to a half is added, so that clients do
                not come back all at once.

            retry_after: For how many seconds it asked to be left alone, or ``None``.
        """
        before = self._failures.get(origin, now)
        if before is not None and now < before.until and retry_after is None:
            return  # many asked at the same time, and it is one failure
        times = before.times + 1 if before is not None else 1
        pause = min(MOST_SECONDS, 2.0 ** (times - 1)) * (1 + fraction / 2)
        if retry_after is not None:
            pause = min(max(retry_after, pause), MOST_RETRY_AFTER)
        # Kept for longer than it is left alone: another failure then counts higher.
        kept = now + pause + MOST_SECONDS
        self._failures.put(origin, _Failure(now + pause, times), kept)

    def answered(self, origin: str) -> None:
        """Note that *origin* answered."""
        self._failures.discard(origin)

    def prefers_sha1(self, origin: str, now: float) -> bool:
        """Tell whether *origin* has lately known certificates by SHA-1 only."""
        return self._only_sha1.get(origin, now) is True

    def note_sha1(self, origin: str, now: float) -> None:
        """Note that *origin* knew a certificate by SHA-1 that it did not by SHA-256."""
        self._only_sha1.put(origin, True, now + MOST_RETRY_AFTER)
