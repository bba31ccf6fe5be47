"""Shapes: what is found, and how many are kept."""

from __future__ import annotations

import pytest

from ocsp import limits
from ocsp.messages.shapes import MAX_PART_BYTES, MAX_SHAPES_PER_SIZE, Shapes

VALUE = [slice(2, 3)]


def test_parts_of_one_shape_have_one_layout() -> None:
    """Another value, but not another fixed octet or another size."""
    shapes: Shapes[str] = Shapes()
    shapes.learn(b"\x02\x01\x05\x05\x00", "layout", VALUE)
    assert shapes.find(b"\x02\x01\x06\x05\x00") == "layout"
    for other in (
        b"\x02\x01\x06\x05\x01",
        b"\x02\x01\x06\x05",
        b"\x02\x01\x06\x05\x00\x00",
    ):
        assert shapes.find(other) is None


def test_the_oldest_shape_of_a_size_is_replaced() -> None:
    """The others are still known, and the octets are counted once."""
    shapes: Shapes[int] = Shapes()
    for number in range(MAX_SHAPES_PER_SIZE + 1):
        shapes.learn(bytes((number, 1, 9)), number, VALUE)
        if number == MAX_SHAPES_PER_SIZE - 1:
            full = shapes.octets
    assert shapes.octets == full
    found = [shapes.find(bytes((number, 1, 8))) for number in range(9)]
    assert found == [None, *range(1, MAX_SHAPES_PER_SIZE + 1)]


def test_shapes_are_bounded_in_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape in use stays, however many others are learned."""
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 100_000)
    shapes: Shapes[int] = Shapes()
    shapes.learn(b"\x02\x01\x05", 0, VALUE)
    for size in range(4, 1000):
        shapes.learn(bytes(size), size, VALUE)
        assert 0 < shapes.octets <= 100_000
        assert shapes.find(bytes(size)) == size
        assert shapes.find(b"\x02\x01\x06") == 0
    assert shapes.find(bytes(4)) is None
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 5_000)
    assert shapes.octets == 0
    assert shapes.find(b"\x02\x01\x06") is None
    shapes.learn(bytes(1000), 0, VALUE)  # larger than a generation
    assert shapes.find(bytes(1000)) is None


def test_long_parts_are_not_learned() -> None:
    """They seldom have the same size twice."""
    shapes: Shapes[int] = Shapes()
    shapes.learn(bytes(MAX_PART_BYTES + 1), 0, VALUE)
    assert shapes.octets == 0
    shapes.learn(bytes(MAX_PART_BYTES), 0, VALUE)
    assert shapes.find(bytes(MAX_PART_BYTES)) == 0
