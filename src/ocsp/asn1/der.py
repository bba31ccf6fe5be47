"""
Strict DER (X.690): a cursor reader over ``bytes`` and a canonical writer.

Rules of this file:

* It knows nothing of OCSP. Callers say which tag they expect and what the field is
  called; a fault names that field and the offset.
* Definite, minimal lengths; minimal integers; exact booleans; no trailing octets.
* Plain functions on ``(data, position, end)`` that return positions: no object per
  value, no copy until a value is wanted, and no recursion. The first lines of
  :func:`content` are the hot path of the whole package.
"""

from __future__ import annotations

from typing import NoReturn

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
    "any_value",
    "bit_string",
    "content",
    "context",
    "depth",
    "encode",
    "encode_integer",
    "encode_oid",
    "end_of",
    "enumerated",
    "explicit",
    "fail",
    "integer",
    "integer_octets",
    "number_text",
    "oid",
    "oid_text",
    "sequence",
]

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
ENUMERATED = 0x0A
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

NULL_DER = b"\x05\x00"

MAX_LENGTH_OCTETS = 4
"""A length in five octets would be a value of over 4 GiB."""

MAX_OID_OCTETS = 63
"""Longer object identifiers are not in use; the same bound as the original's."""

MAX_DECIMAL_BITS = 160
"""Longer numbers are shown in hexadecimal; serial numbers have no more (RFC 5280)."""

MAX_ARC_BITS = 128
"""As many as an arc under 2.25, a UUID, has; the same bound as the original's."""


def context(number: int) -> int:
    """Return the identifier octet of a constructed context-specific tag."""
    return 0xA0 | number


# --- reading ---------------------------------------------------------------------


def content(
    data: bytes, position: int, end: int, tag: int, name: str
) -> tuple[int, int]:
    """
    Return where the content of the value at *position* starts and stops.

    The value must have the identifier octet *tag* and lie within *end*.

    Raises:
        DERError: If it is not canonical DER or cut off.
        SchemaError: If it has another tag.
    """
    try:
        length = data[position + 1]
        if data[position] == tag and length < 0x80:
            start = position + 2
            stop = start + length
            if stop <= end:
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
    Return the tag of the value at *position*, and where its content starts and stops.

    The tag is the identifier octet, or -1 for a tag in the high-tag-number form,
    which no OCSP field has. The content is not looked at.
    """
    return _header(data, position, end, name)


def depth(data: bytes, position: int, end: int, most: int) -> int:
    """
    Return how many levels of constructed values lie between *position* and *end*.

    It stops at one more than *most*, and judges nothing else: where a length is wrong,
    the rest of that value is not looked into, nor can anyone else read it.
    """
    ends: list[int] = []
    deepest = 0
    while deepest <= most:
        while position == end:
            if not ends:
                return deepest
            end = ends.pop()
        constructed = data[position] & 0x20
        try:
            _, start, stop = _header(data, position, end, "")
        except DERError:
            position = end
            continue
        position = stop
        if constructed:
            ends.append(end)
            deepest = max(deepest, len(ends))
            position, end = start, stop
    return deepest


def end_of(position: int, end: int, name: str) -> None:
    """
    Require that a constructed value has no more elements.

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
    Enter an EXPLICIT context tag *number* that wraps one value with *tag*.

    Returns:
        Where the inner content starts and stops, and where the wrapper ends
        (which is the same place, as nothing may follow inside).
    """
    start, outer = content(data, position, end, 0xA0 | number, name)
    start, stop = content(data, start, outer, tag, name)
    if stop != outer:
        end_of(stop, outer, name)
    return start, stop, outer


def integer(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return where the content of a minimal INTEGER starts and stops.

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


def enumerated(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return the value of an ENUMERATED of at most 32 bits, and where it stops.

    Raises:
        DERError: If it is not minimal, negative or larger.
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
    Return where the octets of a BIT STRING start and stop, its first octet left out.

    Raises:
        DERError: If the count of unused bits is wrong, or unused bits are set.
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


def oid(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """
    Return where the content of a well-formed OBJECT IDENTIFIER starts and stops.

    Raises:
        DERError: If an arc is cut off, not minimal, or the whole is too long.
    """
    start, stop = content(data, position, end, OBJECT_IDENTIFIER, name)
    try:
        oid_text(data[start:stop])
    except ValueError as error:
        fail(str(error), name, position)
    return start, stop


def oid_text(octets: bytes) -> str:
    """
    Return the dotted text of an object identifier's content octets.

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
    """Read any tag and any definite length, with a reason for each refusal."""
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
        fail(f"{length} octets announced, {end - start} there", name, position)
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


_TAG_NAMES = {
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

    The same as :func:`encode`, for those who write thousands: headers of short ones
    are kept.
    """
    size = len(body)
    header = _sequence_headers.get(size)
    if header is None:
        header = encode(SEQUENCE, body)[:-size] if size else b"\x30\x00"
        if size < MAX_KEPT_HEADER:
            _sequence_headers[size] = header
    return header + body


MAX_KEPT_HEADER = 4096
"""Octets of content up to which the header of a SEQUENCE is kept."""


def encode_integer(value: int) -> bytes:
    """Return the INTEGER *value*, minimal, in two's complement."""
    return encode(INTEGER, integer_octets(value))


def integer_octets(value: int) -> bytes:
    """Return the content of the INTEGER *value*."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, signed=True)


def number_text(value: int) -> str:
    """Return *value* for sentences; Python writes no decimal of any size."""
    return str(value) if value.bit_length() <= MAX_DECIMAL_BITS else f"{value:#x}"


def encode_oid(dotted: str) -> bytes:
    """
    Return the OBJECT IDENTIFIER of a dotted text such as ``1.3.6.1.5.5.7.48.1``.

    Only for texts that are known to be good (``x509.ObjectIdentifier`` has checked).
    """
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(septets))
    return encode(OBJECT_IDENTIFIER, bytes(octets))
