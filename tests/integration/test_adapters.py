"""Adapters: clients of other libraries send the requests of a check."""

from __future__ import annotations

import gzip
import importlib
import io
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.client import AddressPolicy, CheckStatus, Environment
from ocsp.client.adapters import sending
from ocsp.errors import (
    BodyTooLarge,
    BrokenReply,
    FetchTimeout,
    ForbiddenResponderURL,
    MissingExtraError,
    TransportError,
)
from tests.integration.adapting import KINDS, Adapted
from tests.integration.loopback import Serve, Server, head, read_request, serving
from tests.pki import NOW, ca, leaf
from tests.unit.client.evidence import answer

LATE = 0.3

# httpx does not close the generators of a reply that is not read to its end; trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*PoolByteStream", "ignore:Async gen")


@pytest.fixture(name="http", params=KINDS)
def _http(request: pytest.FixtureRequest) -> Iterator[Adapted]:
    adapted = Adapted(request.param)
    yield adapted
    adapted.close()


def _answering(reply: bytes, *, ends: bool = True) -> Serve:
    """Return a server that sends *reply* to each request."""

    def serve(server: Server, connection: socket.socket) -> None:
        while read_request(server, connection):
            connection.sendall(reply)
            if ends:
                break

    return serve


def _with_body(body: bytes, **headers: object) -> bytes:
    return head(content_length=len(body), **headers) + body


def _url(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


# --- requests and replies -------------------------------------------------------------


def test_a_get(http: Adapted) -> None:
    """The path is sent unchanged, and the names of headers come in lower case."""
    reply = _with_body(b"body", Content_Type="application/ocsp-response")
    path = "/ca/MEUw%2Bab%2FcQ%3D%3D"
    with serving(_answering(reply, ends=False)) as server:
        for _ in range(2):
            found = http.send(
                _url(server, path), headers=(("Accept", "application/ocsp-response"),)
            )
        assert server.connections == 1
    assert (found.status, found.body) == (200, b"body")
    assert found.header("content-type") == "application/ocsp-response"
    request = server.requests[0]
    start, *lines = request.split(b"\r\n")
    assert start == f"GET {path} HTTP/1.1".encode()
    sent = {line.lower() for line in lines}
    assert {b"accept: application/ocsp-response", b"accept-encoding: identity"} <= sent
    assert not [line for line in sent if line.startswith(b"content-length")]


def test_a_post(http: Adapted) -> None:
    """The content is sent with its length and its media type."""
    body = bytes(range(256))
    with serving(_answering(_with_body(b""))) as server:
        found = http.send(
            _url(server),
            method="POST",
            body=body,
            headers=(("Content-Type", "application/ocsp-request"),),
        )
    assert (found.status, found.body) == (200, b"")
    top, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert b"content-type: application/ocsp-request" in top.lower()
    assert b"content-length: 256" in top.lower()


def test_a_redirect_is_not_followed(http: Adapted) -> None:
    """The client of ocsp decides about it."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        location = f"http://127.0.0.1:{server.port}/other"
        connection.sendall(head("302 Found", Location=location, content_length=0))

    with serving(serve) as server:
        found = http.send(_url(server))
    assert (found.status, found.body) == (302, b"")
    assert found.header("location").endswith("/other")
    assert len(server.requests) == 1


def test_another_status_has_no_content(http: Adapted) -> None:
    """It is not read, however long it is."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head("500 Error", content_length=1 << 40) + b"why")
        server.wait_until_gone(connection)

    with serving(serve) as server:
        found = http.send(_url(server))
        assert (found.status, found.body) == (500, b"")
        assert server.gone.wait(30)


def test_the_content_goes_into_a_file(http: Adapted) -> None:
    """As a CRL does; what was in the file is removed."""
    with serving(_answering(_with_body(b"crl" * 50_000))) as server:
        file = io.BytesIO(b"x" * 200_000)
        found = http.send(_url(server), save_to=file, max_bytes=1 << 20)
    assert found.body == b""
    assert file.getvalue() == b"crl" * 50_000


def test_compressed_content_is_decoded(http: Adapted) -> None:
    """Some servers compress whatever the client accepts."""
    packed = gzip.compress(b"response" * 100)
    with serving(_answering(_with_body(packed, Content_Encoding="gzip"))) as server:
        assert http.send(_url(server)).body == b"response" * 100


def test_a_session_of_aiohttp_may_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is its default; the limit holds for what it has decoded."""
    http = Adapted("aiohttp")
    http.transport._session._auto_decompress = True
    packed = gzip.compress(b"response" * 100)
    with serving(_answering(_with_body(packed, Content_Encoding="gzip"))) as server:
        assert http.send(_url(server)).body == b"response" * 100
        with pytest.raises(BodyTooLarge):
            http.send(_url(server), max_bytes=799)
    http.close()


# --- limits ---------------------------------------------------------------------------


def test_a_content_that_is_announced_too_large(http: Adapted) -> None:
    """It is not read."""
    with (
        serving(_answering(head(content_length=1 << 40))) as server,
        pytest.raises(BodyTooLarge),
    ):
        http.send(_url(server))


def test_a_content_without_end(http: Adapted) -> None:
    """It is read up to the limit."""
    sent = 0

    def serve(server: Server, connection: socket.socket) -> None:
        nonlocal sent
        read_request(server, connection)
        connection.sendall(head(Transfer_Encoding="chunked"))
        while not server.release.is_set():
            connection.sendall(b"1000\r\n" + bytes(4096) + b"\r\n")
            sent += 4096

    with serving(serve) as server, pytest.raises(BodyTooLarge):
        http.send(_url(server))
    assert sent < 1 << 26


def test_a_small_content_that_decodes_to_a_large_one(http: Adapted) -> None:
    """It is decoded up to the limit."""
    packed = gzip.compress(bytes(1 << 26))
    with (
        serving(_answering(_with_body(packed, Content_Encoding="gzip"))) as server,
        pytest.raises(BodyTooLarge),
    ):
        http.send(_url(server), max_bytes=1 << 17)


@pytest.mark.parametrize("limit", ["timeout", "io_timeout"])
def test_a_server_that_does_not_answer(http: Adapted, limit: str) -> None:
    """Both limits end the wait."""
    with (
        serving(_silent) as server,
        pytest.raises(FetchTimeout, match=r"too long|deadline"),
    ):
        http.send(_url(server), **{limit: LATE})


def _silent(server: Server, connection: socket.socket) -> None:
    read_request(server, connection)
    server.wait_until_gone(connection)


def test_a_content_that_comes_slowly(http: Adapted) -> None:
    """No single read takes too long, but the exchange does."""

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head(content_length=60_000))
        while not server.release.wait(0.02):
            connection.sendall(b"x" * 10)

    started = time.monotonic()
    with serving(serve) as server, pytest.raises(FetchTimeout):
        http.send(_url(server), timeout=LATE, io_timeout=5.0)
    assert time.monotonic() - started < 20


# --- failures -------------------------------------------------------------------------


def test_nothing_listens(http: Adapted) -> None:
    """The connection fails."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(TransportError) as caught:
        http.send(f"http://127.0.0.1:{port}/", shown="the URL")
    assert not isinstance(caught.value, BrokenReply)
    assert caught.value.url == "the URL"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        head(content_length=4, Content_Encoding="gzip") + b"none",
        head(content_length=4, Content_Encoding="br") + b"none",
        _with_body(gzip.compress(b"x" * 999)[:-9], Content_Encoding="gzip"),
    ],
    ids=["nothing", "ssh", "short", "chunks", "gzip", "br", "half"],
)
def test_no_reply(http: Adapted, reply: bytes) -> None:
    """A server that sends no complete reply is told from one that is not there."""
    with serving(_answering(reply)) as server, pytest.raises(BrokenReply) as caught:
        http.send(_url(server))
    assert len(str(caught.value)) < 600


