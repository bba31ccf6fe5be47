"""
Remember which requests came lately, by a few octets for each.

Most certificates of a large CA are asked about once in a while. To keep their answers
takes as long as to find them in the store, and displaces answers that many clients ask
for. So an answer from the store is kept in memory when it is asked for again.
"""

from __future__ import annotations

__all__ = ["AskedKeys"]

MAX_KEYS = 1 << 16
"""How many requests are remembered: about 6 MiB."""


class AskedKeys:
    """
    The requests that came lately.

    There are two generations: if the young one has half of the requests, it becomes the
    old one, and the one before is forgotten.
    """

    __slots__ = ("_old", "_young")

    def __init__(self) -> None:
        self._young: set[int] = set()
        self._old: set[int] = set()

    def ask(self, key: bytes) -> bool:
        """
        Remember a request, and return whether it came before.

        Sometimes another request has the same hash: then it says so too early.
        """
        number = hash(key)
        if number in self._young or number in self._old:
            return True
        if len(self._young) >= MAX_KEYS // 2:
            self._old, self._young = self._young, set()
        self._young.add(number)
        return False
