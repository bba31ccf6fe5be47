"""
Find entries by their serial numbers, in eight octets of memory for each entry.

A list of certificates may have millions of entries, so no object is made for each: the
index has the positions of the entries in the data, ordered by buckets. Unlike a
dictionary, it takes four octets for each entry, and four for each bucket of some.
"""

from __future__ import annotations

from array import array
from itertools import accumulate

__all__ = ["SerialIndex", "SerialIndexBuilder"]

_PER_BUCKET = 4


class SerialIndexBuilder:
    """Takes the entries in the order of the data."""

    __slots__ = ("_hashes", "_positions")

    def __init__(self) -> None:
        self._positions, self._hashes = array("I"), array("I")

    def add(self, serial: bytes, position: int) -> None:
        """
        Add the entry at *position*, which is below 2³².

        Args:
            serial: The content of the INTEGER; other octets of the same number are
                another serial number here.

            position: Where the entry is in the data.
        """
        self._hashes.append(_hash(serial))
        self._positions.append(position)

    def build(self) -> SerialIndex:
        """Return the index of all entries."""
        return SerialIndex(*_in_buckets(self._positions, self._hashes))


class SerialIndex:
    """The positions of entries, immutable."""

    __slots__ = ("_bounds", "_order")

    def __init__(self, order: array[int], bounds: array[int]) -> None:
        """
        Use the positions *order*, whose buckets start at *bounds*.

        A :class:`SerialIndexBuilder` makes both.
        """
        self._order = order
        self._bounds = bounds

    def __len__(self) -> int:
        return len(self._order)

    @property
    def octets(self) -> int:
        """The size of the index."""
        return sum(each.itemsize * len(each) for each in (self._order, self._bounds))

    def candidates(self, serial: bytes) -> array[int]:
        """Return where entries with *serial*, and a few others, are, in their order."""
        bucket = _hash(serial) % (len(self._bounds) - 1)
        return self._order[self._bounds[bucket] : self._bounds[bucket + 1]]


def _hash(serial: bytes) -> int:
    return hash(serial) & 0xFFFFFFFF


def _in_buckets(
    positions: array[int], hashes: array[int]
) -> tuple[array[int], array[int]]:
    """Return *positions* in the order of buckets, and where each bucket starts."""
    count = len(positions) // _PER_BUCKET + 1
    bounds = array("I", bytes(array("I").itemsize * (count + 1)))
    for each in hashes:
        bounds[each % count + 1] += 1
    bounds = array("I", accumulate(bounds))
    following, order = bounds[:], positions[:]
    for position, each in zip(positions, hashes, strict=True):
        bucket = each % count
        order[following[bucket]] = position
        following[bucket] += 1
    return order, bounds
