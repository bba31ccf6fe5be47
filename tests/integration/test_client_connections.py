"""
Octets after a reply end the connection; nothing of them becomes the next reply.

The server misbehaves in the way of each test, and answers each request with a body that
names its path. So a reply for another request, or one that the server made up, shows.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ocsp
from ocsp.client import Proxy
from tests.integration.loopback import Server, head, read_request, serving
from tests.integration.senders import Sender
from tests.integration.tls import server_context

POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _body(request: bytes) -> bytes:
    return b"for " + request.split(b" ")[1]


def _with_length(body: bytes, start: str = "200 OK", **headers: object) -> bytes:
    return head(start, Content_Length=len(body), **headers) + body


def _in_chunks(body: bytes, trailer: bytes = b"") -> bytes:
    chunk = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailer)
    return head(Transfer_Encoding="chunked") + chunk


Answer = Callable[[bytes], bytes]

SURPLUS: dict[str, bytes] = {
    "a reply": POISON,
    "two replies": POISON * 2,
    "one octet": b"x",
    "an empty line": b"\r\n",
    "LF": b"\n",
    "many empty lines": b"\r\n" * 1000,
    "a reply of 1xx": CONTINUE,
    "1xx and a reply": CONTINUE + POISON,
    "half a reply": POISON[:20],
    "a reply that switches the protocol": b"HTTP/1.1 101 X\r\nUpgrade: x\r\n"
    b"Connection: upgrade\r\n\r\n",
    "no HTTP": bytes(range(256)),
    "a chunk": b"0\r\n\r\n",
}

FRAMED: dict[str, Answer] = {
    "length": _with_length,
    "chunks": _in_chunks,
    "chunks with a trailer": lambda body: _in_chunks(body, b"X: y\r\n"),
    "closing": lambda body: _with_length(body, Connection="close"),
    "HTTP/1.0, kept": lambda body: _with_length(body, Connection="keep-alive").replace(
        b"HTTP/1.1", b"HTTP/1.0"
    ),
    "HTTP/1.0": lambda body: _with_length(body).replace(b"HTTP/1.1", b"HTTP/1.0"),
}


class _Script:
    """Answers each request; after the first answer of a connection, sends more."""

    def __init__(self, answer: Answer, more: bytes, *, later: bool) -> None:
        self._answer = answer
        self._more = more
        self._later = later
        self.sent = threading.Event()

    def __call__(self, server: Server, connection: socket.socket) -> None:
        more = self._more
        while request := read_request(server, connection):
            answer = self._answer(_body(request))
            if self._later:
                connection.sendall(answer)
                connection.sendall(more)
            else:
                connection.sendall(answer + more)
            more = b""
            self.sent.set()


def _expect_own_answers(send: Sender, server: Server, script: _Script) -> None:
    for number in range(4):
        script.sent.clear()
        reply = send(f"http://127.0.0.1:{server.port}/{number}")
        assert (reply.status, reply.body) == (200, b"for /%d" % number)
        assert script.sent.wait(30)


@pytest.mark.parametrize("later", [False, True], ids=["same segment", "later"])
@pytest.mark.parametrize("answer", FRAMED.values(), ids=FRAMED)
@pytest.mark.parametrize("more", SURPLUS.values(), ids=SURPLUS)
def test_octets_after_a_reply_end_the_connection(
    sender: Callable[..., Sender], answer: Answer, more: bytes, later: bool
) -> None:
    """Also if they come while the connection is idle. Each request has its own reply."""
    script = _Script(answer, more, later=later)
    with serving(script) as server:
        _expect_own_answers(sender(), server, script)
        assert server.connections == 4


def _with_body(status: str) -> Answer:
    return lambda body: head(status, Content_Length=len(POISON)) + POISON


@pytest.mark.parametrize(
    "status",
    [
        "204 No Content",
        "205 Reset",
        "206 Part",
        "304 Not Modified",
        "302 Found",
        "404 No",
    ],
)
@pytest.mark.parametrize("later", [False, True], ids=["same segment", "later"])
def test_the_body_of_another_status_is_not_the_next_reply(
    sender: Callable[..., Sender], status: str, later: bool
) -> None:
    """A server that sends one after 204 or 304 sends surplus octets (RFC 9112 §6.3)."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        answer = head(status, Content_Length=len(POISON)) + POISON
        if later:
            connection.sendall(answer[: -len(POISON)])
            second = read_request(server, connection)  # on this connection: too late
            connection.sendall(POISON)
            assert not second
        else:
            connection.sendall(answer)

    with serving(serve) as server:
        send = sender()
        for number in range(3):
            reply = send(f"http://127.0.0.1:{server.port}/{number}")
            assert (reply.status, reply.body) == (int(status[:3]), b"")
        assert server.connections == 3


