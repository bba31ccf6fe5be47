"""
Strict DER (X.690): a cursor reader over ``bytes`` and a canonical writer.

This module knows nothing of OCSP. Callers pass the tag that they expect and the name
of the field; an error contains this name and the offset. The reader requires definite
and minimal lengths, minimal integers, exact booleans and no trailing octets.

The reader consists of plain functions on ``(data, position, end)`` that return
positions: it makes no object per value, copies nothing until a value is needed, and
does not recurse. The first lines of :func:`content` are the hot path of the whole
package.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from ocsp.errors import DERError, SchemaError

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "ENUMERATED",
    "GENERALIZED_TIME",
    "INTEGER",
    "NULL",
    "NULL_DER",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "Deviation",
    "any_value",
    "bit_string",
    "content",
    "context",
    "encode",
    "encode_integer",
    "encode_oid",
    "end_of",
    "enumerated",
    "explicit",
    "fail",
    "integer",
    "integer_octets",
    "is_minimal",
    "moved",
    "number_text",
    "octets_in_bits",
    "oid",
    "oid_text",
    "sequence",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

NULL_DER: Final = b"\x05\x00"

MAX_LENGTH_OCTETS: Final = 4
"""Octets of a length. A length in five octets means a value of over 4 GiB."""

MAX_OID_OCTETS: Final = 63
"""Octets of an object identifier; the same limit as that of ``cryptography``."""

MAX_DECIMAL_BITS: Final = 160
"""
Bits of a number that is shown in decimal; longer ones are shown in hexadecimal. Serial
numbers have at most 160 bits (RFC 5280 §4.1.2.2).
"""

MAX_ARC_BITS: Final = 128
"""
Bits of an arc of an object identifier; the same limit as that of ``cryptography``. An
arc under 2.25, which is a UUID, has as many.
"""


class Deviation(NamedTuple):
    """
    A deviation from DER that the reader tolerated.

    Attributes:
        message: What the sender did.

        clause: The clause that forbids it.

        offset: The position of its first occurrence, in octets.

        within: Where the offset counts from, if that is not the start of the message:
            inside of a string in segments it counts from the start of the joined
            segments.

        occurrences: In how many places it occurs.
    """

    message: str
    clause: str
    offset: int
    within: str
    occurrences: int

    def __str__(self) -> str:
        more = self.occurrences - 1
        others = f" and {more} more {'places' if more > 1 else 'place'}" if more else ""
        place = f"offset {self.offset}{self.within}"
        return f"{self.message}, at {place}{others} ({self.clause})"


def context(number: int) -> int:
    """Return the identifier octet of a constructed context-specific tag."""
    return 0xA0 | number


# --- reading ---------------------------------------------------------------------


def content(
    data: bytes, position: int, end: int, tag: int, name: str
) -> tuple[int, int]:
    """
    Return where the content of the value at *position* starts and ends.

    The value must have the identifier octet *tag* and end at or before *end*.

    Raises:
        DERError: If it is not canonical DER, or truncated.
        SchemaError: If it has another tag.
    """
    try:
        length = data[position + 1]
        if data[position] == tag:
            start, least = position + 2, 0
            if length == 0x81:
                start, length, least = position + 3, data[start], 0x80
            elif length == 0x82:
                length = data[start] << 8 | data[position + 3]
                start, least = position + 4, 0x100
            elif length > 0x7F:
                least = length + 1  # no usual length: the function below reads it
            stop = start + length
            if stop <= end and length >= least:
                return start, stop
    except IndexError:
        pass
    found, start, stop = _header(data, position, end, name)
    if found != tag:
        raise SchemaError(
            f"expected {_tag_name(tag)}, found {_tag_name(found)}",
            path=name,
            offset=position,
        )
    return start, stop


def any_value(data: bytes, position: int, end: int, name: str) -> tuple[int, int, int]:
    """
    Return the tag of the value at *position*, and where its content starts and ends.

    The tag is the identifier octet, or -1 for a tag in the high-tag-number form,
    which no OCSP field has. The content is not checked.
    """
    try:
        tag, length = data[position], data[position + 1]
        if length < 0x80 and tag & 0x1F != 0x1F:
            start = position + 2
            stop = start + length
            if stop <= end:
                return tag, start, stop
    except IndexError:
        pass
    return _header(data, position, end, name)


def end_of(position: int, end: int, name: str) -> None:
    """
    Check that a constructed value has no more elements.

    Raises:
        DERError: If *position* is before *end*.
    """
    if position != end:
        raise DERError(
            f"{end - position} unexpected octets after the last field",
            path=name,
            offset=position,
        )


def explicit(
    data: bytes, position: int, end: int, number: int, tag: int, name: str
) -> tuple[int, int, int]:
    """
    Read an EXPLICIT context tag *number* that contains one value with *tag*.

    Returns:
        Where the inner content starts and ends, and where the outer value ends (the
        same position as the second).
    """
    start, outer = content(data, position, end, 0xA0 | number, name)
    start, stop = content(data, start, outer, tag, name)
    if stop != outer:
        end_of(stop, outer, name)
    return start, stop, outer


def integer(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return where the content of a minimal INTEGER starts and ends.

    Raises:
        DERError: If it is empty or has a superfluous leading octet (X.690 §8.3.2).
    """
    start, stop = content(data, position, end, INTEGER, name)
    if stop - start > 1:
        first = data[start]
        if (first == 0x00 and data[start + 1] < 0x80) or (
            first == 0xFF and data[start + 1] >= 0x80
        ):
            fail("integer is not minimal", name, position)
    elif stop == start:
        fail("integer is empty", name, position)
    return start, stop


