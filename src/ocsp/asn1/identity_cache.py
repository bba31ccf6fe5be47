"""
A bounded cache of values by the identity of objects.

Programs use the same few certificates and keys of ``cryptography`` again and again.
Hashing such an object costs more than a whole look-up by its ``id``. An entry keeps
its objects alive, so that Python cannot reuse their ids for other objects.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["IdentityCache"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class IdentityCache(dict[Key, tuple[object, Value]], Generic[Key, Value]):
    """
    A mapping of ids to the objects and the value that was computed from them.

    A key contains the ids of all objects, and may contain more. Callers read the cache
    with ``get``, as a plain ``dict``.
    """

    __slots__ = ("_maximum",)

    def __init__(self, maximum: int) -> None:
        """
        Make an empty cache.

        Args:
            maximum: The largest number of entries; one more clears the cache first.
        """
        super().__init__()
        self._maximum = maximum

    def keep(self, key: Key, objects: object, value: Value) -> Value:
        """Store *value* under *key*, which has the ids of *objects*; return it."""
        if len(self) >= self._maximum:
            self.clear()
        self[key] = objects, value
        return value
