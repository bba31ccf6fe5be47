"""
Mutations of values: change one of them, and write the document with correct lengths.

They reach the checks deep inside, where octets changed anywhere seldom arrive.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.mutators.octets import flip_bit
from tests.mutators.tree import Node, serialize

__all__ = ["STRUCTURED"]

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
        holder[at].content = flip_bit(rng, holder[at].content)


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


STRUCTURED: tuple[Callable[[random.Random, list[Node], int], None], ...] = (
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
