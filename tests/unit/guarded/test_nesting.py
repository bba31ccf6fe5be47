"""The limits of size and nesting before a parser of another library reads data."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp import limits
from ocsp.errors import LimitExceeded
from ocsp.guarded.nesting import check_parsable, depth

MANY = 1000


def _value(tag: bytes, content: bytes, pad: int = 0) -> bytes:
    length = len(content)
    if length < 0x80 and not pad:
        return tag + bytes((length,)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8 + pad)
    return tag + bytes((0x80 | len(octets),)) + octets + content


def _long(tag: bytes) -> Callable[[bytes], bytes]:
    return lambda content: _value(tag, content)


def _padded(content: bytes) -> bytes:
    """Write a length in more octets than necessary, which OpenSSL accepts."""
    return _value(b"\x30", content, pad=60)


def _indefinite(tag: bytes) -> Callable[[bytes], bytes]:
    return lambda content: tag + b"\x80" + content + b"\x00\x00"


def _bits(content: bytes) -> bytes:
    return _value(b"\x03", b"\x00" + content)


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "SEQUENCE": _long(b"\x30"),
    "SET": _long(b"\x31"),
    "explicit": _long(b"\xa3"),
    "high tag": _long(b"\xbf\x87\x07"),
    "long length": _padded,
    "indefinite": _indefinite(b"\x30"),
    "indefinite high tag": _indefinite(b"\xbf\x1f"),
    "OCTET STRING": _long(b"\x04"),
    "BIT STRING": _bits,
    "segments": _indefinite(b"\x24"),
    "segments of known length": _long(b"\x24"),
}
LEAVES = (
    b"\x05\x00",
    b"\x02\x01\x07",
    b"\x0c\x03abc",
    b"\x80\x00",
    b"\x9f\x81\x01\x00",
)

Tree = tuple[int, bytes]
"""A number of levels, and a value that has as many."""


def _around(wrap: Callable[[bytes], bytes], parts: list[Tree]) -> Tree:
    deepest = max((levels for levels, _ in parts), default=0)
    return deepest + 1, wrap(b"".join(der for _, der in parts))


TREES = st.recursive(
    st.sampled_from([(0, leaf) for leaf in LEAVES]),
    lambda inner: st.builds(
        _around, st.sampled_from([*WRAPPINGS.values()]), st.lists(inner, max_size=4)
    ),
)


@given(TREES)
def test_the_levels_of_a_tree_are_counted(tree: Tree) -> None:
    """In DER and BER, in every mixture."""
    levels, der = tree
    assert depth(der, MANY) == levels


@given(st.one_of(TREES.map(lambda tree: tree[1]), st.binary()), st.integers(0, 6))
def test_short_values_can_be_skipped(der: bytes, least: int) -> None:
    """The result is the same, except for fewer levels than are asked for."""
    assert depth(der, MANY, least=least) == max(least, depth(der, MANY))


@given(TREES, TREES, st.binary(max_size=20))
def test_octets_after_a_value_hide_nothing(one: Tree, other: Tree, rest: bytes) -> None:
    """A second value counts too, and octets that are no value do no harm."""
    assert depth(one[1] + other[1] + rest, MANY) >= max(one[0], other[0])


@pytest.mark.parametrize("name", WRAPPINGS)
def test_a_value_that_is_nested_too_deep_is_refused(name: str) -> None:
    """At the limit it passes; one level more is refused, and so are thousands."""
    der = b"\x05\x00"
    for _ in range(limits.MAX_DEPTH):
        der = WRAPPINGS[name](der)
    check_parsable(der)
    for levels in (1, 3000):
        deeper = der
        for _ in range(levels):
            deeper = WRAPPINGS[name](deeper)
        with pytest.raises(LimitExceeded) as refused:
            check_parsable(deeper, path="certs[0]", offset=7)
        assert refused.value.limit == "MAX_DEPTH"
        assert refused.value.value == limits.MAX_DEPTH + 1
        assert (refused.value.path, refused.value.offset) == ("certs[0]", 7)


@pytest.mark.parametrize(
    "hidden",
    [
        b"\x04\x02\x02\x80",
        b"\x30\x02\x02\x80",
        b"\x30\x04\x30\x80\x00\x00",
        b"\x30\x02\x30\x80",  # a mark that is missing
        b"\x03\x00",  # a BIT STRING without the number of unused bits
        b"\x04\x01\x30",
        b"\x04\x02\x1f\x81",
        b"\x04\x03\x30\x82\x01",
        b"\x30\x01\x00\x00\x00",
    ],
)
def test_wrong_values_before_it_hide_no_nesting(hidden: bytes) -> None:
    """However many there are: the count of the levels goes on as before."""
    nested = b"\x30\x80" * MANY
    for before in (hidden, hidden * 200):
        assert depth(before + nested, MANY) > limits.MAX_DEPTH
        inside = _value(b"\x30", before + nested)
        assert depth(inside, MANY) > limits.MAX_DEPTH


def test_marks_inside_of_a_known_length_are_values() -> None:
    """Two zeros end only what has an indefinite length."""
    inner = _value(b"\x30", b"\x00\x00" + _value(b"\x30", b""))
    assert depth(_indefinite(b"\x30")(inner + b"\x05\x00"), MANY) == 3
    assert depth(b"\x30\x80\x00\x00" * 50, MANY) == 1


def test_random_octets_are_not_taken_for_nesting() -> None:
    """A long signature or key does not reach the limit by chance."""
    for _ in range(200):
        assert depth(_bits(os.urandom(5000)), MANY) < limits.MAX_DEPTH // 2


@pytest.mark.parametrize(
    "unit",
    [
        b"\x04\x00",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x1f\x81\x81",
        b"\x04\x02\x04\x00",
    ],
)
def test_the_work_grows_with_the_size(unit: bytes) -> None:
    """Twice the octets take twice the steps."""

    def steps(number: int) -> int:
        count = 0

        def trace(*_: object) -> object:
            nonlocal count
            count += 1
            return trace

        data = b"\x30\x80" * 20 + unit * number
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            depth(data, MANY)
        finally:
            sys.settrace(before)
        return count

    assert steps(400) <= 2.1 * steps(200)


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit it passes; one octet more is refused."""
    data = bytes(50)
    monkeypatch.setattr(limits, "MAX_PARSED_BYTES", 50)
    check_parsable(data)
    monkeypatch.setattr(limits, "MAX_PARSED_BYTES", 49)
    with pytest.raises(LimitExceeded) as refused:
        check_parsable(data)
    assert refused.value.limit == "MAX_PARSED_BYTES"
    assert (refused.value.value, refused.value.maximum) == (50, 49)


def test_nesting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lower limit holds at once."""
    check_parsable(b"\x30\x02\x30\x00")
    monkeypatch.setattr(limits, "MAX_DEPTH", 1)
    with pytest.raises(LimitExceeded):
        check_parsable(b"\x30\x02\x30\x00")
