"""
LayoutCache: messages that differ in nothing but their values.

A responder gets the same few kinds of request, and a client the same few kinds of
response, over and over: the same tags, lengths, algorithms and names at the same
places, and between them another serial number, other times, another signature. Once
the reader has worked out where everything lies in one message (its *layout*), that
layout is right for every message that is equal in all octets outside the values.

Rules of this file: a shape is learned only from a message that the reader accepted in
full; what lies in a value's place must be acceptable whatever it is, or be checked by
the caller; and what is kept is bounded. So reading by shape gives what the reader
would give, which ``tests/property/test_layout_cache.py`` proves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ocsp import limits

__all__ = ["LayoutCache"]

Layout = TypeVar("Layout")

MAX_LAYOUTS = 256
"""Shapes kept; a responder for ten authorities meets some dozens. Then all are
forgotten, which costs no more than learning the live ones again."""

MAX_LAYOUTS_PER_SIZE = 8
"""Shapes tried for one size of message: more would cost as much as reading."""

MAX_LAYOUT_BYTES = 8192
"""Longer messages are read each time; a shape takes twice its size in memory."""


class LayoutCache(Generic[Layout]):
    """The shapes of one kind of message, with the layout of each."""

    __slots__ = ("_by_size", "_count")

    def __init__(self) -> None:
        # By size: mask, what is under it, where the serial number lies, the layout.
        self._by_size: dict[int, list[tuple[int, int, int, int, Layout]]] = {}
        self._count = 0
        limits.when_changed(self.forget)

    def find(self, data: bytes) -> Layout | None:
        """Return the layout of *data* if its shape is known and its serial minimal."""
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
        Keep the layout of *data*.

        Args:
            data: A message that was read without fault.

            layout: What was found out about it.

            serial: Where the content of its one serial number lies.

            values: Where all values lie that may differ, the serial number among them.
        """
        size = len(data)
        if size > MAX_LAYOUT_BYTES:
            return
        if self._count >= MAX_LAYOUTS:
            self.forget()
        known = self._by_size.setdefault(size, [])
        if len(known) >= MAX_LAYOUTS_PER_SIZE:
            known.clear()
        mask = bytearray(b"\xff" * size)
        for value in values:
            mask[value] = bytes(value.stop - value.start)
        number = int.from_bytes(mask)
        fixed = int.from_bytes(data) & number
        known.append((number, fixed, serial.start, serial.stop, layout))
        self._count += 1

    def forget(self) -> None:
        """Forget all shapes."""
        self._by_size = {}
        self._count = 0


def _minimal(data: bytes, start: int, stop: int) -> bool:
    """Tell whether the INTEGER has no superfluous octet (X.690 §8.3.2)."""
    return stop - start == 1 or (data[start] == 0) == (data[start + 1] >= 0x80)
