"""
Limit the size and the nesting of data before a parser of another library reads it.

Such a parser may recurse, and then a few kilobytes of nested values can end the
process. The check reads DER and BER, also inside of strings, because parsers decode
what an extension or a key contains. It does not recurse, and reads each header once.
"""

from __future__ import annotations

from typing import Final

from ocsp import limits
from ocsp.errors import LimitExceeded

__all__ = ["check_parsable", "depth"]

_CONSTRUCTED: Final = 0x20
_BIT_STRING: Final = 0x03
_OCTET_STRING: Final = 0x04
_CONTAINERS: Final = frozenset(
    tag
    for tag in range(0x100)
    if tag & _CONSTRUCTED or tag in {_BIT_STRING, _OCTET_STRING}
)
"""The tags of values that can contain others; the two strings can, too."""

_HIGH_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_MARK: Final = b"\x00\x00"
"""What ends a value of indefinite length (X.690 §8.1.5)."""


def check_parsable(data: bytes, *, path: str = "", offset: int | None = None) -> None:
    """
    Check that a parser of another library may read *data*.

    Not checked: whether *data* is well-formed.

    Args:
        data: The octets that the parser gets.

        path: The field that they are, for the error.

        offset: Where the field begins, in octets, for the error.

    Raises:
        LimitExceeded: If *data* is longer than ``MAX_PARSED_BYTES``, or its values are
            nested deeper than ``MAX_DEPTH``.
    """
    size = len(data)
    if size > limits.MAX_PARSED_BYTES:
        raise LimitExceeded(
            "MAX_PARSED_BYTES", size, limits.MAX_PARSED_BYTES, path=path, offset=offset
        )
    levels = depth(data, limits.MAX_DEPTH, least=limits.MAX_DEPTH)
    if levels > limits.MAX_DEPTH:
        raise LimitExceeded(
            "MAX_DEPTH", levels, limits.MAX_DEPTH, path=path, offset=offset
        )


def depth(data: bytes, most: int, *, least: int = 0) -> int:
    """
    Return the number of levels of values that contain other values.

    A string counts as a level, because its content may be a value. Where a header is
    wrong, the rest of the value around it is skipped: no parser can go further there.

    Args:
        data: The values.

        most: Where counting stops: the result is at most one more.

        least: What to return if there are fewer levels. Values that are too short for
            more of them are not read, so this takes less time.
    """
    outer: list[tuple[int, bool, int]] = []
    end, indefinite = len(data), False  # where it ends, and whether a mark may end it
    deepest, position = least, 0
    # Each level takes two octets at least, so a value of so many has no more levels.
    short = 2 * (deepest - 1)
    while True:
        if end - position < 2:
            position = end
        elif indefinite and data[position : position + 2] == _MARK:
            position += 2
        else:
            tag, length = data[position], data[position + 1]
            start, unknown = position + 2, False
            stop = start + length
            if length >= 0x80 or tag & _HIGH_TAG == _HIGH_TAG or stop > end:
                tag, start, stop, unknown = _header(data, position, end)
            elif tag == _BIT_STRING:
                start += 1  # the first octet is the number of unused bits
            if (stop - start <= short and not unknown) or tag not in _CONTAINERS:
                position = stop
                continue
            outer.append((end, indefinite, short))
            level = len(outer)
            if level > deepest:
                deepest = level
                if deepest > most:
                    return deepest
            end, indefinite, position = stop, unknown, start
            short = 2 * (deepest - level - 1)
            continue
        if not outer:
            return deepest
        end, indefinite, short = outer.pop()


def _header(data: bytes, position: int, end: int) -> tuple[int, int, int, bool]:
    """
    Return the tag at *position*, and where its content starts and ends.

    The last value is whether the length is indefinite: the content ends at a mark, and
    at *end* at the latest. A wrong header counts as one that ends at *end*.
    """
    tag, length, start = data[position], data[position + 1], position + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        while length >= 0x80 and start < end:
            length, start = data[start], start + 1
        if start == end:
            return tag, end, end, False
        length, start = data[start], start + 1
    if length == _INDEFINITE:
        return tag, start, end, True
    if length > _INDEFINITE:
        octets = length - _INDEFINITE
        length = int.from_bytes(data[start : start + octets])
        start += octets
    stop = start + length
    if stop > end:
        return tag, end, end, False
    # The first octet of a BIT STRING is the number of unused bits.
    return tag, start + (tag == _BIT_STRING), stop, False