@pytest.mark.parametrize(
    "first",
    [
        CONTINUE,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
        b"HTTP/1.1 102 X\r\nContent-Length: 6\r\n\r\n",
    ],
    ids=["100", "103", "with a length"],
)
def test_after_replies_of_1xx_the_connection_ends(
    sender: Callable[..., Sender], first: bytes
) -> None:
    """The server and the client could count the replies differently."""
    script = _Script(lambda body: first + _with_length(body), b"", later=False)
    with serving(script) as server:
        _expect_own_answers(sender(), server, script)
        assert server.connections == 4


def test_chunks_in_http_1_0_end_the_connection(sender: Callable[..., Sender]) -> None:
    """RFC 9112 §6.1: their framing counts as faulty."""

    def answer(body: bytes) -> bytes:
        kept = _in_chunks(body).replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1)
        return kept.replace(b"HTTP/1.1", b"HTTP/1.0")

    script = _Script(answer, b"", later=False)
    with serving(script) as server:
        _expect_own_answers(sender(), server, script)
        assert server.connections == 4


@pytest.mark.parametrize("framed", ["length", "chunks", "HTTP/1.0, kept"])
def test_after_an_ordinary_reply_the_connection_is_used_again(
    sender: Callable[..., Sender], framed: str
) -> None:
    """So that the tests above show what they seem to show."""
    script = _Script(FRAMED[framed], b"", later=False)
    with serving(script) as server:
        _expect_own_answers(sender(), server, script)
        assert server.connections == 1


def test_a_reply_that_is_longer_than_its_length(sender: Callable[..., Sender]) -> None:
    """The rest is not the start of the next reply."""

    def serve(server: Server, connection: socket.socket) -> None:
        while read_request(server, connection):
            connection.sendall(head(Content_Length=2) + b"ok" + POISON)

    with serving(serve) as server:
        send = sender()
        for _ in range(3):
            assert send(f"http://127.0.0.1:{server.port}/").body == b"ok"
        assert server.connections == 3


# --- TLS ------------------------------------------------------------------------------


class _Records:
    """TLS on the side of a server, whose records are sent in one segment."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._read(self._tls.do_handshake)
        self.flush()

    def _read(self, operation: Callable[[], Any]) -> Any:
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                self.flush()
                data = self._connection.recv(65536)
                if not data:
                    return b""
                self._incoming.write(data)

    def flush(self, octets: int | None = None) -> None:
        """Send what is written, or the given number of octets of it."""
        data = self._outgoing.read() if octets is None else self._outgoing.read(octets)
        self._connection.sendall(data)

    def read(self) -> bytes:
        """Return the next request."""
        found = self._read(lambda: self._tls.read(65536))
        return bytes(found)

    def write(self, data: bytes) -> None:
        """Add a record."""
        self._tls.write(data)


@pytest.mark.parametrize("way", ["one segment", "two segments", "half a record"])
def test_further_tls_records_end_the_connection(
    sender: Callable[..., Sender], tmp_path: Path, way: str
) -> None:
    """Also a part of one, whose end comes after the next request."""
    outside, inside = server_context(tmp_path, "localhost")
    sent = threading.Event()

    def serve(server: Server, connection: socket.socket) -> None:
        connection.settimeout(30)
        with contextlib.suppress(ssl.SSLError):
            records = _Records(connection, outside)
            while request := records.read():
                server.requests.append(request)
                records.write(_with_length(_body(request)))
                if way != "one segment":
                    records.flush()
                records.write(POISON)
                if way == "half a record":
                    records.flush(10)
                    sent.set()
                    if records.read():
                        records.flush()
                    return
                records.flush()
                sent.set()

    with serving(serve) as server:
        send = sender(ssl_context=inside, proxy=Proxy.NONE)
        for number in range(3):
            sent.clear()
            reply = send(f"https://localhost:{server.port}/{number}")
            assert reply.body == b"for /%d" % number
            assert sent.wait(30)
        assert server.connections == 3


def test_a_tls_connection_is_used_again(
    sender: Callable[..., Sender], tmp_path: Path
) -> None:
    """Session tickets, which come after the handshake, are no surplus."""
    outside, inside = server_context(tmp_path, "localhost")

    def serve(server: Server, connection: socket.socket) -> None:
        with outside.wrap_socket(connection, server_side=True) as tls:
            while request := read_request(server, tls):
                tls.sendall(_with_length(_body(request)))

    with serving(serve) as server:
        send = sender(ssl_context=inside, proxy=Proxy.NONE)
        for number in range(3):
            reply = send(f"https://localhost:{server.port}/{number}")
            assert reply.body == b"for /%d" % number
        assert server.connections == 1
        send.close()


# --- CONNECT --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "surplus", [b"x", b"\r\n", POISON, bytes.fromhex("1603030001")], ids=repr
)
def test_octets_of_a_proxy_before_tls_are_refused(
    sender: Callable[..., Sender], surplus: bytes
) -> None:
    """They are not protected, and must not be lost between the proxy and TLS."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n" + surplus)
        server.wait_until_gone(connection)

    with serving(serve) as server:
        send = sender(proxy=Proxy(f"127.0.0.1:{server.port}"))
        with pytest.raises(ocsp.errors.TransportError, match="before TLS began"):
            send("https://a.example/")
        assert server.gone.wait(30)
