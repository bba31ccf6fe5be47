"""
What was found out of objects, remembered by their identity.

Certificates and keys of ``cryptography`` are asked about again and again, and the hash
of one costs more than a whole look-up by identity.

Rules of this file: an entry keeps its objects alive, so that their ids cannot pass to
others; and there are never more entries than were allowed.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["IdentityCache"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class IdentityCache(dict[Key, tuple[object, Value]], Generic[Key, Value]):
    """
    A mapping of ids, alone or with more, to the objects and what was found of them.

    It is read with ``get``, as a plain ``dict``.
    """

    __slots__ = ("_maximum",)

    def __init__(self, maximum: int) -> None:
        """
        Start with nothing.

        Args:
            maximum: Entries that may be there; with one more, all are forgotten.
        """
        super().__init__()
        self._maximum = maximum

    def keep(self, key: Key, objects: object, value: Value) -> Value:
        """Remember *value* under *key*, which has the ids of *objects*; return it."""
        if len(self) >= self._maximum:
            self.clear()
        self[key] = objects, value
        return value