def moved(position: slice, by: int) -> slice:
    """Return the position that is *by* octets later."""
    return slice(position.start + by, position.stop + by)


def is_minimal(octets: bytes, start: int, stop: int) -> bool:
    """
    Return whether the content of an INTEGER is minimal (X.690 §8.3.2).

    It has one octet at least.
    """
    first = octets[start]
    if 0 < first < 0xFF or stop - start == 1:
        return True
    return (first == 0) == (octets[start + 1] >= 0x80)


def enumerated(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return the value of an ENUMERATED of at most 32 bits, and where it ends.

    Raises:
        DERError: If it is empty, negative, larger or not minimal.
    """
    start, stop = content(data, position, end, ENUMERATED, name)
    octets = data[start:stop]
    if not octets or octets[0] >= 0x80:
        fail("enumeration is empty or negative", name, position)
    if len(octets) > 1 and octets[0] == 0 and octets[1] < 0x80:
        fail("enumeration is not minimal", name, position)
    if len(octets.lstrip(b"\x00")) > 4:
        fail("enumeration is larger than 32 bits", name, position)
    return int.from_bytes(octets), stop


def bit_string(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return where the octets of a BIT STRING start and end, without its first octet.

    Raises:
        DERError: If the number of unused bits is wrong, or an unused bit is set.
    """
    start, stop = content(data, position, end, BIT_STRING, name)
    if start == stop:
        fail("bit string is empty", name, position)
    unused = data[start]
    if unused and (
        unused > 7 or stop - start == 1 or data[stop - 1] & ((1 << unused) - 1)
    ):
        fail("bit string has wrong unused bits", name, position)
    return start + 1, stop


def octets_in_bits(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return what :func:`bit_string` does, of a BIT STRING without unused bits.

    A signature is one. Unused bits are not part of it: anyone could change them.

    Raises:
        DERError: If it has unused bits; and as :func:`bit_string`.
    """
    start, stop = bit_string(data, position, end, name)
    if data[start - 1] != 0:
        fail("is not a whole number of octets", name, start - 1)
    return start, stop


def oid(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return where the content of a well-formed OBJECT IDENTIFIER starts and ends.

    Raises:
        DERError: If it is empty, truncated or too long, or an arc is too large or not
            minimal.
    """
    start, stop = content(data, position, end, OBJECT_IDENTIFIER, name)
    try:
        oid_text(data[start:stop])
    except ValueError as error:
        fail(str(error), name, position)
    return start, stop


@lru_cache(maxsize=512)
def oid_text(octets: bytes) -> str:
    """
    Return the dotted text of an object identifier's content octets; cached.

    Raises:
        ValueError: If the octets are not an object identifier.
    """
    if not octets or len(octets) > MAX_OID_OCTETS:
        raise ValueError("object identifier is empty or too long")
    arcs: list[int] = []
    arc = 0
    fresh = True
    for octet in octets:
        if fresh and octet == 0x80:
            raise ValueError("arc of an object identifier is not minimal")
        arc = arc << 7 | octet & 0x7F
        fresh = octet < 0x80
        if fresh:
            if arc >> MAX_ARC_BITS:
                raise ValueError("arc of an object identifier is too large")
            arcs.append(arc)
            arc = 0
    if not fresh:
        raise ValueError("object identifier is cut off")
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))


