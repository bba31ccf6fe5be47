"""HTTP replies from a grammar: this package reads them as h11 does, or refuses them."""

from __future__ import annotations

import h11
from hypothesis import given
from hypothesis import strategies as st

from ocsp.client import HTTPRequest
from ocsp.client.transport.replies.content import MalformedReply
from ocsp.client.transport.replies.reader import ReplyReader
from ocsp.errors import BodyTooLarge

_REQUEST = HTTPRequest(
    method="GET", url="http://a.example/", max_bytes=200, timeout=1, io_timeout=1
)

_bodies = st.binary(max_size=60)


@st.composite
def _chunks(draw: st.DrawFn) -> bytes:
    octets = b""
    for part in draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4)):
        extension = draw(st.sampled_from([b"", b";a=b", b';q="x"', b" "]))
        octets += b"%x%b\r\n%b\r\n" % (len(part), extension, part)
    trailer = draw(st.sampled_from([b"", b"T: u\r\n", b"Content-Length: 3\r\n"]))
    return octets + b"0\r\n" + trailer + b"\r\n"


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """Return the octets of a reply, well-formed or nearly so, and perhaps more."""
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.0", b"2.0", b"1.x"]))
    status = draw(st.sampled_from([200, 200, 200, 204, 304, 404, 99, 101]))
    headers = draw(
        st.lists(
            st.sampled_from(
                [
                    b"X: y",
                    b"X: y\r\n folded",
                    b"Connection: close",
                    b"Connection: keep-alive",
                    b"X : y",
                    b"X:\x00",
                    b"nothing",
                ]
            ),
            max_size=2,
        )
    )
    body = draw(_bodies)
    kind = draw(st.sampled_from(["length", "chunks", "close", "both", "wrong"]))
    if kind in {"length", "both"}:
        headers.append(b"Content-Length: %d" % len(body))
    if kind == "wrong":
        headers.append(b"Content-Length: %d" % (len(body) + draw(st.integers(-2, 2))))
    if kind in {"chunks", "both"}:
        headers.append(b"Transfer-Encoding: chunked")
        body = draw(_chunks())
    head = b"HTTP/%b %d X\r\n%b\r\n\r\n" % (version, status, b"\r\n".join(headers))
    surplus = draw(st.sampled_from([b"", b"", b"x", b"HTTP/1.1 200 OK\r\n"]))
    return interim + head + body + surplus


def _ours(octets: bytes, step: int) -> tuple[int, bytes] | None:
    reader = ReplyReader(_REQUEST)
    try:
        for start in range(0, len(octets), step):
            if not reader.complete:
                reader.feed(octets[start : start + step])
        if not reader.complete:
            reader.end()
    except (MalformedReply, BodyTooLarge):
        return None
    return reader.reply().status, reader.reply().body


def _by_h11(octets: bytes) -> tuple[int, bytes] | None:
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target="/", headers=[("Host", "a.example")])
    connection.send(request)
    connection.send(h11.EndOfMessage())
    connection.receive_data(octets)
    connection.receive_data(b"")
    status, body = 0, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return None
            if status not in {0, 200}:
                break  # the body of another status is not read
    except h11.RemoteProtocolError:
        return None
    return status, body if status == 200 else b""


@given(replies(), st.integers(1, 40))
def test_what_is_accepted_is_read_as_h11_reads_it(octets: bytes, step: int) -> None:
    """However the octets are divided; where h11 refuses, the reader may be stricter."""
    found = _ours(octets, step)
    if found is not None:
        assert found == _by_h11(octets)
    assert found is None or _ours(octets, 10_000) in {found, None}


@given(st.binary(max_size=200), st.integers(1, 40))
def test_arbitrary_octets_end_with_a_reply_or_an_error(
    octets: bytes, step: int
) -> None:
    """No other exception, and no reply that h11 refuses."""
    assert _ours(octets, step) is None
    _ours(b"HTTP/1.1 200 OK\r\n" + octets, step)
    _ours(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + octets, step)
    _ours(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + octets, step)