def test_a_client_that_is_closed(http: Adapted) -> None:
    """The error is one of this package."""
    http.close_client()
    with (
        serving(_answering(_with_body(b"x"))) as server,
        suppress(TransportError),  # requests and urllib3 open what was closed
    ):
        assert http.send(_url(server)).body == b"x"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1"])
def test_an_address_that_is_not_public(http: Adapted, host: str) -> None:
    """Nothing is sent to it."""
    with serving(_answering(_with_body(b"x"))) as server:
        with pytest.raises(ForbiddenResponderURL):
            http.send(
                f"http://{host}:{server.port}/", address_policy=AddressPolicy.PUBLIC
            )
        assert server.connections == 0


def test_a_name_that_does_not_resolve(
    http: Adapted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the client, or its proxy, can know whether a public name exists."""

    def fail(*_: object) -> list[str]:
        raise OSError("no such name")

    monkeypatch.setattr(sending.resolver, "resolve", fail)
    public = {"address_policy": AddressPolicy.PUBLIC}
    with pytest.raises(ForbiddenResponderURL, match="not a public name"):
        http.send("http://router.local/", **public)
    with pytest.raises(ForbiddenResponderURL, match="neither an IP address"):
        http.send("http://0127.0.0.1/", **public)
    with pytest.raises(TransportError):
        http.send("http://no-such-name.invalid/", timeout=5.0, **public)


def test_a_look_up_that_takes_too_long(
    http: Adapted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts for the deadline."""

    def wait(host: str, port: int, seconds: float) -> list[str]:
        raise TimeoutError

    monkeypatch.setattr(sending.resolver, "resolve", wait)
    with pytest.raises(FetchTimeout, match="resolving"):
        http.send("http://ocsp.example/", address_policy=AddressPolicy.PUBLIC)


# --- whole checks ---------------------------------------------------------------------


def test_a_check(http: Adapted) -> None:
    """The outcome is that of the built-in transport."""
    der = answer(1).response.public_bytes(Encoding.DER)
    reply = _with_body(der, Content_Type="application/ocsp-response")
    kind = ocsp.AsyncClient if http.is_async else ocsp.Client
    client: Any = kind(
        transport=http.transport, environment=Environment(now=lambda: NOW)
    )
    with serving(_answering(reply)) as server:
        outcome = http.run(partial(client.check, leaf(1), ca(), url=_url(server)))
    assert outcome.status is CheckStatus.GOOD
    assert outcome.evidence.response.public_bytes(Encoding.DER) == der


# --- clients that are none, and missing libraries -------------------------------------


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("httpx", "HTTPXTransport"),
        ("httpx", "AsyncHTTPXTransport"),
        ("aiohttp", "AiohttpTransport"),
        ("requests", "RequestsTransport"),
        ("urllib3", "Urllib3Transport"),
    ],
)
def test_another_object_is_no_client(room: str, name: str) -> None:
    """The error says what is needed."""
    adapters = importlib.import_module(f"ocsp.client.adapters.{room}")
    with pytest.raises(TypeError, match=r"must be a .*, not object"):
        getattr(adapters, name)(object())


@pytest.mark.parametrize("library", ["aiohttp", "requests", "urllib3", "anyio"])
def test_a_missing_library(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence names the extra."""
    room = "httpx" if library == "anyio" else library
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"ocsp.client.adapters.{room}", raising=False)
    with pytest.raises(MissingExtraError, match=f"needs the extra '{room}'") as caught:
        importlib.import_module(f"ocsp.client.adapters.{room}")
    assert str(caught.value).count("\n") == 0
