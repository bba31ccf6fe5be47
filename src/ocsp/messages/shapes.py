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

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from ocsp import limits
from ocsp.asn1.der import is_minimal

__all__ = ["NO_INTEGER", "Shapes", "Values"]

Layout = TypeVar("Layout")

MAX_SHAPES_PER_SIZE: Final = 8
"""Shapes tried for one size; to compare more would take as long as the reader."""

MAX_PART_BYTES: Final = 2048
"""Octets of a part that is learned. Longer ones seldom have the same size twice."""

BEGINNING_BYTES: Final = 10
"""Octets at the start of a part that are headers, in every kind of part: if these
differ, the shapes differ, and no mask is needed to see it."""

_FACTOR: Final = 3
"""Octets that a shape takes for each octet of the part: itself, and two masks."""

_LAYOUT_BYTES: Final = 2048
"""Octets that a shape takes besides."""


class Values(NamedTuple):
    """
    What differs in parts of one shape.

    Attributes:
        integer: The content of the one INTEGER, which must be minimal, or nothing.

        others: Values that are valid with any octets, or that the caller checks again.
    """

    integer: slice
    others: list[slice]


NO_INTEGER: Final = slice(0, 0)


class _Shape(Generic[Layout]):
    """
    A shape, whose mask is made when a second part of its size is looked up.

    Attributes:
        part: The part from which it was learned.

        layout: The layout.

        mask: Ones for the octets outside of the values; 0 if it is not made yet.

        fixed: These octets.

        integer: Where the content of the INTEGER begins, or 0.

        end: Where it ends.
    """

    __slots__ = ("end", "fixed", "integer", "layout", "mask", "part")

    def __init__(self, part: bytes, layout: Layout) -> None:
        self.part = part
        self.layout = layout
        self.mask, self.fixed = 0, 1  # fits no part
        self.integer = self.end = 0

    def make_mask(self, values: Values) -> None:
        """Make the mask; until it is set, the shape fits no part."""
        mask = bytearray(b"\xff" * len(self.part))
        for value in (values.integer, *values.others):
            mask[value] = bytes(value.stop - value.start)
        self.integer, self.end = values.integer.start, values.integer.stop
        ones = int.from_bytes(mask)
        self.fixed = int.from_bytes(self.part) & ones
        self.mask = ones


class Shapes(Generic[Layout]):
    """
    The known shapes of one kind of part, with their layouts.

    Attributes:
        octets: The estimated size of all shapes.
    """

    __slots__ = ("_by_size", "_older", "_values", "_young", "octets")

    def __init__(self, values: Callable[[Layout], Values]) -> None:
        """
        Make an empty cache, which lives as long as the program.

        Args:
            values: Returns what differs in parts with a layout.
        """
        self._values = values
        self._by_size: dict[int, list[_Shape[Layout]]] = {}
        self._older: dict[int, list[_Shape[Layout]]] = {}
        self._young = self.octets = 0
        limits.when_changed(self.forget)

    def find(self, part: bytes) -> Layout | None:
        """
        Return the layout of *part*, or ``None`` if its shape is not known.

        Also ``None`` if its INTEGER is not minimal.
        """
        known = self._by_size.get(len(part))
        if known is not None:
            number = int.from_bytes(part)
            for shape in known:
                if number & shape.mask == shape.fixed:
                    first = part[shape.integer]  # the tag, if there is no INTEGER
                    if 0 < first < 0xFF or is_minimal(part, shape.integer, shape.end):
                        return shape.layout
                    return None
        return self._find_again(part)

    def _find_again(self, part: bytes) -> Layout | None:
        """Find the layout among shapes without a mask and in the older generation."""
        size = len(part)
        known, older = self._by_size.get(size), self._older.get(size)
        if known is None and older is None:
            return None
        beginning = part[:BEGINNING_BYTES]
        for shape in known or ():
            if shape.mask == 0 and shape.part.startswith(beginning):
                shape.make_mask(self._values(shape.layout))
                if int.from_bytes(part) & shape.mask == shape.fixed:
                    return self.find(part)
        for shape in older or ():
            if shape.part.startswith(beginning):
                shape.make_mask(self._values(shape.layout))
                if int.from_bytes(part) & shape.mask == shape.fixed:
                    self._add(size, shape)
                    return self.find(part)
        return None

    def learn(self, part: bytes, layout: Layout) -> None:
        """Store the shape of *part*, which the reader accepted, with its *layout*."""
        size = len(part)
        if 0 < size <= MAX_PART_BYTES:
            self._add(size, _Shape(part, layout))

    def _add(self, size: int, shape: _Shape[Layout]) -> None:
        octets = _FACTOR * size + _LAYOUT_BYTES
        half = limits.MAX_CACHE_BYTES // 2
        if self._young + octets > half:
            self._older, self._by_size = self._by_size, {}
            self.octets, self._young = self._young, 0
        if octets > half:
            return
        known = self._by_size.get(size)
        if known is None:
            self._by_size[size] = [shape]
        elif len(known) < MAX_SHAPES_PER_SIZE:
            known.append(shape)
        else:
            self._by_size[size] = [*known[1:], shape]
            return
        self._young += octets
        self.octets += octets

    def forget(self) -> None:
        """Remove all shapes."""
        self._by_size = {}
        self._older = {}
        self._young = self.octets = 0
