"""
Caches that are bounded by the memory that they take.

Messages come from untrusted senders, so a limit on the number of entries would not
limit the memory. A cache counts the octets of its entries instead, as its callers
estimate them. It is cleared before it would exceed its limit.

A key may contain the ``id`` of an object: hashing a certificate costs more than a
whole look-up. The value then holds the object, so that Python cannot reuse the id.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Generic, TypeVar

from ocsp import limits

__all__ = ["BoundedCache", "cached_by_octets"]

Key = TypeVar("Key")
Value = TypeVar("Value")

ENTRY_BYTES = 512
"""Octets that an entry takes besides its contents: the objects that hold these."""


class BoundedCache(dict[Key, Value], Generic[Key, Value]):
    """
    A mapping that is bounded in octets. Callers read it with ``get``, as a ``dict``.

    Attributes:
        octets: The estimated size of all entries.
    """

    __slots__ = ("_limit", "octets")

    def __init__(self, limit: str = "MAX_CACHE_BYTES") -> None:
        """
        Make an empty cache, which lives as long as the program.

        Args:
            limit: The name in :mod:`ocsp.limits` of the largest number of octets.
        """
        super().__init__()
        self._limit = limit
        self.octets = 0
        limits.when_changed(self.clear)

    def keep(self, key: Key, value: Value, octets: int) -> Value:
        """Store *value*, which takes about *octets* with its key; return it."""
        size, most = octets + ENTRY_BYTES, getattr(limits, self._limit)
        if self.octets + size > most:
            self.clear()
        if size <= most:
            self[key] = value
            self.octets += size
        return value

    def clear(self) -> None:
        """Remove all entries."""
        super().clear()
        self.octets = 0


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
            known = kept.get(octets)
            if known is not None:
                return known
            return kept.keep(octets, function(octets), factor * len(octets))

        return look_up

    return cached
