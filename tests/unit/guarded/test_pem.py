"""PEM: blocks in text, as programs and servers write them."""

from __future__ import annotations

import re
from base64 import encodebytes

import pytest

from ocsp.errors import SchemaError
from ocsp.guarded import pem
from ocsp.guarded.pem import _BLOCK, der_blocks, is_pem, readable_blocks

DATA = bytes(range(256))


def _block(label: str, content: str | None = None) -> bytes:
    body = encodebytes(DATA).decode() if content is None else content
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def test_der_is_one_block() -> None:
    """Also if PEM occurs inside."""
    der = b"\x30\x20" + _block("X")
    assert not is_pem(der)
    assert der_blocks(der, "X") == [der]
    assert der_blocks(b"", "X") == [b""]


def test_every_supported_release_of_python_finds_the_blocks() -> None:
    """Those before 3.11.5 match possessive groups wrong."""
    assert re.search(rb"[)][*+?}][+]|[(][?]>", _BLOCK.pattern) is None


@pytest.mark.parametrize("number", [0, 2, 16])
def test_headers_are_skipped(number: int) -> None:
    """As those of an encrypted key of OpenSSL."""
    headers = b"Proc-Type: 4,ENCRYPTED\n" * number
    data = b"-----BEGIN X-----\n%b\nTUlJ\n-----END X-----\n" % headers
    assert der_blocks(data) == [b"MII"]


def test_many_headers_are_no_block() -> None:
    """The search ends at the limit, and does not go back over all of them."""
    data = b"-----BEGIN X-----\n%b\nTUlJ\n-----END X-----\n" % (b"A: b\n" * 17)
    with pytest.raises(SchemaError, match="no PEM block"):
        der_blocks(data)


@pytest.mark.parametrize(
    "part", [b"-----BEGIN X-----a:", b"-----BEGIN X-----a-b", b"-----BEGIN X-----\n\n"]
)
def test_each_octet_is_searched_once(
    monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    """Also if the line in which a block begins has no end, and more blocks begin."""
    searched: list[int] = []

    class Counted:
        def match(self, data: bytes, start: int, stop: int) -> re.Match[bytes] | None:
            searched.append(stop - start)
            return _BLOCK.match(data, start, stop)

    monkeypatch.setattr(pem, "_BLOCK", Counted())
    data = part * 3000
    assert der_blocks(data + _block("A")) == [DATA]
    assert sum(searched) == len(data + _block("A"))


def test_a_broken_block_does_not_hide_the_others() -> None:
    """Which of them is broken can be seen."""
    data = _block("A") + _block("A", "AAAAA\n") + _block("B") + _block("A")
    assert readable_blocks(data, "A") == [DATA, None, DATA]
    assert readable_blocks(b"\x30\x00", "A") == [b"\x30\x00"]
    with pytest.raises(SchemaError, match="no PEM block C"):
        readable_blocks(data, "C")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_all_blocks_with_a_label_are_found(newline: bytes) -> None:
    """Text and other blocks around them are skipped."""
    text = (
        b"\xef\xbb\xbf0: x\n" + _block("A") + b"between\n" + _block("B") + _block("A")
    )
    data = text.replace(b"\n", newline)
    assert is_pem(data)
    assert der_blocks(data, "A") == [DATA, DATA]
    assert der_blocks(data, "B", "A") == [DATA] * 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_block("B"), "no PEM block A or C"),
        (_block("A")[:-5], "no PEM block"),
        (_block("A").replace(b"END A", b"END B"), "no PEM block"),
        (_block("A", "AAAAA\n"), "not Base64"),
        (_block("A", "AA=A\n"), "not Base64"),
        (_block("A", "A!AA\n"), "no PEM block"),
    ],
)
def test_broken_blocks_are_errors(data: bytes, words: str) -> None:
    """An error says what is missing."""
    with pytest.raises(SchemaError, match=words):
        der_blocks(data, "A", "C")
