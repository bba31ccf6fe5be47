"""The DER reader and writer: what the reader refuses, and canonical writing."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.asn1 import der

integers = st.integers(-(2**200), 2**200) | st.integers(-300, 300)


def _refused(octets: str, read: object, *arguments: object) -> ocsp.DecodeError:
    data = bytes.fromhex(octets)
    with pytest.raises(ocsp.DecodeError) as refused:
        read(data, 0, len(data), *arguments, "field")  # type: ignore[operator]
    return refused.value


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("", "field at offset 0: value is missing: the data ends here"),
        ("30", "field at offset 0: length is missing: the data ends here"),
        ("30 01", "field at offset 0: the length is 1, but 0 octets follow"),
        ("30 80", "field at offset 1: indefinite length is not DER"),
        ("30 81", "field at offset 1: length is cut off"),
        ("30 81 7f" + "00" * 127, "field at offset 1: length is not minimal"),
        ("30 82 00 80" + "00" * 128, "field at offset 1: length is not minimal"),
        ("30 85 01 00 00 00 00", "field at offset 1: length in 5 octets"),
        (
            "30 84 ff ff ff ff",
            "field at offset 0: the length is 4294967295, but 0 octets follow",
        ),
        ("31 00", "field at offset 0: expected SEQUENCE, found SET"),
        ("a3 00", "field at offset 0: expected SEQUENCE, found [3]"),
        ("13 00", "field at offset 0: expected SEQUENCE, found tag 0x13"),
        ("3f 1f 00", "field at offset 0: expected SEQUENCE, found a high tag number"),
        ("3f 80 01 00", "field at offset 2: tag is not well-formed"),
        ("3f 1e 00", "field at offset 2: tag is not well-formed"),
        ("3f", "field at offset 1: tag is not well-formed"),
    ],
)
def test_malformed_der_is_refused_with_its_place(octets: str, text: str) -> None:
    """Each kind of fault has its own reason."""
    assert str(_refused(octets, der.content, der.SEQUENCE)) == text


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("02 00", "integer is empty"),
        ("02 02 00 7f", "integer is not minimal"),
        ("02 02 ff 80", "integer is not minimal"),
        ("03 01 00", "expected INTEGER, found BIT STRING"),
    ],
)
def test_an_integer_has_one_form(octets: str, reason: str) -> None:
    """X.690 §8.3.2."""
    assert _refused(octets, der.integer).reason == reason


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("0a 00", "enumeration is empty or negative"),
        ("0a 01 80", "enumeration is empty or negative"),
        ("0a 02 00 01", "enumeration is not minimal"),
        ("0a 05 01 00 00 00 00", "enumeration is larger than 32 bits"),
    ],
)
def test_an_enumeration_has_one_form(octets: str, reason: str) -> None:
    """It must also fit into 32 bits."""
    assert _refused(octets, der.enumerated).reason == reason


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("03 00", "bit string is empty"),
        ("03 01 01", "bit string has wrong unused bits"),
        ("03 02 08 00", "bit string has wrong unused bits"),
        ("03 02 01 01", "bit string has wrong unused bits"),
    ],
)
def test_a_bit_string_has_one_form(octets: str, reason: str) -> None:
    """X.690 §11.2: unused bits are zero."""
    assert _refused(octets, der.bit_string).reason == reason


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("06 00", "object identifier is empty or too long"),
        ("06 40" + "01" * 64, "object identifier is empty or too long"),
        ("06 02 2a 80", "arc of an object identifier is not minimal"),
        ("06 02 80 01", "arc of an object identifier is not minimal"),
        ("06 02 2a 86", "object identifier is cut off"),
    ],
)
def test_an_object_identifier_has_one_form(octets: str, reason: str) -> None:
    """X.690 §8.19."""
    assert _refused(octets, der.oid).reason == reason


def test_trailing_octets_are_refused() -> None:
    """Inside of an explicit tag and after the last field."""
    assert "1 unexpected octets" in str(
        _refused("a0 04 04 01 00 00", der.explicit, 0, der.OCTET_STRING)
    )
    with pytest.raises(
        ocsp.errors.DERError, match="field at offset 3: 2 unexpected octets"
    ):
        der.end_of(3, 5, "field")


def test_a_value_must_end_inside_its_parent() -> None:
    """The reader does not read octets of the next value."""
    data = bytes.fromhex("3003 0403 010203".replace(" ", ""))
    with pytest.raises(
        ocsp.errors.DERError, match="the length is 3, but 1 octets follow"
    ):
        der.content(data, 2, 5, der.OCTET_STRING, "field")


@given(integers)
def test_an_integer_is_written_as_asn1crypto_writes_it(value: int) -> None:
    """And the reader reads it back."""
    data = der.encode_integer(value)
    assert data == core.Integer(value).dump()
    start, stop = der.integer(data, 0, len(data), "")
    assert (int.from_bytes(data[start:stop], signed=True), stop) == (value, len(data))


@given(st.sampled_from([0x04, 0x30, 0xA1]), st.integers(0, 70_000))
def test_a_length_is_minimal_and_read_back(tag: int, size: int) -> None:
    """In short and long form."""
    data = der.encode(tag, bytes(size))
    assert der.content(data, 0, len(data), tag, "") == (len(data) - size, len(data))
    assert data[: -size or None] == core.OctetString(bytes(size)).dump()[
        : -size or None
    ].replace(b"\x04", bytes((tag,)), 1)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_sequence_and_encode_agree(parts: list[bytes]) -> None:
    """The function with cached headers and the plain one."""
    assert der.sequence(b"".join(parts)) == der.encode(der.SEQUENCE, *parts)
    assert der.sequence(b"".join(parts)) == der.encode(der.SEQUENCE, *parts)


arcs = st.integers(0, 2**40)
dotted = st.tuples(
    st.integers(0, 1), st.integers(0, 39), st.lists(arcs, max_size=4)
) | st.tuples(st.just(2), arcs, st.lists(arcs, max_size=4))


@given(dotted)
def test_an_object_identifier_is_written_as_asn1crypto_writes_it(
    value: tuple[int, int, list[int]],
) -> None:
    """And the reader reads it back."""
    text = ".".join(map(str, (value[0], value[1], *value[2])))
    data = der.encode_oid(text)
    assert data == core.ObjectIdentifier(text).dump()
    start, stop = der.oid(data, 0, len(data), "")
    assert der.oid_text(data[start:stop]) == text


@given(st.binary(max_size=60))
def test_accepted_values_are_canonical(data: bytes) -> None:
    """Any octets raise a DecodeError, or are the canonical form."""
    try:
        tag, start, stop = der.any_value(data, 0, len(data), "")
    except ocsp.DecodeError:
        return
    if tag >= 0:
        assert der.encode(tag, data[start:stop]) == data[:stop]
