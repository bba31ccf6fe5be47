"""A bounded map whose values expire. It reads no clock: the caller passes the time."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from ocsp import limits
from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["ExpiringMap"]

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
        self._lock = ForkSafeLock()
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
