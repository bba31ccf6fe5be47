"""
BER (X.690 §8): read what DER forbids, and write it as DER.

Some programs send messages in BER, or in DER with small faults: a length in more octets
than necessary or of indefinite form, a string in segments, a time with a fraction of a
second. :func:`read` reads such data into a tree of elements, and
:meth:`Element.encode` writes it as DER and records each deviation. Data in DER is
written unchanged, and without a deviation.

The reader accepts less than X.690 allows. A length has at most nine octets, and a tag
number below 31 has one octet. There are at most ``MAX_TOLERATED_VALUES`` values, at
most ``MAX_DEPTH`` levels deep, and no octet follows the outermost value. The reader
reads each octet once. What it cannot write as DER it copies, and the strict reader
(:mod:`ocsp.asn1.der`) refuses it.
"""

from __future__ import annotations

import datetime
import enum
import re
from typing import NoReturn

from ocsp import limits
from ocsp.asn1.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    OCTET_STRING,
    SET,
    Deviation,
    encode,
)
from ocsp.asn1.times import encode_time, moments
from ocsp.errors import DERError, LimitExceeded

__all__ = [
    "TIME_CLAUSE",
    "Deviations",
    "Element",
    "Kind",
    "read",
]


TIME_CLAUSE = "RFC 5280 §4.1.2.5.2"
"""The clause that forbids the deviations of times."""


class Kind(enum.Enum):
    """
    The kinds of deviation, each with the clause that it violates.

    Attributes:
        message: What the sender did.

        clause: The clause that forbids it.
    """

    INDEFINITE = "a length has the indefinite form", "X.690 §10.1"
    LONG = "a length has more octets than necessary", "X.690 §10.1"
    SEGMENTS = "a string is in segments", "X.690 §10.2"
    TRUE = "TRUE is not encoded as FF", "X.690 §11.1"
    UNUSED_BITS = "an unused bit of a bit string is set", "X.690 §11.2.1"
    VERSION = "the default version v1 is encoded", "X.690 §11.5"
    NOT_CRITICAL = "the default FALSE of critical is encoded", "X.690 §11.5"
    PARAMETER = "a default value of RSASSA-PSS-params is encoded", "X.690 §11.5"
    ORDER = "the elements of a SET are not in order", "X.690 §11.6"
    FRACTION = "a time has a fraction of a second", TIME_CLAUSE
    OFFSET = "a time has an offset from UTC instead of Z", TIME_CLAUSE
    SECONDS = "a time has no seconds", TIME_CLAUSE

    def __init__(self, message: str, clause: str) -> None:
        self.message = message
        self.clause = clause


