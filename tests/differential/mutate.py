"""
Structured mutations of DER documents, repeatable from a seed.

There are two kinds. Blind mutations change octets anywhere. The others parse the
document, change one value somewhere in it, and write it again with correct lengths,
which reaches the checks deep inside. This module has its own small reader and writer,
so that a fault of the package cannot hide here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Node", "mutate", "parse", "serialize"]


@dataclass
class Node:
    """One value: its identifier octet, and its content or its elements."""

    tag: int
    content: bytes = b""
    children: list[Node] = field(default_factory=list)
    wrapped: bool = False
    """An OCTET STRING or BIT STRING whose content is itself a document."""

    prefix: bytes = b""
    """The octets of the content before the children (unused bits)."""


def parse(data: bytes) -> list[Node]:
    """
    Parse *data* as deep as possible.

    Raises:
        ValueError: If it is not a series of values with definite lengths.
    """
    nodes = []
    while data:
        if len(data) < 2 or data[0] & 0x1F == 0x1F:
            raise ValueError("not DER")
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4 or len(data) < 2 + count:
                raise ValueError("not DER")
            length = int.from_bytes(data[2 : 2 + count])
            start += count
        if len(data) < start + length:
            raise ValueError("not DER")
        nodes.append(_node(tag, data[start : start + length]))
        data = data[start + length :]
    return nodes


def _node(tag: int, content: bytes) -> Node:
    if tag & 0x20:
        return Node(tag, children=parse(content))
    if tag == 0x04 and len(content) > 4 and content[0] in (0x30, 0x04, 0x0A):
        try:
            return Node(tag, children=parse(content), wrapped=True)
        except ValueError:
            pass
    return Node(tag, content=content)


def serialize(nodes: list[Node]) -> bytes:
    """Write documents again, with minimal lengths."""
    return b"".join(_encode(node) for node in nodes)


def _encode(node: Node) -> bytes:
    body = node.content
    if node.children or node.tag & 0x20 or node.wrapped:
        body = node.prefix + serialize(node.children)
    return bytes((node.tag,)) + _length(len(body)) + body


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((0x80 | len(octets),)) + octets


def _walk(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    """Return each value, as the list that holds it and its index."""
    places = []
    for index, node in enumerate(nodes):
        places.append((nodes, index))
        places += _walk(node.children)
    return places


# --- blind ---------------------------------------------------------------------------


def _flip_bit(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_octet(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] = rng.choice((0x00, 0x01, 0x7F, 0x80, 0xFF, 0x30))
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 4) :]


def _append(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice((b"\x00", b"\x05\x00", data[:1], data))


_BLIND = (_flip_bit, _flip_bit, _set_octet, _truncate, _insert, _delete, _append)


# --- with lengths repaired -----------------------------------------------------------

_TAGS = (
    *(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18),
    *(0x1A, 0x1C, 0x1E, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0x88),
    *(0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5),
)
_VALUES: dict[int, tuple[bytes, ...]] = {
    0x01: (b"\x00", b"\xff", b"\x01", b"", b"\xff\xff"),
    0x02: (b"", b"\x00", b"\x00\x00", b"\x00\x7f", b"\x00\x80", b"\xff", b"\xff\x80"),
    0x03: (b"", b"\x00", b"\x01", b"\x01\x02", b"\x01\x01", b"\x08\x00", b"\x07\x80"),
    0x04: (b"", b"\x00", b"\x04\x00", b"\x04\x01\xaa", b"\x30\x00", b"\x04\x05\x01"),
    0x05: (b"", b"\x00"),
    0x06: (b"", b"\x2a", b"\x80", b"\x2a\x80\x01", b"\x2a\x81", b"\xff" * 9 + b"\x7f"),
    0x0A: (b"", b"\x00", b"\x01", b"\x04", b"\x07", b"\x00\x01", b"\x80", b"\x0b"),
    0x18: (
        b"20240229235959Z",
        b"20230229235959Z",
        b"20240101000000",
        b"20240101000000.5Z",
        b"20241301000000Z",
        b"20240132000000Z",
        b"20240101240000Z",
        b"20240101006000Z",
        b"20240101000060Z",
        b"202401010000Z",
        b"20240101000000+0000",
        b"99991231235959Z",
        b"00010101000000Z",
        b"00000101000000Z",
        b"2024W101000000Z",
    ),
}
_STRINGS = (b"", b"*", b"\xc3\xa9", b"\xff", b"a@b", b"\xd8\x00", b"\x00\x00\xd8\x00")
_OIDS = (
    *map(bytes.fromhex, ("2b0e03021a", "608648016503040201", "2a864886f70d")),
    *(bytes.fromhex(f"2a864886f70d0101{last:02x}") for last in range(16)),
    *(bytes.fromhex(f"6086480165030403{last:02x}") for last in range(20)),
    *(bytes.fromhex(f"6086480165030402{last:02x}") for last in range(12)),
    *(bytes.fromhex(f"2a8648ce3d0403{last:02x}") for last in range(6)),
    *(bytes.fromhex(f"2b65{last:02x}") for last in range(0x6D, 0x73)),
    *(bytes.fromhex(f"2b06010505073001{last:02x}") for last in range(11)),
    *(bytes.fromhex(f"551d{last:02x}") for last in (20, 21, 24, 27, 29, 15, 17)),
    *(bytes.fromhex(oid) for oid in ("2b06010401d679020405", "2b0601050507060624")),
)


def _change_value(rng: random.Random, holder: list[Node], at: int) -> None:
    node = holder[at]
    if node.tag == 0x06 and rng.random() < 0.8:
        node.content = rng.choice(_OIDS)
        return
    values = _VALUES.get(node.tag, _STRINGS)
    holder[at] = Node(node.tag, content=rng.choice(values))


def _flip_value(rng: random.Random, holder: list[Node], at: int) -> None:
    if holder[at].content:
        holder[at].content = _flip_bit(rng, holder[at].content)


def _change_tag(rng: random.Random, holder: list[Node], at: int) -> None:
    node = holder[at]
    flat = serialize(node.children) if node.children else node.content
    tag = rng.choice((node.tag ^ (1 << rng.randrange(8)), rng.choice(_TAGS)))
    holder[at] = Node(tag & ~0x20, content=flat) if flat else Node(tag)
    holder[at].tag = tag
    if tag & 0x20 and flat:
        holder[at] = Node(tag, prefix=flat)


def _remove(rng: random.Random, holder: list[Node], at: int) -> None:
    del holder[at]


def _duplicate(rng: random.Random, holder: list[Node], at: int) -> None:
    holder.insert(at, holder[at])


def _swap(rng: random.Random, holder: list[Node], at: int) -> None:
    other = rng.randrange(len(holder))
    holder[at], holder[other] = holder[other], holder[at]


def _wrap(rng: random.Random, holder: list[Node], at: int) -> None:
    holder[at] = Node(rng.choice((0x30, 0x31, 0xA0, 0xA1, 0xA2)), children=[holder[at]])


def _unwrap(rng: random.Random, holder: list[Node], at: int) -> None:
    holder[at : at + 1] = holder[at].children


def _add(rng: random.Random, holder: list[Node], at: int) -> None:
    tag = rng.choice(tuple(_VALUES))
    holder.insert(at, Node(tag, content=rng.choice(_VALUES[tag])))


def _empty(rng: random.Random, holder: list[Node], at: int) -> None:
    holder[at].children.clear()


_STRUCTURED: tuple[Callable[[random.Random, list[Node], int], None], ...] = (
    _change_value,
    _change_value,
    _change_value,
    _flip_value,
    _flip_value,
    _change_tag,
    _remove,
    _duplicate,
    _swap,
    _wrap,
    _unwrap,
    _add,
    _empty,
)


def _bad_length(rng: random.Random, data: bytes) -> bytes:
    """Write one length of the document in a form that DER forbids."""
    at = rng.randrange(1, len(data))
    length = data[at]
    forms = (b"\x80", b"\x81" + bytes((length,)), b"\x82\x00" + bytes((length,)))
    return data[:at] + rng.choice(forms) + data[at + 1 :]


def _structured(rng: random.Random, data: bytes) -> bytes:
    try:
        nodes = parse(data)
    except (ValueError, RecursionError):
        return _flip_bit(rng, data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _walk(nodes)
        if not places:
            break
        rng.choice(_STRUCTURED)(rng, *rng.choice(places))
    return serialize(nodes)


def _splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Replace a value of *data* by a value of *other*."""
    try:
        nodes, donors = parse(data), _walk(parse(other))
    except ValueError:
        return _flip_bit(rng, data)
    holder, at = rng.choice(_walk(nodes))
    donor, index = rng.choice(donors)
    holder[at] = donor[index]
    return serialize(nodes)


def mutate(rng: random.Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """
    Return a mutation of *data*, and what was done.

    Args:
        rng: Where all choices come from.

        data: The document to change.

        other: Another one, to take values from.
    """
    draw = rng.random()
    if draw < 0.70:
        return "structured", _structured(rng, data)
    if draw < 0.75:
        return "splice", _splice(rng, data, other)
    if draw < 0.80 and len(data) > 1:
        return "bad length", _bad_length(rng, data)
    blind = rng.choice(_BLIND)
    return blind.__name__.strip("_"), blind(rng, data)
