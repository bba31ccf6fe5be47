"""Shapes: what is found, and how many are kept."""

from __future__ import annotations

import pytest

from ocsp import limits
from ocsp.messages.shapes import (
    BEGINNING_BYTES,
    MAX_PART_BYTES,
    MAX_SHAPES_PER_SIZE,
    NO_INTEGER,
    Shapes,
    Values,
)

BEGIN = b"\x30" * BEGINNING_BYTES
"""The headers with which every part begins."""

FIRST = len(BEGIN)


def _third_octet(_layout: object) -> Values:
    return Values(NO_INTEGER, [slice(FIRST + 2, FIRST + 3)])


def test_parts_of_one_shape_have_one_layout() -> None:
    """Another value, but not another fixed octet or another size."""
    shapes: Shapes[str] = Shapes(_third_octet)
    shapes.learn(BEGIN + b"\x02\x01\x05\x05\x00", "layout")
    for _ in range(2):
        assert shapes.find(BEGIN + b"\x02\x01\x06\x05\x01") is None
        assert shapes.find(BEGIN + b"\x02\x01\x06\x05\x00") == "layout"
        assert shapes.find(BEGIN + b"\x02\x01\x06\x05") is None
        assert shapes.find(BEGIN + b"\x02\x01\x06\x05\x00\x00") is None
        assert shapes.find(b"") is None


def test_parts_with_other_headers_have_another_shape() -> None:
    """Also if values are in the headers."""
    shapes: Shapes[str] = Shapes(lambda _: Values(NO_INTEGER, [slice(2, 3)]))
    shapes.learn(BEGIN, "layout")
    assert shapes.find(b"\x31" + BEGIN[1:]) is None
    assert shapes.find(BEGIN) == "layout"
    assert shapes.find(BEGIN[:2] + b"\x31" + BEGIN[3:]) == "layout"


def test_an_integer_is_minimal() -> None:
    """Others are left to the reader, which refuses them."""
    shapes: Shapes[int] = Shapes(lambda end: Values(slice(FIRST + 2, end), []))
    shapes.learn(BEGIN + b"\x02\x02\x05\x05", FIRST + 4)
    for content in (b"\x05\x06", b"\x00\x80", b"\xff\x7f"):
        assert shapes.find(BEGIN + b"\x02\x02" + content) == FIRST + 4
    for content in (b"\x00\x7f", b"\xff\x80"):
        assert shapes.find(BEGIN + b"\x02\x02" + content) is None
    shapes.learn(BEGIN + b"\x02\x01\x05", FIRST + 3)
    for octet in range(0x100):
        assert shapes.find(BEGIN + bytes((2, 1, octet))) == FIRST + 3


def test_the_oldest_shape_of_a_size_is_replaced() -> None:
    """The others are still known, and the octets are counted once."""
    shapes: Shapes[int] = Shapes(_third_octet)
    for number in range(MAX_SHAPES_PER_SIZE):
        shapes.learn(BEGIN + bytes((number, 1, 9)), number)
    full = shapes.octets
    shapes.learn(BEGIN + bytes((MAX_SHAPES_PER_SIZE, 1, 9)), MAX_SHAPES_PER_SIZE)
    assert shapes.octets == full
    found = [shapes.find(BEGIN + bytes((number, 1, 8))) for number in range(9)]
    assert found == [None, *range(1, MAX_SHAPES_PER_SIZE + 1)]


def test_shapes_are_bounded_in_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape in use stays, however many others are learned."""
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 100_000)
    shapes: Shapes[int] = Shapes(_third_octet)
    shapes.learn(BEGIN + b"\x02\x01\x05", 0)
    for size in range(14, 1000):
        shapes.learn(b"\x30" * size, size)
        assert 0 < shapes.octets <= 100_000
        assert shapes.find(b"\x30" * size) == size
        assert shapes.find(BEGIN + b"\x02\x01\x06") == 0
    assert shapes.find(b"\x30" * 14) is None
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 5_000)
    assert shapes.octets == 0
    assert shapes.find(BEGIN + b"\x02\x01\x06") is None
    shapes.learn(b"\x30" * 1000, 0)  # larger than a generation
    assert shapes.find(b"\x30" * 1000) is None


def test_long_parts_are_not_learned() -> None:
    """They seldom have the same size twice."""
    shapes: Shapes[int] = Shapes(_third_octet)
    for octets in (b"", b"\x30" * (MAX_PART_BYTES + 1)):
        shapes.learn(octets, 0)
        assert shapes.octets == 0
    shapes.learn(b"\x30" * MAX_PART_BYTES, 0)
    assert shapes.find(b"\x30" * MAX_PART_BYTES) == 0
