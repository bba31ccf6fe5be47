"""A bounded map whose values expire. It reads no clock: the caller passes the time."""

from __future__ import annotations

from typing import Generic, TypeVar

from ocsp import limits
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.memory.sizes import octets_of

__all__ = ["ExpiringMap"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class ExpiringMap(Generic[Key, Value]):
    """
    A mapping whose entries expire.

    It has at most ``MAX_REMEMBERED_FAILURES`` entries of at most
    ``MAX_REMEMBERED_BYTES`` octets, and first removes what was not used for the longest
    time.
    """

    def __init__(self) -> None:
        self._values: SizedMap[Key, tuple[float, Value]] = SizedMap(_limits)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def octets(self) -> int:
        """The estimated size of all entries."""
        return self._values.octets

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

    def put(self, key: Key, value: Value, until: float, *parts: object) -> None:
        """
        Keep *value* under *key*.

        Args:
            key: The key.

            value: The value.

            until: The time from which on it has expired.

            parts: What determines the size of *value*, if :func:`octets_of` does not
                know objects of its class.
        """
        octets = octets_of(key, *(parts or (value,)))
        self._values.put(key, (until, value), octets)

    def discard(self, key: Key) -> None:
        """Remove *key*, if it is there."""
        self._values.discard(key)


def _limits() -> tuple[int, int]:
    return limits.MAX_REMEMBERED_FAILURES, limits.MAX_REMEMBERED_BYTES
