"""A request whose head is known reads as llhttp reads it, whatever was learned before."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp import limits
from ocsp.errors import DecodeError
from ocsp.server.native import known_heads
from ocsp.server.native.http_request import HTTPRequest
from ocsp.server.native.request_reader import SLICE, RequestReader, UnknownMethod

METHODS = [b"GET", b"GET", b"GET", b"POST", b"POST", b"HEAD", b"PUT", b"FOO"]
TARGETS = [
    b"/MFE=",
    b"/a/MFE%2B",
    b"/",
    b"*",
    b"http://a/M",
    b"/a?b",
    b"/a#b",
    b"/\xe4",
]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0"]
HEADERS = [
    b"Host: a", b"Connection: close", b"Connection: keep-alive", b"Content-Length: 0",
    b"Content-Length: 3", b"Content-Length: 4", b"Transfer-Encoding: chunked",
    b"Expect: 100-continue", b"If-None-Match: a", b"Upgrade: h2c\r\nConnection: Upgrade",
    b"X : y", b"X: y\r\n folded",
]  # fmt: skip
BODIES = [
    b"",
    b"",
    b"abc",
    b"abcd",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"\r\n",
    b"GET / HTTP/1.1\r\n",
]


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Return a request that is well-formed or nearly so, and perhaps more."""
    head = b"%b %b %b\r\n" % (
        draw(st.sampled_from(METHODS)),
        draw(st.sampled_from(TARGETS) | st.binary(max_size=3).map(b"/%b".__mod__)),
        draw(st.sampled_from(VERSIONS)),
    )
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    lines = b"".join(b"%b\r\n" % each for each in headers)
    return head + lines + b"\r\n" + draw(st.sampled_from(BODIES))


class _Reading:
    """What a reader makes of the parts that it gets, each when nothing waits."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self._reader = RequestReader(self._receive)

    def _receive(self, request: HTTPRequest) -> None:
        conditions = request.conditions and request.conditions.if_none_match
        self.seen.append(
            (
                request.method, request.target, request.body, conditions,
                request.keep_alive, request.is_http_1_0,
            )
        )  # fmt: skip

    def feed(self, data: bytes) -> bool:
        """Read *data*; return whether the connection goes on."""
        assert len(data) <= SLICE
        try:
            self._reader.feed(data)
        except (DecodeError, UnknownMethod) as error:
            self.seen.append(str(error))
            return False
        reader = self._reader
        self.seen.append((reader.begun, reader.in_request, reader.expects_continue))
        last = self.seen[-2] if len(self.seen) > 1 else None
        return not (isinstance(last, tuple) and len(last) == 6 and not last[4])


def _read(parts: list[bytes], *, forget: bool) -> list[object]:
    known_heads._forget()
    reading = _Reading()
    for each in parts:
        if forget:
            known_heads._forget()
        if not reading.feed(each):
            reading = _Continued(reading)
    return reading.seen


class _Continued(_Reading):
    """A new connection, after one that ended."""

    def __init__(self, before: _Reading) -> None:
        super().__init__()
        self.seen = before.seen


@given(st.lists(messages(), min_size=1, max_size=4).flatmap(
    lambda some: st.lists(st.sampled_from(some), min_size=2, max_size=8)
))  # fmt: skip
def test_the_same_requests_are_read(parts: list[bytes]) -> None:
    """With what was learned from all before, and with nothing known."""
    assert _read(parts, forget=False) == _read(parts, forget=True)


@pytest.mark.parametrize("body", sorted(set(BODIES)))
@pytest.mark.parametrize("version", sorted(set(VERSIONS)))
def test_a_request_that_is_repeated_reads_the_same(version: bytes, body: bytes) -> None:
    """Each method, target and header, and another body of the same length."""
    for method, target, header in itertools.product(
        sorted(set(METHODS)), TARGETS, HEADERS
    ):
        head = b"%b %b %b\r\n%b\r\n\r\n" % (method, target, version, header)
        parts = [head + body, head + body, head + body[::-1], head + body + body]
        assert _read(parts, forget=False) == _read(parts, forget=True)


def _known(*parts: bytes) -> int:
    """Return how many of *parts* are not parsed."""
    known_heads._forget()
    reading, found = _Reading(), 0
    for each in parts:
        found += known_heads.find_request(each) is not None
        reading.feed(each)
    return found


GET = b"GET /M%b HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"


def test_another_target_and_another_body_are_not_parsed() -> None:
    """Only what differs is read."""
    assert _known(GET % b"a", GET % b"b%2B", GET % b"") == 2
    assert _known(POST + b"abc", POST + b"def", POST + b"de", POST + b"defg") == 1


def test_a_part_of_a_request_is_not_known_as_another_one() -> None:
    """Though its octets look like one, and the target of the whole is the same."""
    begin = b"GET /Ma HTTP/1.1\r\nConnection: close\r\nX: "
    known_heads._forget()
    reading = _Reading()
    reading.feed(begin)
    reading.feed(GET % b"a")
    assert known_heads.find_request(GET % b"a") is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in size; a limit that is set ends what was learned before it."""
    for number in range(1000):
        _Reading().feed(_with(b"%d" % number))
    assert len(known_heads._gets) <= known_heads.MAX_HEADS
    known_heads._forget()
    _Reading().feed(_with(b"x" * known_heads.MAX_HEAD_OCTETS))
    assert not known_heads._gets
    _Reading().feed(_with(b"x"))
    assert known_heads.find_request(_with(b"x")) is not None
    monkeypatch.setattr(limits, "MAX_HTTP_HEADERS", 0)
    assert known_heads.find_request(_with(b"x")) is None


def _with(value: bytes) -> bytes:
    return b"GET /M HTTP/1.1\r\nX: %b\r\n\r\n" % value
