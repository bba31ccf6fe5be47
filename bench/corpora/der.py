"""Write DER: the few types that OCSP messages and certificates have."""

from __future__ import annotations

import datetime
from functools import cache

__all__ = [
    "bits",
    "explicit",
    "integer",
    "null",
    "octets",
    "oid",
    "sequence",
    "skeleton",
    "time",
    "tlv",
    "utf8",
]

SEQUENCE, SET = 0x30, 0x31


def tlv(tag: int, content: bytes) -> bytes:
    """Return an element with *tag* and *content*."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of *parts*."""
    return tlv(SEQUENCE, b"".join(parts))


def explicit(number: int, *parts: bytes) -> bytes:
    """Return the constructed element with the context tag *number*."""
    return tlv(0xA0 | number, b"".join(parts))


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(0x04, content)


def bits(content: bytes) -> bytes:
    """Return a BIT STRING of whole octets."""
    return tlv(0x03, b"\0" + content)


def null() -> bytes:
    """Return NULL."""
    return b"\x05\x00"


def utf8(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(0x0C, text.encode())


def time(moment: datetime.datetime) -> bytes:
    """Return the GeneralizedTime of *moment*, in UTC."""
    return tlv(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode())


@cache
def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *others = map(int, dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        content += bytes(groups)
    return tlv(0x06, content)


def skeleton(data: bytes) -> tuple[object, ...]:
    """
    Return the shape of *data*: all tags and lengths, without the values.

    Two messages of one shape have each field at the same place.
    """
    shape: list[object] = []
    position = 0
    while position < len(data):
        tag, size = data[position], data[position + 1]
        position += 2
        if size >= 0x80:
            more = size & 0x7F
            size = int.from_bytes(data[position : position + more])
            position += more
        content = data[position : position + size]
        constructed = tag & 0x20
        shape.append((tag, size, skeleton(content) if constructed else ()))
        position += size
    return tuple(shape)
