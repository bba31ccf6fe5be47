"""Reading HTTP replies: framing, limits, codings, and what is refused."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import pytest

from ocsp import limits
from ocsp.client import HTTPReply, HTTPRequest
from ocsp.client.transport.replies.content import MalformedReply
from ocsp.client.transport.replies.reader import ReplyReader
from ocsp.errors import BodyTooLarge

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _request(**changes: Any) -> HTTPRequest:
    values = {"max_bytes": 1000, "timeout": 1.0, "io_timeout": 1.0, **changes}
    return HTTPRequest(method="GET", url="http://a.example/", **values)


def _read(*parts: bytes, **changes: Any) -> tuple[HTTPReply, bool]:
    """Return the reply in *parts*, and whether the connection can be used again."""
    reader = ReplyReader(_request(**changes))
    for part in parts:
        reader.feed(part)
    if not reader.complete:
        reader.end()
    return reader.reply(), reader.reusable


ACCEPTED = {
    "length": (OK + b"Content-Length: 2\r\n\r\nab", True),
    "no reason phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", True),
    "closing": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nab", False),
    "closing, in a list": (
        OK + b"Connection: x, close\r\nContent-Length: 2\r\n\r\nab",
        False,
    ),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", False),
    "HTTP/1.0, kept": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
        True,
    ),
    "until the end": (OK + b"\r\nab", False),
    "chunks": (CHUNKED + b"1\r\na\r\n1;x=y\r\nb\r\n0\r\nTrailer: x\r\n\r\n", True),
    "blanks after a chunk size": (CHUNKED + b"2  \r\nab\r\n0\r\n\r\n", True),
    "1xx first": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nab",
        False,
    ),
    "HTTP/1.0, chunks": (
        CHUNKED.replace(b"1.1", b"1.0").replace(b"OK", b"OK\r\nConnection: keep-alive")
        + b"2\r\nab\r\n0\r\n\r\n",
        False,
    ),
    "surplus CRLF": (OK + b"Content-Length: 2\r\n\r\nab\r\n", False),
    "surplus CRLF after chunks": (CHUNKED + b"2\r\nab\r\n0\r\n\r\n\r\n", False),
    "content that ends in CRLF": (OK + b"Content-Length: 2\r\n\r\nab", True),
    "surplus octets": (OK + b"Content-Length: 2\r\n\r\nabHTTP/1.1", False),
    "a second reply": (
        (OK + b"Content-Length: 2\r\n\r\nab") + OK + b"Content-Length: 1\r\n\r\nx",
        False,
    ),
    "surplus after close": (
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nabXX",
        False,
    ),
    "folded header": (OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nab", True),
    "LF": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab", True),
    "Latin-1": (OK + b"X: \xe4\r\nContent-Length: 2\r\n\r\nab", True),
}


@pytest.mark.parametrize(("octets", "reusable"), ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("step", [1, 10_000])
def test_well_formed_replies_are_read(octets: bytes, reusable: bool, step: int) -> None:
    """In one part, and octet by octet until the reply is complete."""
    reader = ReplyReader(_request())
    for start in range(0, len(octets), step):
        if not reader.complete:
            reader.feed(octets[start : start + step])
    if not reader.complete:
        reader.end()
    assert (reader.reply().status, reader.reply().body) == (200, b"ab")
    surplus_unread = step == 1 and b"ab" in octets and not octets.endswith(b"ab")
    assert reader.reusable is reusable or surplus_unread


REFUSED = {
    "length and chunks": OK
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "chunks and length": OK
    + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab",
    "signed length": OK + b"Content-Length: +2\r\n\r\nab",
    "hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\nab",
    "huge length": OK + b"Content-Length: 99999999999999999999\r\n\r\nab",
    "gzip as transfer coding": OK + b"Transfer-Encoding: gzip\r\n\r\nab",
    "chunked twice": OK
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then another": OK + b"Transfer-Encoding: chunked, x\r\n\r\nab",
    "negative chunk": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
    "huge chunk": CHUNKED + b"fffffffffffffffffffff\r\nab",
    "chunk without size": CHUNKED + b"zz\r\n",
    "length as trailer": CHUNKED + b"2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n",
    "blank before the colon": OK + b"Content-Length : 2\r\n\r\nab",
    "header without a name": OK + b": x\r\n\r\n",
    "header without a colon": OK + b"abc\r\n\r\n",
    "header with NUL": OK + b"X: a\0b\r\n\r\n",
    "CR in a header": OK + b"X: a\rContent-Length: 2\r\n\r\nab",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\n\r\nab",
    "short status": b"HTTP/1.1 20 OK\r\n\r\nab",
    "status 000": b"HTTP/1.1 000 OK\r\n\r\nab",
    "status 999": b"HTTP/1.1 999 OK\r\n\r\nab",
    "another protocol": b"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\n"
    b"Upgrade: h2c\r\n\r\n",
    "101 without Upgrade": b"HTTP/1.1 101 Switch\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\n\r\n",
    "nothing": b"",
    "half a head": OK,
    "half a body": OK + b"Content-Length: 2\r\n\r\na",
    "half a chunk": CHUNKED + b"2\r\na",
    "only 1xx": b"HTTP/1.1 100 Continue\r\n\r\n",
    "unknown coding": OK + b"Content-Encoding: br\r\n\r\nab",
    "two codings": OK + b"Content-Encoding: gzip, gzip\r\n\r\nab",
    "not gzip": OK + b"Content-Encoding: gzip\r\n\r\nab",
    "half a gzip file": OK
    + b"Content-Encoding: gzip\r\n\r\n"
    + gzip.compress(b"ab")[:9],
}


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_malformed_replies_are_refused(octets: bytes) -> None:
    """Also those that two readers could divide differently."""
    with pytest.raises(MalformedReply):
        _read(octets) if octets else _read()


@pytest.mark.parametrize("status", [204, 205, 304, 404, 302])
@pytest.mark.parametrize("body", [b"", b"abcde"])
def test_a_reply_with_another_status_ends_after_its_head(
    status: int, body: bytes
) -> None:
    """Its body is not read, so the connection is not used again."""
    head = b"HTTP/1.1 %d X\r\nX: y\r\nContent-Length: 5\r\n\r\n" % status
    reply, reusable = _read(head + body)
    assert (reply.status, reply.body, reply.header("x")) == (status, b"", "y")
    assert not reusable


@pytest.mark.parametrize(
    "surplus", [b"x", b"\r\n", b"\n", OK + b"\r\n", b"\0" * 99_999]
)
@pytest.mark.parametrize("step", [1, 2, 3, 1000])
def test_surplus_octets_are_noticed(surplus: bytes, step: int) -> None:
    """In the part that ends the reply; and they do not count against its limits."""
    data = OK + b"Content-Length: 2\r\n\r\nab"
    parts = [data[start : start + step] for start in range(0, len(data), step)]
    reader = ReplyReader(_request())
    for part in parts[:-1]:
        reader.feed(part)
    assert not reader.complete
    reader.feed(parts[-1] + surplus)
    assert (reader.reply().body, reader.surplus, reader.reusable) == (
        b"ab",
        True,
        False,
    )


def test_a_file_that_cannot_be_written_is_named() -> None:
    """A full disk, for example."""

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(MalformedReply, match=r"cannot save it: .*No space left"):
        _read(OK + b"Content-Length: 2\r\n\r\nab", save_to=Full())


@pytest.mark.parametrize(
    ("coding", "encoded"),
    [
        ("gzip", gzip.compress(b"what")),
        ("X-Gzip", gzip.compress(b"wh") + gzip.compress(b"at")),
        ("deflate", zlib.compress(b"what")),
        ("deflate", zlib.compress(b"what", wbits=-15)),
        ("identity", b"what"),
    ],
)
@pytest.mark.parametrize("step", [3, 100])
def test_compressed_content_is_decoded(coding: str, encoded: bytes, step: int) -> None:
    """Although the client asks for none; also into a file."""
    head = OK + f"Content-Encoding: {coding}\r\n".encode()
    head += b"Content-Length: %d\r\n\r\n" % len(encoded)
    parts = [encoded[start : start + step] for start in range(0, len(encoded), step)]
    assert _read(head, *parts)[0].body == b"what"
    file = io.BytesIO(b"old")
    assert _read(head, *parts, save_to=file)[0].body == b""
    assert file.getvalue() == b"what"


@pytest.mark.parametrize("layers", [1, 2])
def test_a_compression_bomb_is_refused(layers: int) -> None:
    """The limit is for the decoded content, and nothing beyond it is decoded."""
    bomb = gzip.compress(bytes(10_000_000))
    head = OK + b"Content-Encoding: gzip\r\n\r\n"
    with pytest.raises(BodyTooLarge):
        _read(head, bomb * layers, max_bytes=100_000)


def test_a_body_that_is_too_long_is_refused() -> None:
    """By its Content-Length, or while it arrives."""
    with pytest.raises(BodyTooLarge):
        _read(OK + b"Content-Length: 1001\r\n\r\n")
    with pytest.raises(BodyTooLarge):
        _read(OK + b"\r\n" + bytes(1001))
    assert len(_read(OK + b"\r\n" + bytes(1000))[0].body) == 1000


def _heads(count: int) -> bytes:
    return OK + b"".join(b"X%d: y\r\n" % number for number in range(count)) + b"\r\n"


@pytest.mark.parametrize(
    ("name", "value", "within", "beyond"),
    [
        ("MAX_REPLY_HEADERS", 4, _heads(4), _heads(5)),
        ("MAX_INTERIM_REPLIES", 1,
            b"HTTP/1.1 100 X\r\n\r\n" + OK + b"\r\n",
            b"HTTP/1.1 100 X\r\n\r\n" * 2 + OK + b"\r\n",
        ),
        ("MAX_REPLY_OVERHEAD_BYTES", 19,
            OK + b"\r\n",
            b"HTTP/1.1 200 OKAY\r\n\r\n",
        ),
    ],
)  # fmt: skip
def test_limits_of_a_reply(
    name: str,
    value: int,
    within: bytes,
    beyond: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each limit refuses the first reply that exceeds it."""
    monkeypatch.setattr(limits, name, value)
    _read(within)
    with pytest.raises(MalformedReply):
        _read(beyond)


@pytest.mark.parametrize(
    "part",
    [
        b"2;" + b"x" * 40_000,
        b"2\r\nab\r\n0\r\nX: " + b"y" * 40_000,
        b"1;" + b"x" * 50 + b"\r\na\r\n",
    ],
    ids=["chunk extension", "trailer", "many chunks"],
)
def test_chunk_extensions_and_trailers_are_limited(part: bytes) -> None:
    """They are no content, but they take time and memory."""
    with pytest.raises(MalformedReply, match="too long"):
        _read(CHUNKED, *[part] * 900)
