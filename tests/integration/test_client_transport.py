"""The transports over real sockets: limits, failures, keep-alive, cancellation."""

from __future__ import annotations

import asyncio
import gc
import io
import itertools
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ocsp
from ocsp.client import AddressPolicy, HTTPRequest
from ocsp.client.transport.cancellation import Scope, current_scope
from ocsp.client.transport.tasks import AsyncHTTPTransport
from tests.integration.loopback import Server, head, read_request, serving
from tests.integration.senders import Sender

BODY = b"what a responder says" * 40


@pytest.fixture(name="send", params=["threads", "asyncio", "trio"])
def _send(request: pytest.FixtureRequest) -> Iterator[Sender]:
    sender = Sender(request.param)
    yield sender
    sender.close()


def _url(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def _answering(server: Server, connection: socket.socket) -> None:
    while read_request(server, connection):
        connection.sendall(head(Content_Length=len(BODY)) + BODY)


def test_a_request_has_no_unexpected_headers(send: Sender) -> None:
    """The path is unchanged, Host has the port; no Expect, no other coding."""
    with serving(_answering) as server:
        path = "/a//b%2F%2B=?x=//"
        reply = send(_url(server, path), headers=(("Accept", "x/y"),))
        assert (reply.status, reply.body) == (200, BODY)
        assert reply.header("content-length") == str(len(BODY))
        (request,) = server.requests
    lines = request.decode().split("\r\n")
    assert lines[0] == f"GET {path} HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert names == {"host", "user-agent", "accept", "accept-encoding"}
    assert "Accept-Encoding: identity" in lines
    assert f"Host: 127.0.0.1:{server.port}" in lines


def test_a_post_has_its_length_and_body(send: Sender) -> None:
    """It is sent without chunks and without Expect."""
    with serving(_answering) as server:
        send(
            _url(server),
            method="POST",
            body=b"question",
            headers=(("Content-Type", "application/ocsp-request"),),
        )
        (request,) = server.requests
    assert request.endswith(b"\r\n\r\nquestion")
    assert b"Content-Length: 8\r\n" in request
    assert b"expect" not in request.lower()
    assert b"transfer-encoding" not in request.lower()


def test_a_connection_is_reused(send: Sender) -> None:
    """Three requests, one connection."""
    with serving(_answering) as server:
        for _ in range(3):
            send(_url(server))
        assert (len(server.requests), server.connections) == (3, 1)


def test_a_closed_idle_connection_is_replaced(send: Sender) -> None:
    """RFC 9112 §9.3.1: a server may close it at any time, even during a request."""

    def once(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head(Content_Length=len(BODY)) + BODY)
        if server.connections == 1:
            read_request(server, connection)  # close without a reply

    with serving(once) as server:
        assert send(_url(server)).body == BODY
        assert send(_url(server)).body == BODY
        assert server.connections == 2


def test_a_new_connection_that_is_closed_is_a_failure(send: Sender) -> None:
    """The transport does not retry."""
    with serving(read_request) as server, pytest.raises(ocsp.errors.TransportError):
        send(_url(server))
    assert server.connections == 1


def test_a_refused_connection_is_a_transport_error(send: Sender) -> None:
    """The error has the URL for messages, without the encoded request."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    with pytest.raises(ocsp.errors.TransportError) as raised:
        send(f"http://127.0.0.1:{port}/MFQwUjBQ", shown="http://a.example")
    assert raised.value.url == "http://a.example"
    assert isinstance(raised.value, ConnectionError)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"",
    ],
    ids=["ssh", "short", "chunks", "two lengths", "endless head", "nothing"],
)
def test_a_reply_that_is_not_http_is_a_transport_error(
    send: Sender, answer: bytes
) -> None:
    """The error says what is wrong with it."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(answer)

    with serving(serve) as server, pytest.raises(ocsp.errors.TransportError):
        send(_url(server))


def _endless(server: Server, connection: socket.socket) -> None:
    read_request(server, connection)
    connection.sendall(head(Transfer_Encoding="chunked"))
    for _ in itertools.count():
        connection.sendall(b"1000\r\n" + bytes(0x1000) + b"\r\n")


def _announced(server: Server, connection: socket.socket) -> None:
    read_request(server, connection)
    connection.sendall(head(Content_Length=10**12))
    server.wait_until_gone(connection)


@pytest.mark.parametrize("serve", [_endless, _announced])
def test_a_body_over_the_limit_is_refused(send: Sender, serve: Any) -> None:
    """By its Content-Length, or while reading; then the connection is closed."""
    with serving(serve) as server, pytest.raises(ocsp.errors.BodyTooLarge) as raised:
        send(_url(server))
    assert raised.value.maximum == 65_536


def test_a_body_of_exactly_the_limit_is_read(send: Sender) -> None:
    """A body that is one octet longer is refused."""
    with serving(_answering) as server:
        assert len(send(_url(server), max_bytes=len(BODY)).body) == len(BODY)
        with pytest.raises(ocsp.errors.BodyTooLarge):
            send(_url(server), max_bytes=len(BODY) - 1)


def test_a_body_is_saved_to_a_file(send: Sender) -> None:
    """In place of the old content, and not in memory."""
    file = io.BytesIO(b"old content" * 1000)
    with serving(_answering) as server:
        reply = send(_url(server), save_to=file, max_bytes=len(BODY))
        assert (reply.status, reply.body, file.getvalue()) == (200, b"", BODY)
        with pytest.raises(ocsp.errors.BodyTooLarge):
            send(_url(server), save_to=file, max_bytes=len(BODY) - 1)


def test_a_repeated_request_saves_its_body_once(send: Sender) -> None:
    """The old content does not remain in the file."""

    def once(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head(Content_Length=len(BODY)) + BODY)
        if server.connections == 1:
            read_request(server, connection)  # close without a reply

    file = io.BytesIO(b"old content" * 1000)
    with serving(once) as server:
        assert send(_url(server)).body == BODY
        assert send(_url(server), save_to=file).body == b""
        assert file.getvalue() == BODY
        assert server.connections == 2


def test_a_reply_that_breaks_off_is_not_requested_again(send: Sender) -> None:
    """The server has received the request: an octet of its reply came."""

    def once(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head(Content_Length=len(BODY)) + BODY)
        if read_request(server, connection):
            connection.sendall(head(Content_Length=len(BODY)) + BODY[:10])

    with serving(once) as server:
        assert send(_url(server)).body == BODY
        with pytest.raises(ocsp.errors.BrokenReply, match="within its reply"):
            send(_url(server))
        assert server.connections == 1


def test_the_body_of_another_status_is_not_read(send: Sender) -> None:
    """The transport closes the connection after the headers."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head("404 Not Found") + b"<html>")
        server.wait_until_gone(connection)

    with serving(serve) as server:
        reply = send(_url(server))
        assert server.gone.wait(30)
    assert (reply.status, reply.body) == (404, b"")


def _silent(server: Server, connection: socket.socket) -> None:
    read_request(server, connection)
    server.wait_until_gone(connection)


def _dripping(server: Server, connection: socket.socket) -> None:
    """Send an octet now and then, so that no single wait is long."""
    read_request(server, connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not server.release.wait(0.01):
        connection.sendall(b"x")


@pytest.mark.parametrize(
    ("serve", "changes"),
    [
        (_silent, {"io_timeout": 0.1}),
        (_silent, {"timeout": 0.1}),
        (_dripping, {"timeout": 0.2}),
    ],
    ids=["io_timeout", "timeout", "slow octets"],
)
def test_every_exchange_ends_in_time(
    send: Sender, serve: Callable[[Server, socket.socket], None], changes: Any
) -> None:
    """Each wait is limited, and so is the whole exchange, even if octets arrive."""
    start = time.monotonic()
    with serving(serve) as server, pytest.raises(ocsp.errors.FetchTimeout) as raised:
        send(_url(server), **changes)
    assert isinstance(raised.value, TimeoutError)
    assert time.monotonic() - start < 20


# --- addresses -------------------------------------------------------------------


def test_the_transport_does_not_connect_to_a_private_address(send: Sender) -> None:
    """The server sees no connection."""
    with serving(_answering) as server:
        with pytest.raises(
            ocsp.errors.ForbiddenResponderURL,
            match=r": 127\.0\.0\.1 is not public, as AddressPolicy\.PUBLIC requires",
        ):
            send(_url(server), address_policy=AddressPolicy.PUBLIC)
        assert server.connections == 0


def test_an_idle_connection_does_not_bypass_the_address_policy(send: Sender) -> None:
    """It was opened for a URL of the caller; then a certificate names the same URL."""
    with serving(_answering) as server:
        assert send(_url(server)).status == 200
        with pytest.raises(ocsp.errors.ForbiddenResponderURL):
            send(_url(server), address_policy=AddressPolicy.PUBLIC)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.1", "0x7f000001"])
def test_names_of_private_addresses_are_refused(send: Sender, host: str) -> None:
    """Also old spellings of IPv4 addresses."""
    with serving(_answering) as server:
        with pytest.raises(
            (ocsp.errors.ForbiddenResponderURL, ocsp.errors.TransportError)
        ):
            send(f"http://{host}:{server.port}/", address_policy=AddressPolicy.PUBLIC)
        assert server.connections == 0


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names resolve to *answers* in turn; return the list of resolved names."""
    resolved: list[str] = []
    queue = list(answers)

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        resolved.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in (queue.pop(0) if len(queue) > 1 else queue[0])
        ]

    real = socket.getaddrinfo

    def patched(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(host, str) and host.endswith(".example"):
            return getaddrinfo(host, port)
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", patched)
    return resolved


def test_a_name_is_resolved_once_and_the_checked_address_is_used(
    send: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to another address later (DNS rebinding) gains nothing."""
    with serving(_answering) as server:
        resolved = _resolving(monkeypatch, ["127.0.0.1"], ["10.255.255.1"])
        url = f"http://name.example:{server.port}/"
        assert send(url).status == 200
        assert resolved == ["name.example"]
        assert f"Host: name.example:{server.port}".encode() in server.requests[0]
        with pytest.raises(ocsp.errors.ForbiddenResponderURL, match=r"10\.255\.255\.1"):
            send(url, address_policy=AddressPolicy.PUBLIC)


def test_after_a_refused_connection_the_next_address_is_used(
    send: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name has two addresses."""
    with serving(_answering) as server:
        _resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        assert send(f"http://name.example:{server.port}/").status == 200


def test_a_name_that_does_not_exist_is_a_transport_error(send: Sender) -> None:
    """RFC 6761 §6.4: names below .invalid never exist."""
    with pytest.raises(ocsp.errors.TransportError):
        send("http://nobody.invalid/")


def test_resolving_a_name_ends_with_the_io_timeout(
    send: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``getaddrinfo`` itself has no timeout."""
    release = threading.Event()
    real = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "name.example":
            assert release.wait(30)
            raise OSError("too late")
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        with pytest.raises(ocsp.errors.FetchTimeout):
            send("http://name.example/", io_timeout=0.1)
    finally:
        release.set()


# --- cancelling and closing ------------------------------------------------------


def test_a_cancelled_task_leaves_no_socket() -> None:
    """The server sees the connection close while the client waits."""

    async def main(server: Server) -> None:
        transport = AsyncHTTPTransport()
        request = HTTPRequest(
            method="GET",
            url=_url(server),
            address_policy=AddressPolicy.PRIVATE_TOO,
            max_bytes=1,
            timeout=30,
            io_timeout=30,
        )
        task = asyncio.create_task(transport.send(request))
        assert await asyncio.to_thread(server.reached.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.gone.wait, 30)
        await transport.aclose()

    with serving(_silent) as server:
        asyncio.run(main(server))


def test_a_cancelled_thread_leaves_no_socket() -> None:
    """It wakes, fails, and closes the connection that it has opened."""
    scope, failures = Scope(), []

    def work(url: str) -> None:
        current_scope.set(scope)
        try:
            Sender("threads")(url)
        except ocsp.FetchError as error:
            failures.append(error)

    with serving(_silent) as server:
        thread = threading.Thread(target=work, args=(_url(server),))
        thread.start()
        assert server.reached.wait(30)
        scope.cancel()
        assert server.gone.wait(30)
        thread.join(30)
    assert len(failures) == 1


def test_closing_leaves_no_socket(send: Sender) -> None:
    """Idle connections are closed too."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head(Content_Length=len(BODY)) + BODY)
        server.wait_until_gone(connection)

    with serving(serve) as server:
        send(_url(server))
        assert server.reached.wait(30)
        send.close()
        assert server.gone.wait(30)


def test_a_transport_forgets_loops_that_have_ended() -> None:
    """A program may run each of many checks in an event loop of its own."""
    transport = AsyncHTTPTransport()
    with serving(_answering) as server:
        request = HTTPRequest(
            method="GET",
            url=_url(server),
            address_policy=AddressPolicy.PRIVATE_TOO,
            max_bytes=10_000,
            timeout=10,
            io_timeout=10,
        )
        ended = []

        async def use() -> None:
            ended.append(weakref.ref(asyncio.get_running_loop()))
            assert (await transport.send(request)).body == BODY

        for _ in range(3):
            asyncio.run(use())
    gc.collect()
    assert [loop() for loop in ended] == [None] * 3
