"""Values that are at a limit, or that other products have got wrong."""

from __future__ import annotations

import datetime
from functools import cache

from tests.campaigns.material.dice import Dice
from tests.cases.builder import DAY, HOUR, MINUTE, SECOND, name
from tests.cases.keys import SCHEMES
from tests.cases.model import NOW
from tests.mutators.tree import Node, parse

__all__ = ["MOMENTS", "change_value"]

_SPANS = (
    *(0 * SECOND, SECOND, 5 * MINUTE - SECOND, 5 * MINUTE, 5 * MINUTE + SECOND),
    *(HOUR, 8 * HOUR, 24 * HOUR, 24 * HOUR + SECOND, 10 * DAY, 10 * DAY + SECOND),
    *(366 * DAY, 20_000 * DAY),
)
MOMENTS = tuple(NOW + sign * span for span in _SPANS for sign in (-1, 1))
"""Moments about which a comparison can be wrong."""

_FOREIGN_TIMES = (
    *(b"20260701120000.5Z", b"20260701120000+0000", b"202607011200Z", b"260701120000Z"),
    *(b"00000101000000Z", b"99991231235959Z", b"20260631120000Z", b"20260701116000Z"),
)
_INTEGERS = (
    *(
        b"\x00",
        b"\x01",
        b"\x02",
        b"\x1f\x2e",
        b"\x00\x1f\x2e",
        b"\xff\x1f\x2e",
        b"\x1f",
    ),
    *(b"\x1f\x2e\x00", b"\x1f\x2f", b"\x80", b"\x7f" * 20, b"\x00" + b"\xff" * 20),
    *(b"\x7f" * 64, b"\x7f" * 2000, b""),
)
_USAGES = tuple(
    bytes.fromhex(bits)
    for bits in ("0780", "0640", "06c0", "0106", "0102", "0186", "00", "0700", "070080")
)
_OCTETS = (
    *(b"", b"\x05\x00", b"\x30\x00", b"\x04\x00", b"\x30\x03\x01\x01\xff", bytes(20)),
    *(b"\x03\x02\x07\x80", b"\x03\x02\x01\x06", b"\x0a\x01\x06", b"\x02\x01\x05"),
    *(b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09", b"\x04\x82\xff\xff"),
    *(b"\x30\x06\x06\x04\x55\x1d\x25\x00", bytes(4096), b"\x30\x80" * 40),
)
_STRINGS = (
    *("Test CA", "test ca", " Test  CA ", "Test CA\0", "Test CA.", "Tést CA", "", "*"),
    *("e\u0301" * 30, "\u202eTest CA", "Test CA\n", "\ufb01" * 20, "x" * 300),
)
_STRING_TAGS = (0x0C, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E)
_ENCODINGS = {0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_OIDS = tuple(
    bytes.fromhex(dotted)
    for dotted in (
        *("2b06010505070309", "2b060105050703", "551d2500", "2b0601050507030900"),
        *("2b0601050507300105", "2b0601050507300102", "2b0601050507300106"),
        *("2b0601050507300109", "551d13", "551d0f", "551d25", "551d1c", "551d1b"),
        *("551d14", "551d15", "551d1d", "551d17", "551d1f", "551d2e", "551d23"),
        *("2b0e03021a", "608648016503040201", "608648016503040203", "2a864886f70d0205"),
        *("2a8648ce3d040302", "2a8648ce3d0401", "2a8648ce3d040303", "2b6570"),
        *("2a864886f70d01010b", "2a864886f70d01010a", "2a864886f70d010105"),
        *("2b240803 0d".replace(" ", ""), "2b06010401d679020405", "2a0304", "2b" * 60),
    )
)
_OTHERS: dict[int, tuple[bytes, ...]] = {
    0x01: (b"\xff", b"\x00", b"\x01", b""),
    0x02: _INTEGERS,
    0x03: _USAGES,
    0x04: _OCTETS,
    0x05: (b"", b"\x00"),
    0x06: _OIDS,
    0x0A: tuple(bytes((each,)) for each in (*range(12), 0x80)),
}


def change_value(dice: Dice, holder: list[Node], at: int) -> None:
    """Replace a value by another one of its type."""
    tag = holder[at].tag
    if tag in (0x17, 0x18):
        holder[at] = Node(tag, _time(dice, tag))
    elif tag in _STRING_TAGS:
        other = dice.choice((tag, *_STRING_TAGS))
        text = dice.choice(_STRINGS).encode(_ENCODINGS.get(other, "utf-8"))
        holder[at] = Node(other, text)
    elif tag in _OTHERS:
        holder[at] = Node(tag, dice.choice(_OTHERS[tag]))
    elif tag == 0x30:
        holder[at] = parse(dice.choice(_sequences()))[0]
    else:
        holder[at] = Node(tag, dice.choice(_OCTETS)) if not tag & 0x20 else Node(tag)


def _time(dice: Dice, tag: int) -> bytes:
    if dice.chance(0.1):
        return dice.choice(_FOREIGN_TIMES)
    return _written(dice.choice(MOMENTS), tag)


def _written(moment: datetime.datetime, tag: int) -> bytes:
    return f"{moment:%Y%m%d%H%M%SZ}"[2 if tag == 0x17 else 0 :].encode()


@cache
def _sequences() -> tuple[bytes, ...]:
    """Return AlgorithmIdentifiers and names."""
    names = [name(text, tag) for text in _STRINGS for tag in (0x0C, 0x13, 0x16)]
    return (b"\x30\x00", *(each.identifier for each in SCHEMES.values()), *names)