def fail(reason: str, name: str, offset: int) -> NoReturn:
    """Raise :class:`DERError` for the field *name* at *offset*."""
    raise DERError(reason, path=name, offset=offset)


def _header(data: bytes, position: int, end: int, name: str) -> tuple[int, int, int]:
    """Read any tag and any definite length; raise an error with its exact reason."""
    if position >= end:
        fail("value is missing: the data ends here", name, position)
    tag = data[position]
    start = position + 1
    if tag & 0x1F == 0x1F:
        start = _high_tag(data, start, end, name)
        tag = -1
    if start >= end:
        fail("length is missing: the data ends here", name, position)
    length = data[start]
    start += 1
    if length >= 0x80:
        length, start = _long_length(data, start, end, length & 0x7F, name)
    stop = start + length
    if stop > end:
        fail(f"the length is {length}, but {end - start} octets follow", name, position)
    return tag, start, stop


def _long_length(
    data: bytes, start: int, end: int, count: int, name: str
) -> tuple[int, int]:
    if count == 0:
        fail("indefinite length is not DER", name, start - 1)
    if count > MAX_LENGTH_OCTETS:
        fail(f"length in {count} octets", name, start - 1)
    if start + count > end:
        fail("length is cut off", name, start - 1)
    length = int.from_bytes(data[start : start + count])
    if length < 0x80 or length >> (8 * (count - 1)) == 0:
        fail("length is not minimal", name, start - 1)
    return length, start + count


def _high_tag(data: bytes, start: int, end: int, name: str) -> int:
    """Step over a tag number above 30, which takes at most four octets here."""
    number = 0
    for count in range(4):
        if start >= end:
            break
        octet = data[start]
        start += 1
        number = number << 7 | octet & 0x7F
        if count == 0 and octet == 0x80:
            break
        if octet < 0x80:
            if number < 0x1F:
                break
            return start
    return fail("tag is not well-formed", name, start)


_TAG_NAMES: Final = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    ENUMERATED: "ENUMERATED",
    GENERALIZED_TIME: "GeneralizedTime",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}


def _tag_name(tag: int) -> str:
    if tag < 0:
        return "a high tag number"
    if tag & 0xC0 == 0x80:
        return f"[{tag & 0x1F}]"
    return _TAG_NAMES.get(tag, f"tag 0x{tag:02x}")


# --- writing ---------------------------------------------------------------------


def encode(tag: int, *parts: bytes) -> bytes:
    """Return the value with identifier octet *tag* and *parts* as its content."""
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return b"%c%c%b" % (tag, length, body)
    if length < 0x100:
        return b"%c\x81%c%b" % (tag, length, body)
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return b"%c%c%b%b" % (tag, 0x80 | len(octets), octets, body)


_sequence_headers: dict[int, bytes] = {}


def sequence(body: bytes) -> bytes:
    """
    Return the SEQUENCE with the content *body*.

    The result is that of :func:`encode`; the headers of short values are cached, which
    helps callers that encode thousands.
    """
    size = len(body)
    header = _sequence_headers.get(size)
    if header is None:
        header = encode(SEQUENCE, body)[:-size] if size else b"\x30\x00"
        if size < MAX_KEPT_HEADER:
            _sequence_headers[size] = header
    return header + body


MAX_KEPT_HEADER: Final = 4096
"""Octets of content up to which :func:`sequence` caches the header."""


def encode_integer(value: int) -> bytes:
    """Return the INTEGER *value*, minimal, in two's complement."""
    return encode(INTEGER, integer_octets(value))


def integer_octets(value: int) -> bytes:
    """Return the content of the INTEGER *value*."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, signed=True)


def number_text(value: int) -> str:
    """Return *value* as text: long numbers, which Python refuses, in hexadecimal."""
    return str(value) if value.bit_length() <= MAX_DECIMAL_BITS else f"{value:#x}"


def encode_oid(dotted: str) -> bytes:
    """
    Return the OBJECT IDENTIFIER of a dotted text such as ``1.3.6.1.5.5.7.48.1``.

    The text must be valid; ``x509.ObjectIdentifier`` checks that.
    """
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(septets))
    return encode(OBJECT_IDENTIFIER, bytes(octets))
