"""
Caches that are bounded by the memory that they take.

Messages come from untrusted senders, so a limit on the number of entries would not
limit the memory. A cache counts the octets of its entries instead, as its callers
estimate them.

A cache has two generations of entries, each with half of the octets. New entries belong
to the younger generation. If that is full, it becomes the older one, and the entries
that were in the older one are removed. An entry that is used again moves into the
younger generation. So entries in use stay, whatever else a sender makes a program read,
and no call removes entries one by one.

A key may contain the ``id`` of an object: hashing a certificate costs more than a
whole look-up. The value then holds the object, so that Python cannot reuse the id.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, Generic, TypeVar

from ocsp import limits

__all__ = ["BoundedCache", "cached_by_octets"]

Key = TypeVar("Key")
Value = TypeVar("Value")

ENTRY_BYTES: Final = 512
"""Octets that an entry takes besides its contents: the objects that hold these."""


class BoundedCache(dict[Key, Value | None], Generic[Key, Value]):
    """
    A mapping that is bounded in octets: ``cache[key]`` is ``None`` for an unknown key.

    As a mapping, it contains the younger generation only.

    Attributes:
        octets: The estimated size of the entries in both generations.
    """

    __slots__ = ("_limit", "_older", "_sizes", "_young", "octets")

    def __init__(self, limit: str = "MAX_CACHE_BYTES") -> None:
        """
        Make an empty cache, which lives as long as the program.

        Args:
            limit: The name in :mod:`ocsp.limits` of the largest number of octets.
        """
        super().__init__()
        self._limit = limit
        self._older: dict[Key, Value | None] = {}
        self._sizes: dict[Key, int] = {}
        self._young = self.octets = 0
        limits.when_changed(self.clear)

    def __missing__(self, key: Key) -> Value | None:
        """Return the value of *key* in the older generation, which moves it."""
        value = self._older.pop(key, None)
        if value is None:
            return None
        size = self._size(key)
        self.octets -= size
        return self.keep(key, value, size - ENTRY_BYTES)

    def keep(self, key: Key, value: Value, octets: int) -> Value:
        """Store *value*, which takes about *octets* with its key; return it."""
        size, most = octets + ENTRY_BYTES, getattr(limits, self._limit) // 2
        if self._young + size > most:
            self._age()
        if key in self:
            self._young -= self._size(key)
            self.octets -= self._size(key)
        if size <= most:
            self._sizes[key] = size
            self[key] = value
            self._young += size
            self.octets += size
        return value

    def _age(self) -> None:
        """Remove the older generation, and begin another younger one."""
        older = dict(self)
        self._sizes = {key: self._size(key) for key in older}
        self._older = older
        self.octets, self._young = self._young, 0
        super().clear()

    def _size(self, key: Key) -> int:
        """Return the size of an entry; another thread can have removed it just now."""
        return self._sizes.get(key, ENTRY_BYTES)

    def clear(self) -> None:
        """Remove all entries."""
        super().clear()
        self._older, self._sizes = {}, {}
        self._young = self.octets = 0


def cached_by_octets(
    factor: int,
) -> Callable[[Callable[[bytes], Value]], Callable[[bytes], Value]]:
    """
    Cache the results of a function of octets, which are never ``None``.

    Args:
        factor: How many octets an entry takes for each octet of the argument.
    """

    def cached(function: Callable[[bytes], Value]) -> Callable[[bytes], Value]:
        kept: BoundedCache[bytes, Value] = BoundedCache()

        @wraps(function)
        def look_up(octets: bytes) -> Value:
            known = kept[octets]
            if known is not None:
                return known
            return kept.keep(octets, function(octets), factor * len(octets))

        return look_up

    return cached