class Deviations:
    """The deviations in one message, counted by kind, so that their number is small."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Kind, tuple[Element, int]] = {}

    def add(self, kind: Kind, element: Element) -> None:
        """Record that *element* deviates from DER."""
        first, number = self._found.get(kind, (element, 0))
        self._found[kind] = first, number + 1

    def found(self) -> tuple[Deviation, ...]:
        """Return what was recorded, in the order of discovery."""
        return tuple(
            Deviation(kind.message, kind.clause, first._begin, first._within, number)
            for kind, (first, number) in self._found.items()
        )


MAX_LENGTH_OCTETS = 8
"""Octets of a length, after its first octet; the same limit as that of OpenSSL."""

_CONSTRUCTED = 0x20
_STRINGS = frozenset((BIT_STRING, OCTET_STRING, 0x0C, *range(0x12, 0x1F)))
"""The tags of the string types, and of times, which are strings too."""

_TIME = re.compile(rb"(\d{12})(?:(\d\d)(\.\d+)?)?(?:Z|([+-])(0\d|1[0-2])([0-5]\d))")
"""The times that OpenSSL accepts: seconds and offset are optional."""


class Element:
    """
    One value of the tree.

    Attributes:
        tag: The identifier octet.

        parts: The values inside, if it is constructed. A caller may remove some.

        der: The DER to write instead of this value; the caller sets it, or ``None``.
    """

    __slots__ = (
        "_begin",
        "_data",
        "_end",
        "_form",
        "_start",
        "_within",
        "der",
        "parts",
        "tag",
    )

    _end: int  # known after the values inside were read

    def __init__(
        self,
        data: bytes,
        within: str,
        tag: int,
        begin: int,
        start: int,
        form: Kind | None,
    ) -> None:
        self.tag = tag
        self.parts: list[Element] = []
        self.der: bytes | None = None
        self._data = data
        self._within = within
        self._begin = begin
        self._start = start
        self._form = form

    @property
    def octets(self) -> bytes:
        """The whole value, as received."""
        return self._data[self._begin : self._end]

    @property
    def content(self) -> bytes:
        """The content of a primitive value, as received."""
        return self._data[self._start : self._end]

    def inside(self) -> Element:
        """
        Return the one value whose encoding this OCTET STRING contains.

        Raises:
            DERError: If it contains something else, or is no OCTET STRING.
        """
        if self.tag == OCTET_STRING:
            return read(self._data, self._start, self._end, self._within)
        within = f" of the content of the OCTET STRING at offset {self._begin}"
        return read(self._string(OCTET_STRING), within=within)

    def encode(self, deviations: Deviations) -> bytes:
        """
        Return the DER of this value, and add what it deviates from to *deviations*.

        Raises:
            DERError: If it is a string whose segments are not strings.
        """
        if self.der is not None:
            return self.der
        if self._form is not None:
            deviations.add(self._form, self)
        kind = self.tag & ~_CONSTRUCTED
        if self.tag != kind and kind in _STRINGS:
            deviations.add(Kind.SEGMENTS, self)
            return self._primitive(kind, self._string(kind), deviations)
        if self.tag == kind:
            return self._primitive(kind, self.content, deviations)
        parts = [part.encode(deviations) for part in self.parts]
        if self.tag == SET and parts != sorted(parts):
            deviations.add(Kind.ORDER, self)
            parts.sort()
        return encode(self.tag, *parts)

    def _primitive(self, tag: int, content: bytes, deviations: Deviations) -> bytes:
        """Return the DER of the primitive value with *tag* and *content*."""
        if tag == BOOLEAN and len(content) == 1 and content not in (b"\x00", b"\xff"):
            deviations.add(Kind.TRUE, self)
            content = b"\xff"
        elif tag == BIT_STRING and len(content) > 1 and content[0] < 8:
            last = content[-1] >> content[0] << content[0]
            if last != content[-1]:
                deviations.add(Kind.UNUSED_BITS, self)
                content = content[:-1] + bytes((last,))
        elif tag == GENERALIZED_TIME:
            return self._time(content, deviations)
        return encode(tag, content)

    def _time(self, content: bytes, deviations: Deviations) -> bytes:
        """Return the DER of the time *content*: in UTC, without the fraction."""
        found = _TIME.fullmatch(content)
        if found is None:
            return encode(GENERALIZED_TIME, content)
        minute, second, fraction, sign, hours, minutes = found.groups()
        try:
            when = moments[minute + (second or b"00") + b"Z"]
            if sign:
                offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
                when = when - offset if sign == b"+" else when + offset
        except (ValueError, OverflowError):
            return encode(GENERALIZED_TIME, content)
        for kind, deviates in (
            (Kind.FRACTION, fraction),
            (Kind.OFFSET, sign),
            (Kind.SECONDS, not second),
        ):
            if deviates:
                deviations.add(kind, self)
        return encode_time(when)

    def _string(self, tag: int) -> bytes:
        """
        Return the joined segments of the constructed string with the type *tag*.

        The segments of a BIT STRING are BIT STRINGs, and only the last has unused bits
        (X.690 §8.6.4). Those of all other types are OCTET STRINGs (§8.7.3, §8.23.6).
        """
        expected = BIT_STRING if tag == BIT_STRING else OCTET_STRING
        segments = list(self._segments(expected))
        if tag != BIT_STRING:
            return b"".join(segments)
        if not segments or not all(segments) or any(each[0] for each in segments[:-1]):
            raise DERError("segments of a bit string are wrong", offset=self._begin)
        return segments[-1][:1] + b"".join(each[1:] for each in segments)

    def _segments(self, expected: int) -> list[bytes]:
        """Return the content of each segment; segments may be constructed again."""
        if self.tag == expected:
            return [self.content]
        found: list[bytes] = []
        for part in self.parts:
            if part.tag & ~_CONSTRUCTED != expected:
                raise DERError("a segment is not a string", offset=self._begin)
            found += part._segments(expected)
        return found


def read(
    data: bytes, start: int = 0, stop: int | None = None, within: str = ""
) -> Element:
    """
    Return the one value in *data* from *start* to *stop*, with all values inside.

    Args:
        data: The octets.

        start: Where the value begins.

        stop: Where it must end; by default at the end of *data*.

        within: What to append to a place if *data* is only a part of the message.

    Raises:
        DERError: If it is not BER, is truncated, or has octets after its end.
        LimitExceeded: If values are nested deeper than ``MAX_DEPTH``, or there are more
            than ``MAX_TOLERATED_VALUES``.
    """
    end = len(data) if stop is None else stop
    reader = _Reader(data, within)
    element = reader.read(start, end, 1)
    if element._end != end:
        reader.fail("octets follow the last value", element._end)
    return element


class _Reader:
    """The reader of one message: its octets, and how many values it has read."""

    __slots__ = ("_data", "_values", "_within")

    def __init__(self, data: bytes, within: str) -> None:
        self._data = data
        self._within = within
        self._values = 0

    def read(self, begin: int, end: int, depth: int) -> Element:
        """Read the value at *begin*, which ends at or before *end*."""
        self._values += 1
        for name, number, most in (
            ("MAX_DEPTH", depth, limits.MAX_DEPTH),
            ("MAX_TOLERATED_VALUES", self._values, limits.MAX_TOLERATED_VALUES),
        ):
            if number > most:
                raise LimitExceeded(name, number, most)
        element, stop = self._header(begin, end)
        if stop is None:
            self._parts_until_mark(element, end, depth)
            return element
        element._end = stop
        position = element._start
        while element.tag & _CONSTRUCTED and position < stop:
            part = self.read(position, stop, depth + 1)
            element.parts.append(part)
            position = part._end
        return element

    def _header(self, begin: int, end: int) -> tuple[Element, int | None]:
        """Return the value at *begin*, and its end; ``None`` if a mark ends it."""
        data = self._data
        if end - begin < 2:
            self.fail("value is missing: the data ends here", begin)
        tag, length, start = data[begin], data[begin + 1], begin + 2
        if tag & 0x1F == 0x1F or not tag:
            self.fail(f"the tag 0x{tag:02x} is not possible here", begin)
        form = None
        if length == 0x80:
            if not tag & _CONSTRUCTED:
                self.fail("a primitive value has an indefinite length", begin)
            form = Kind.INDEFINITE
            return Element(data, self._within, tag, begin, start, form), None
        if length > 0x80:
            count = length & 0x7F
            start += count
            if count > MAX_LENGTH_OCTETS or start > end:
                self.fail(f"a length in {count} octets", begin)
            length = int.from_bytes(data[start - count : start])
            if length < 0x80 or not data[start - count]:
                form = Kind.LONG
        stop = start + length
        if stop > end:
            self.fail(f"the length is {length}, but {end - start} octets follow", begin)
        return Element(data, self._within, tag, begin, start, form), stop

    def _parts_until_mark(self, element: Element, end: int, depth: int) -> None:
        """Read the values inside of *element* up to two zeros (X.690 §8.1.5)."""
        position = element._start
        while self._data[position : position + 2] != b"\x00\x00":
            part = self.read(position, end, depth + 1)
            element.parts.append(part)
            position = part._end
        if position + 2 > end:
            self.fail("the end-of-contents octets are missing", position)
        element._end = position + 2

    def fail(self, reason: str, offset: int) -> NoReturn:
        """Raise an error; *offset* is left out if the data is a part of a message."""
        raise DERError(reason, offset=None if self._within else offset)
