"""Lists of issued certificates: files of serial numbers, and directories."""

from __future__ import annotations

import logging
import time
from collections.abc import Container
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ocsp.errors import SourceUnavailable, UnreadableFile
from ocsp.status.files.issued import IssuedList, SerialFile, issued_list
from tests.pki import ca, leaf


def _issued(path: Path) -> IssuedList:
    return issued_list(path, ca(), time.monotonic)


def _read(content: bytes) -> Container[int]:
    return SerialFile("serials").parse(content)


def test_forms_of_serial_numbers(caplog: pytest.LogCaptureFixture) -> None:
    """As other programs print them; what cannot be read is named once."""
    with caplog.at_level(logging.WARNING, "ocsp.status"):
        found = _read(
            b"1a\n0x1B\n00:1c\n1D 1e\n01-02-03\r\n\n# 99\n  \n1.5\n12345g\n0012\n7f"
        )
    listed = (0x1A, 0x1B, 0x1C, 0x1D1E, 0x010203, 0x12, 0x7F)
    assert all(serial in found for serial in listed)
    for other in (0x99, 0x1, 0x5, 0x12345, 0, "1a"):
        assert other not in found
    assert caplog.messages == [
        "serials: line 9 has no serial number in hexadecimal; odd lines: 2"
    ]


@given(st.sets(st.integers(0, 2**160 - 1)), st.sets(st.integers(0, 2**160 - 1)))
def test_what_is_listed(listed: set[int], others: set[int]) -> None:
    """Exactly the serial numbers of the file."""
    found = _read("".join(f"{each:x}\n" for each in listed).encode())
    assert all(each in found for each in listed)
    assert not any(each in found for each in others - listed)


@given(st.binary(max_size=100))
def test_any_octets_are_a_list(data: bytes) -> None:
    """Never an exception."""
    assert -1 not in _read(data)


def test_a_directory_of_certificates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In PEM and DER, several in one file; not those of another CA."""
    one, two, three = leaf(1), leaf(2), leaf(3)
    (tmp_path / "one.pem").write_bytes(
        one.public_bytes(Encoding.PEM) + two.public_bytes(Encoding.PEM)
    )
    (tmp_path / "three").write_bytes(three.public_bytes(Encoding.DER))
    (tmp_path / ".hidden").write_bytes(leaf(4).public_bytes(Encoding.DER))
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").write_bytes(leaf(5, "Another CA").public_bytes(Encoding.DER))
    (tmp_path / "note.txt").write_text("hello")
    with caplog.at_level(logging.WARNING, "ocsp.status"):
        issued = _issued(tmp_path)
        assert [serial in issued.current() for serial in range(1, 6)] == [
            True, True, True, False, False,
        ]  # fmt: skip
    assert sorted(caplog.messages) == [
        f"{tmp_path}: note.txt: not a certificate",
        f"{tmp_path}: other: has no certificate of this CA",
    ]


def test_changes_of_a_directory(tmp_path: Path) -> None:
    """Files come, change and go; the directory itself goes."""
    directory = tmp_path / "certificates"
    directory.mkdir()
    issued = _issued(directory)
    file = directory / "a.pem"
    file.write_bytes(leaf(1).public_bytes(Encoding.PEM)[:100])
    assert 1 not in issued.current()
    file.write_bytes(leaf(1).public_bytes(Encoding.PEM))
    assert 1 in issued.current()
    file.rename(directory / "b.pem")
    assert 1 in issued.current()
    (directory / "b.pem").unlink()
    assert 1 not in issued.current()
    directory.rmdir()
    with pytest.raises(SourceUnavailable):
        issued.current()


def test_a_file_that_cannot_be_read_may_go(tmp_path: Path) -> None:
    """The others are listed meanwhile; in its place comes a certificate."""
    (tmp_path / "a").write_bytes(leaf(1).public_bytes(Encoding.DER))
    odd = tmp_path / "b"
    odd.write_text("hello")
    issued = _issued(tmp_path)
    assert 1 in issued.current()
    odd.unlink()
    assert 1 in issued.current()
    odd.write_bytes(leaf(2).public_bytes(Encoding.DER))
    assert 2 in issued.current()


def test_a_missing_list_is_refused_at_the_start(tmp_path: Path) -> None:
    """The operator sees it at once."""
    with pytest.raises(UnreadableFile):
        _issued(tmp_path / "missing")
