"""Read a file line by line, each line up to a length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ocsp import limits
from ocsp.status.importing.formats.rows import Oddity, OddityKind

__all__ = ["Line", "read_lines"]


class Line(NamedTuple):
    """
    One line of a file.

    Attributes:
        number: Its number, from 1.

        octets: Its content, without the line end.
    """

    number: int
    octets: bytes

    @property
    def place(self) -> str:
        """How an oddity names the line."""
        return f"line {self.number:,}"

    def odd(self, reason: str, kind: OddityKind = OddityKind.UNREADABLE) -> Oddity:
        """Return an oddity about this line."""
        return Oddity(self.place, kind, reason)


def read_lines(file: BinaryIO) -> Iterator[Line | Oddity]:
    """
    Return the lines of *file* that are not empty.

    A line of more than ``MAX_IMPORT_LINE_BYTES`` is an oddity. It is skipped in pieces,
    so that it takes no memory.
    """
    longest, number = limits.MAX_IMPORT_LINE_BYTES, 0
    while octets := file.readline(longest + 1):
        number += 1
        text = octets.rstrip(b"\r\n")
        if len(octets) > longest and not octets.endswith(b"\n"):
            _skip_line(file)
            yield Line(number, b"").odd(f"has more than {longest:,} octets")
        elif text:
            yield Line(number, text)


def _skip_line(file: BinaryIO) -> None:
    while octets := file.readline(limits.MAX_IMPORT_LINE_BYTES):
        if octets.endswith(b"\n"):
            return
