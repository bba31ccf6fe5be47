"""
A cache of layouts: where the fields of a message are.

Most messages that one program receives differ in their values only: the serial number,
the times and the signature differ, but tags, lengths, algorithms and names are the same
octets at the same positions. The *layout* of such a message holds the positions of all
fields. It is valid for each message that is equal in all octets outside of the values.

A layout is stored only for a message that the reader has accepted completely. Each
value must be valid for any octets, or the caller checks it again. Reading with the
cache therefore gives the same result as the reader alone;
``tests/property/test_layout_cache.py`` proves that. The cache is bounded in octets; a
full one is cleared, and then learns the layouts in use again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ocsp import limits

__all__ = ["LayoutCache"]

Layout = TypeVar("Layout")

MAX_LAYOUTS_PER_SIZE = 8
"""Layouts tried for one size of message; more would take as long as the reader."""

MAX_LAYOUT_BYTES = 8192
"""Octets of a message that is cached. Longer ones seldom have the same size twice."""

_FACTOR = 4
"""Octets that a layout takes for each octet of the message: two masks, certificates."""

_LAYOUT_BYTES = 2048
"""Octets that a layout takes besides."""


class LayoutCache(Generic[Layout]):
    """
    The layouts of one kind of message.

    Attributes:
        octets: The estimated size of all layouts.
    """

    __slots__ = ("_by_size", "octets")

    def __init__(self) -> None:
        # By size of the message: a mask of the fixed octets, these octets, the start
        # and end of the serial number, and the layout.
        self._by_size: dict[int, list[tuple[int, int, int, int, Layout]]] = {}
        self.octets = 0
        limits.when_changed(self.forget)

    def find(self, data: bytes) -> Layout | None:
        """
        Return the layout of *data*, or ``None``.

        Also ``None`` if the serial number in *data* is not a minimal INTEGER.
        """
        if type(data) is not bytes:
            return None
        known = self._by_size.get(len(data))
        if known is None:
            return None
        number = int.from_bytes(data)
        for mask, fixed, serial, stop, layout in known:
            if number & mask == fixed:
                if 0 < data[serial] < 0xFF or _minimal(data, serial, stop):
                    return layout
                return None
        return None

    def learn(
        self, data: bytes, layout: Layout, serial: slice, values: Iterable[slice]
    ) -> None:
        """
        Store the layout of *data*.

        Args:
            data: A message that the reader accepted.

            layout: Its layout.

            serial: The position of the content of its one serial number.

            values: The positions of all values that may differ, with that of the
                serial number.
        """
        size = len(data)
        if size > MAX_LAYOUT_BYTES:
            return
        if self.octets + _memory(size) > limits.MAX_CACHE_BYTES:
            self.forget()
        if _memory(size) > limits.MAX_CACHE_BYTES:
            return
        known = self._by_size.setdefault(size, [])
        if len(known) >= MAX_LAYOUTS_PER_SIZE:
            self.octets -= len(known) * _memory(size)
            known.clear()
        mask = bytearray(b"\xff" * size)
        for value in values:
            mask[value] = bytes(value.stop - value.start)
        number = int.from_bytes(mask)
        fixed = int.from_bytes(data) & number
        known.append((number, fixed, serial.start, serial.stop, layout))
        self.octets += _memory(size)

    def forget(self) -> None:
        """Remove all layouts."""
        self._by_size = {}
        self.octets = 0


def _memory(size: int) -> int:
    """Return about how many octets the layout of a message of *size* octets takes."""
    return _FACTOR * size + _LAYOUT_BYTES


def _minimal(data: bytes, start: int, stop: int) -> bool:
    """Return whether the INTEGER has no superfluous octet (X.690 §8.3.2)."""
    return stop - start == 1 or (data[start] == 0) == (data[start + 1] >= 0x80)
