"""The look at usual relative names accepts what the full check accepts."""

from __future__ import annotations

from unittest import mock

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ocsp.asn1 import names as module
from ocsp.errors import DecodeError
from tests.property.names import names


def _outcome(data: bytes, position: int, end: int) -> object:
    try:
        return module.check_name(data, position, end, "responderID.byName")
    except DecodeError as error:
        return type(error), str(error), error.path, error.offset


def _same_either_way(data: bytes, position: int, end: int) -> None:
    found = _outcome(data, position, end)
    with mock.patch.object(module, "_usual_relative_name", return_value=0):
        assert _outcome(data, position, end) == found


@given(names, st.binary(max_size=3), st.data())
def test_a_changed_name_is_checked_in_full(
    name: x509.Name, before: bytes, data: st.DataObject
) -> None:
    """One to three octets changed anywhere, or none."""
    octets = bytearray(before + name.public_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(len(before), len(octets) - 1))
        octets[at] = data.draw(st.integers(0, 255))
    _same_either_way(bytes(octets), len(before), len(octets))


def test_each_changed_octet_is_checked_in_full() -> None:
    """Every value of every octet of a name with a few string types."""
    name = bytes.fromhex("301b310b3009060355040613024e4f310c300a06035504030c036c6562")
    assert _outcome(name, 0, len(name)) == name
    for position in range(len(name)):
        for octet in range(0x100):
            changed = name[:position] + bytes((octet,)) + name[position + 1 :]
            _same_either_way(changed, 0, len(changed))
        _same_either_way(name[:position], 0, position)
        shorter = name[:1] + bytes((max(0, position - 2),)) + name[2:]
        _same_either_way(shorter, 0, position)  # the last value ends after the name
