"""A mapping that is bounded in entries and in octets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["SizedMap"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class SizedMap(Generic[Key, Value]):
    """
    A mapping that removes what was not used for the longest time. Threads may share it.

    Attributes:
        octets: The size of all entries, as the callers estimated them.
    """

    __slots__ = ("_entries", "_limits", "_lock", "octets")

    def __init__(self, limits: Callable[[], tuple[int, int]]) -> None:
        """
        Make an empty mapping.

        Args:
            limits: Returns the largest number of entries, and of octets.
        """
        self._limits = limits
        self._lock = ForkSafeLock()
        self._entries: OrderedDict[Key, tuple[int, Value]] = OrderedDict()
        self.octets = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of *key*, which is used now; or ``None``."""
        if not self._entries:  # as long as no responder fails, most maps are empty
            return None
        with self._lock.held:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
        return found[1]

    def put(self, key: Key, value: Value, octets: int) -> None:
        """Keep *value*, which takes *octets* with its key, in the place of another."""
        most_entries, most_octets = self._limits()
        with self._lock.held:
            self._remove(key)
            self._entries[key] = octets, value
            self.octets += octets
            while len(self._entries) > most_entries or self.octets > most_octets:
                self._remove(next(iter(self._entries)))

    def discard(self, key: Key) -> None:
        """Remove *key*, if it is there."""
        if not self._entries:
            return
        with self._lock.held:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        octets, _ = self._entries.pop(key, (0, None))
        self.octets -= octets
