"""Requests that are not HTTP, or that two servers could read differently."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.server.scene import (
    GOOD,
    MALFORMED,
    REVOKED,
    Client,
    ask,
    bodies,
    get,
    handler,
    post,
    request,
    status_of,
)

DER = request()
SIZE = len(DER)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (SIZE, DER)
HIDDEN = get(request(REVOKED))
"""What an attacker wants to be answered as the next request of another client."""


def _post(*headers: bytes, body: bytes = DER, version: bytes = b"1.1") -> bytes:
    lines = b"".join(each + b"\r\n" for each in headers)
    return b"POST / HTTP/%b\r\nHost: x\r\n%b\r\n%b" % (version, lines, body)


LENGTH = b"Content-Length: %d" % SIZE
AMBIGUOUS = {
    "length and coding": _post(LENGTH, b"Transfer-Encoding: chunked"),
    "coding and length": _post(b"Transfer-Encoding: chunked", LENGTH, body=CHUNKED),
    "two equal lengths": _post(LENGTH, LENGTH),
    "two lengths": _post(LENGTH, b"Content-Length: 1"),
    "length as a list": _post(b"Content-Length: %d, %d" % (SIZE, SIZE)),
    "length with a sign": _post(b"Content-Length: +%d" % SIZE),
    "negative length": _post(b"Content-Length: -1"),
    "hexadecimal length": _post(b"Content-Length: 0x60"),
    "empty length": _post(b"Content-Length:"),
    "length of two numbers": _post(b"Content-Length: 9 6"),
    "length above 64 bits": _post(b"Content-Length: 99999999999999999999999"),
    "unknown coding": _post(b"Transfer-Encoding: xchunked", body=CHUNKED),
    "coding gzip": _post(b"Transfer-Encoding: gzip, chunked", body=CHUNKED),
    "coding identity": _post(b"Transfer-Encoding: identity", body=CHUNKED),
    "chunked twice": _post(b"Transfer-Encoding: chunked, chunked", body=CHUNKED),
    "two codings": _post(
        b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=CHUNKED
    ),
    "quoted coding": _post(b'Transfer-Encoding: "chunked"', body=CHUNKED),
    "coding after a vertical tab": _post(b"Transfer-Encoding:\x0bchunked", body=CHUNKED),
    "empty coding": _post(b"Transfer-Encoding:", body=CHUNKED),
    "coding with HTTP/1.0": _post(
        b"Transfer-Encoding: chunked", body=CHUNKED, version=b"1.0"
    ),
    "space before the colon": _post(b"Transfer-Encoding : chunked", body=CHUNKED),
    "space before a header": _post(b" " + LENGTH),
    "folded header": _post(b"X: a\r\n b", LENGTH),
    "folded by a tab": _post(b"X: a\r\n\tb", LENGTH),
    "bare LF": _post(b"X: a\nY: b", LENGTH),
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: x\r\n\n",
    "only LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "bare CR": _post(b"X: a\rY: b", LENGTH),
    "NUL in a value": _post(b"X: a\0b", LENGTH),
    "NUL in a name": _post(b"X\0: a", LENGTH),
    "no name": _post(b": a", LENGTH),
    "no colon": _post(b"X", LENGTH),
    "name with a bracket": _post(b"X(: a", LENGTH),
    "name above ASCII": _post(b"X\xff: a", LENGTH),
    "chunk size with 0x": _post(
        b"Transfer-Encoding: chunked", body=b"0x" + CHUNKED
    ),
    "chunk size with a sign": _post(b"Transfer-Encoding: chunked", body=b"+" + CHUNKED),
    "chunk size above 64 bits": _post(
        b"Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\n"
    ),
    "chunk longer than its size": _post(
        b"Transfer-Encoding: chunked", body=b"1\r\nxy\r\n0\r\n\r\n"
    ),
    "chunk that ends with LF": _post(
        b"Transfer-Encoding: chunked", body=CHUNKED.replace(b"\r\n", b"\n", 1)
    ),
    "LF in a chunk extension": _post(
        b"Transfer-Encoding: chunked", body=CHUNKED.replace(b"\r\n", b";a=\nb\r\n", 1)
    ),
    "length in the trailer": _post(
        b"Transfer-Encoding: chunked",
        body=CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n",
    ),
    "version 2.0": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\nHost: x\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an OCSP request without HTTP": DER,
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "octets above ASCII in the target": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab after the method": b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_it_is_malformed_and_the_connection_ends(name: str, size: int | None) -> None:
    """One OCSP error, and no answer to what follows; in whatever pieces it arrives."""
    client = Client(handler())
    client.send(AMBIGUOUS[name] + b"\r\n\r\n" + HIDDEN, size=size)
    assert bodies(client.transport.sent) == [MALFORMED]
    assert b"\r\nConnection: close\r\n" in client.transport.sent
    assert b"\r\nCache-Control: no-store\r\n" in client.transport.sent
    assert client.is_ended


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_the_requests_before_it_are_answered(name: str) -> None:
    """In order, before the error."""
    first, last = bodies(ask(get(request()) + AMBIGUOUS[name] + b"\r\n\r\n"))
    assert status_of(first) == "GOOD"
    assert last == MALFORMED


VALID = {
    "chunked": _post(b"Transfer-Encoding: chunked", body=CHUNKED),
    "chunked in capitals": _post(b"TRANSFER-ENCODING: CHUNKED", body=CHUNKED),
    "chunk extension and trailer": _post(
        b"Transfer-Encoding: chunked",
        body=CHUNKED.replace(b"\r\n", b";a=b\r\n", 1)[:-2] + b"X: y\r\n\r\n",
    ),
    "no Host": b"POST / HTTP/1.1\r\n%b\r\n\r\n%b" % (LENGTH, DER),
    "empty lines first": b"\r\n\r\n" + post(DER),
    "body of a GET": get(DER, "Content-Length: 3\r\n") + b"abc",
    "absolute target": get(DER).replace(b"GET /", b"GET http://ca.example/"),
    "space after the length": _post(LENGTH + b" "),
    "unknown expectation": _post(LENGTH, b"Expect: the unexpected"),
}  # fmt: skip


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("name", VALID)
def test_what_the_standards_allow_is_answered(name: str, size: int | None) -> None:
    """And the connection is kept."""
    client = Client(handler())
    client.send(VALID[name] + HIDDEN, size=size)
    assert [status_of(each) for each in bodies(client.transport.sent)] == [
        "GOOD",
        "REVOKED",
    ]
    assert not client.is_ended


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_the_refusal_of_a_head_has_no_body(name: str, size: int | None) -> None:
    """RFC 9110 §9.3.2; Content-Length has the size of the body for another method."""
    data, is_http = re.subn(rb"^(GET|POST) ", b"HEAD ", AMBIGUOUS[name])
    client = Client(handler())
    client.send(get(DER).replace(b"GET", b"HEAD") + get(DER))
    sent = client.send(data + b"\r\n\r\n", size=size)
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: 5\r\n" in head
    assert b"\r\nConnection: close" in head
    assert body == (b"" if is_http else MALFORMED)


@pytest.mark.parametrize("data", [b"HEAD ", b"HEAD / HTTP/1.1\r\n", b"HEAD /\0"])
def test_an_incomplete_head_gets_no_body(data: bytes) -> None:
    """Neither at the end of the connection, nor at the end of its time."""
    for end in ("eof_received", "expire"):
        client = Client(handler())
        client.send(post(DER) + data, size=len(post(DER)) + 2)
        if not client.is_ended:
            getattr(client.connection, end)()
        assert client.transport.sent.endswith(b"\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in client.transport.sent


def test_what_follows_a_head_is_refused_with_a_body() -> None:
    """Only the method of the refused request counts."""
    head = get(DER).replace(b"GET", b"HEAD")
    for data in (b"\r\n" * 50_000, b"HEA", b"HEAD", b"GET "):
        client = Client(handler())
        client.send(head + data)
        if not client.is_ended:
            client.end()
        assert client.transport.sent.endswith(b"\r\n\r\n" + MALFORMED)


NOT_ALLOWED = {
    "unknown": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "begins like another": b"GETS / HTTP/1.1\r\nHost: x\r\n\r\n",
    "lower case": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "of RTSP": b"SETUP / HTTP/1.1\r\nHost: x\r\n\r\n",
    "longer than a slice": b"BREW" * 2000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "OPTIONS": b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_another_method_is_not_allowed(name: str, size: int | None) -> None:
    """RFC 9110 §15.5.6, also if the parser does not know the method."""
    client = Client(handler())
    client.send(post(DER) + NOT_ALLOWED[name] + HIDDEN, size=size)
    first, last = _answers(client.transport.sent)
    assert first == (200, "GOOD")
    assert last == (405, "")
    assert b"\r\nAllow: GET, HEAD, POST\r\n" in client.transport.sent
    assert client.is_ended


@pytest.mark.parametrize("data", [b"BREW", b"BREW\r\n", b"BR\0W ", b"B" * 99_999])
def test_a_method_without_end_is_malformed(data: bytes) -> None:
    """The server waits for the rest of a token only, and up to a limit."""
    for size in (None, 1):
        client = Client(handler())
        client.send(data, size=size)
        assert client.is_ended is (data != b"BREW")
        if not client.is_ended:
            client.end()
        assert bodies(client.transport.sent) == [MALFORMED]


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.3"])
def test_an_upgrade_is_not_made(protocol: str, size: int | None) -> None:
    """The request is answered; the client of Java asks for h2c by default."""
    headers = f"Upgrade: {protocol}\r\nConnection: Upgrade\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n" + headers.encode()[:-2]
    for data in (
        get(request(), headers),
        post(request(), headers),
        _post(chunked, body=CHUNKED),
        get(request(), headers + "Content-Length: 3\r\n") + b"abc",
    ):
        client = Client(handler())
        client.send(data + HIDDEN, size=size)
        found = [status_of(each) for each in bodies(client.transport.sent)]
        assert found == ["GOOD", "REVOKED"]
        assert not client.is_ended


@pytest.mark.parametrize("size", [None, 1, 5])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_body_after_an_upgrade_is_read(
    version: bytes, size: int | None, *, keeps: bool
) -> None:
    """Also if the connection ends with it, and of HTTP/1.0 (RFC 9110 §7.8)."""
    connection = b"keep-alive" if keeps else b"close"
    headers = (b"Upgrade: h2c", b"Connection: Upgrade, " + connection, LENGTH)
    client = Client(handler())
    sent = client.send(_post(*headers, version=version), size=size)
    assert status_of(bodies(sent)[0]) == "GOOD"
    assert client.is_ended is not keeps
    assert (b"Connection: keep-alive" in sent) is (keeps and version == b"1.0")


def test_a_client_may_wait_before_it_sends_the_body() -> None:
    """RFC 9110 §10.1.1: 100 (Continue), once, and not if the body is refused."""
    client = Client(handler())
    head, body = post(DER, "Expect: 100-Continue\r\n").split(b"\r\n\r\n")
    assert client.send(head + b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(body[:3]) == b""
    assert status_of(bodies(client.send(body[3:]))[0]) == "GOOD"
    assert len(bodies(client.send(post(DER, "Expect: 100-continue\r\n")))) == 1
    large = _post(b"Expect: 100-continue", b"Content-Length: 999999", body=b"")
    assert bodies(client.send(large)) == [MALFORMED]


def test_http_1_0_keeps_the_connection_only_if_asked() -> None:
    """And it gets no interim answer."""
    old = get(request()).replace(b"HTTP/1.1", b"HTTP/1.0")
    client = Client(handler())
    assert b"\r\nConnection: close\r\n" in client.send(old)
    assert client.transport.is_closed
    client = Client(handler())
    kept = old.replace(b"Host: x", b"Connection: keep-alive")
    assert b"\r\nConnection: keep-alive\r\n" in client.send(kept)
    assert not client.is_ended
    expecting = post(DER, "Expect: 100-continue\r\n").replace(b"1.1", b"1.0")
    assert len(bodies(client.send(expecting))) == 1


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    "value",
    ["keep-alive, close", "Close,keep-alive", "keep-alive\r\nConnection: close"],
)
def test_close_outweighs_keep_alive(version: str, value: str) -> None:
    """RFC 9112 §9.3, also for HTTP/1.0."""
    data = get(DER, f"Connection: {value}\r\n").replace(b"1.1", version.encode())
    client = Client(handler())
    assert b"\r\nConnection: close\r\n" in client.send(data)
    assert client.is_ended
    kept = data.replace(b"lose", b"loser")
    client = Client(handler())
    assert b"\r\nConnection: close\r\n" not in client.send(kept)
    assert not client.is_ended


@pytest.mark.parametrize("data", [b"G", b"GET /abc\r\n", post(DER)[:-5], b"\0"])
def test_an_incomplete_request_is_malformed(data: bytes) -> None:
    """As soon as the client ends its direction."""
    assert bodies(ask(data)) == [MALFORMED]


def test_pipelined_requests_are_answered_in_order() -> None:
    """A hundred in one piece, and cut anywhere."""
    data = (get(request(GOOD)) + post(request(REVOKED)) + get(b"\x30\x00")) * 30
    for size in (None, 1000):
        client = Client(handler())
        client.send(data, size=size)
        found = [status_of(each) for each in bodies(client.transport.sent)]
        assert found == ["GOOD", "REVOKED", "MALFORMED_REQUEST"] * 30


STREAM = [
    get(DER),
    HIDDEN,
    post(DER),
    post(DER, "Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    get(DER).replace(b"GET", b"HEAD"),
    get(DER, "If-None-Match: *\r\n"),
    VALID["chunk extension and trailer"],
    VALID["body of a GET"],
    b"\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
    *NOT_ALLOWED.values(),
    AMBIGUOUS["NUL in a value"],
    AMBIGUOUS["SSH"],
]
"""Requests that may follow each other in a connection."""


@given(
    st.lists(st.sampled_from(STREAM), min_size=1, max_size=5),
    st.lists(st.integers(1, 120), max_size=20),
)
def test_where_a_stream_is_cut_does_not_matter(
    requests: list[bytes], sizes: list[int]
) -> None:
    """The same answers in the same order, whatever the reads of the server hold."""
    data = b"".join(requests)
    whole, cut = Client(handler()), Client(handler())
    whole.send(data)
    for size in sizes:
        cut.send(data[:size])
        data = data[size:]
    cut.send(data)
    assert _answers(cut.transport.sent) == _answers(whole.transport.sent)
    assert cut.is_ended is whole.is_ended


def _answers(sent: bytes) -> list[tuple[int, str]]:
    """Return the status code of each answer, and what the body says if there is one."""
    found = []
    for answer in sent.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        is_ocsp = body and b"application/ocsp-response" in head
        found.append((int(head[:3]), status_of(body) if is_ocsp else ""))
    return found


SEEDS = [get(DER), post(DER), *VALID.values(), *AMBIGUOUS.values()]


@given(st.data(), st.randoms(use_true_random=False))
def test_no_octets_break_a_connection(
    data: st.DataObject, chosen: random.Random
) -> None:
    """Mutated requests: every answer is well-formed, and an error ends the connection."""
    octets = bytearray(
        b"".join(data.draw(st.lists(st.sampled_from(SEEDS), max_size=4)))
    )
    for _ in range(data.draw(st.integers(0, 8))):
        place = chosen.randrange(len(octets) + 1)
        match chosen.randrange(3):
            case 0:
                octets[place:place] = chosen.choice([b"\r\n", b"\n", b" ", b"\0", b":"])
            case 1:
                del octets[place : place + chosen.randrange(8)]
            case 2 if place < len(octets):
                octets[place] = chosen.randrange(256)
    client = Client(handler())
    client.send(bytes(octets), size=data.draw(st.sampled_from([None, 1, 17])))
    if not client.is_ended:
        client.end()
    assert client.is_ended
    sent = client.transport.sent.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    if b"HTTP/1.1 304" not in sent and b"HEAD" not in octets:
        bodies(sent)
