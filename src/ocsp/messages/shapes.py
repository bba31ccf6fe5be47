"""
Shapes: parts of messages that differ in their values only.

Two entries of responses mostly differ in their hashes, serial numbers and times, but
have the same tags, lengths and algorithms at the same positions. Both have the same
*shape*: equal octets outside of the values. The positions of their fields are the same
too, so a reader finds them once for each shape, in a *layout*.

A shape is learned only from a part that the reader has accepted completely. Each value
must be valid for any octets, or the caller checks it again. Reading with shapes
therefore gives the same result as the reader alone; ``tests/property/test_pieces.py``
proves that.

The shapes are in two generations, which are bounded in octets as those of a
:class:`ocsp.asn1.bounded_cache.BoundedCache`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ocsp import limits

__all__ = ["Shapes"]

Layout = TypeVar("Layout")

MAX_SHAPES_PER_SIZE = 8
"""Shapes tried for one size; to compare more would take as long as the reader."""

MAX_PART_BYTES = 2048
"""Octets of a part that is learned. Longer ones seldom have the same size twice."""

_FACTOR = 2
"""Octets that a shape takes for each octet of the part: two masks."""

_LAYOUT_BYTES = 2048
"""Octets that a shape takes besides."""


class Shapes(Generic[Layout]):
    """
    The known shapes of one kind of part, with their layouts.

    Attributes:
        octets: The estimated size of all shapes.
    """

    __slots__ = ("_by_size", "_older", "_older_octets", "octets")

    def __init__(self) -> None:
        # By size of the part: a mask of the fixed octets, these octets, the layout.
        self._by_size: dict[int, list[tuple[int, int, Layout]]] = {}
        self._older: dict[int, list[tuple[int, int, Layout]]] = {}
        self._older_octets = self.octets = 0
        limits.when_changed(self.forget)

    def find(self, part: bytes) -> Layout | None:
        """Return the layout of *part*, or ``None`` if its shape is not known."""
        size = len(part)
        known = self._by_size.get(size)
        if known is not None:
            number = int.from_bytes(part)
            for mask, fixed, layout in known:
                if number & mask == fixed:
                    return layout
        return self._find_older(part, size)

    def _find_older(self, part: bytes, size: int) -> Layout | None:
        """Find the layout in the older generation, and move it to the younger one."""
        known = self._older.get(size)
        if known is None:
            return None
        number = int.from_bytes(part)
        for shape in known:
            mask, fixed, layout = shape
            if number & mask == fixed:
                self._add(size, shape)
                return layout
        return None

    def learn(self, part: bytes, layout: Layout, values: Iterable[slice]) -> None:
        """
        Store the shape of *part*.

        Args:
            part: What the reader accepted.

            layout: Its layout.

            values: The positions of all values that may differ.
        """
        size = len(part)
        if size > MAX_PART_BYTES:
            return
        mask = bytearray(b"\xff" * size)
        for value in values:
            mask[value] = bytes(value.stop - value.start)
        number = int.from_bytes(mask)
        self._add(size, (number, int.from_bytes(part) & number, layout))

    def _add(self, size: int, shape: tuple[int, int, Layout]) -> None:
        octets = _FACTOR * size + _LAYOUT_BYTES
        half = limits.MAX_CACHE_BYTES // 2
        if self.octets - self._older_octets + octets > half:
            self._older, self._by_size = self._by_size, {}
            self.octets -= self._older_octets
            self._older_octets = self.octets
        if octets > half:
            return
        known = self._by_size.get(size, [])
        if len(known) >= MAX_SHAPES_PER_SIZE:
            known = known[1:]
            self.octets -= octets
        self._by_size[size] = [*known, shape]
        self.octets += octets

    def forget(self) -> None:
        """Remove all shapes."""
        self._by_size = {}
        self._older = {}
        self._older_octets = self.octets = 0
