"""Exchanges step by step, over pairs of sockets: what a server says too early."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp import limits
from ocsp.client import AddressPolicy, HTTPRequest, Proxy
from ocsp.client.transport.exchange import Connect, Exchange, Read, StartTLS, Write
from ocsp.client.transport.pool import ConnectionPool, Stream
from ocsp.client.transport.proxy import ProxyTable
from ocsp.errors import BrokenReply, TransportError
from tests.integration.tls import server_context

EARLY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"


@pytest.fixture(name="pair")
def _pair() -> Iterator[tuple[Stream, socket.socket]]:
    ours, theirs = socket.socketpair()
    stream = Stream(ours)
    yield stream, theirs
    stream.close()
    theirs.close()


def _exchange(url: str, proxy: Proxy = Proxy.NONE) -> Exchange[Stream]:
    request = HTTPRequest(
        method="GET",
        url=url,
        max_bytes=100,
        timeout=30,
        io_timeout=30,
        address_policy=AddressPolicy.PRIVATE_TOO,
    )
    return Exchange(request, ProxyTable(proxy), ConnectionPool(1))


def test_a_reply_before_the_request_is_refused(
    pair: tuple[Stream, socket.socket],
) -> None:
    """It cannot be the reply to it, and the true reply would be one too many."""
    stream, server = pair
    steps = _exchange("http://192.0.2.1/").run()
    assert isinstance(next(steps), Connect)
    server.sendall(EARLY)
    with pytest.raises(BrokenReply, match="sent data before the request"):
        steps.send(stream)


def test_a_server_that_waits_gets_the_request(
    pair: tuple[Stream, socket.socket],
) -> None:
    """So that the test above shows what it seems to show."""
    steps = _exchange("http://192.0.2.1/").run()
    assert isinstance(next(steps), Connect)
    assert isinstance(steps.send(pair[0]), Write)
    assert isinstance(steps.send(None), Read)
    steps.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://A.example", b"a.example"),
        ("http://a.example:80", b"a.example:80"),
        ("http://a.example:", b"a.example"),
        ("http://127.0.0.1[2606:4700::1111]:81/", b"[2606:4700::1111]:81"),
        ("http://[2606:4700::1111].b.example/", b"[2606:4700::1111]"),
    ],
)
def test_a_proxy_and_a_server_read_the_host_that_was_checked(
    pair: tuple[Stream, socket.socket], url: str, host: bytes
) -> None:
    """And not the text of the URL, which they could divide differently."""
    steps = _exchange(url, Proxy("192.0.2.2:3128")).run()
    next(steps)
    step = steps.send(pair[0])
    assert isinstance(step, Write)
    assert step.data.startswith(
        b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\n" % (host, host)
    )
    steps.close()


def test_a_step_takes_no_longer_than_the_system_can_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the options allow it to take."""
    monkeypatch.setattr(limits, "MAX_WAIT_SECONDS", 77.0)
    request = HTTPRequest(
        method="GET", url="http://192.0.2.1", max_bytes=1, timeout=1e300, io_timeout=1e300,
        address_policy=AddressPolicy.PRIVATE_TOO,
    )  # fmt: skip
    steps = Exchange(request, ProxyTable(Proxy.NONE), ConnectionPool(1)).run()
    assert next(steps).seconds == 77
    steps.close()


def test_data_before_tls_is_refused(pair: tuple[Stream, socket.socket]) -> None:
    """A TLS client speaks first."""
    stream, server = pair
    steps = _exchange("https://192.0.2.1/").run()
    assert isinstance(next(steps), Connect)
    server.sendall(b"\x16\x03\x03\x00\x01\x00")
    with pytest.raises(TransportError, match="before TLS began"):
        steps.send(stream)


@pytest.mark.parametrize("same_segment", [True, False])
def test_data_of_a_proxy_before_tls_is_refused(
    pair: tuple[Stream, socket.socket], same_segment: bool
) -> None:
    """With its answer to CONNECT, or right after it."""
    stream, server = pair
    steps = _exchange("https://192.0.2.1/", Proxy("192.0.2.2:3128")).run()
    assert isinstance(next(steps), Connect)
    assert isinstance(steps.send(stream), Write)
    assert isinstance(steps.send(None), Read)
    if not same_segment:
        server.sendall(EARLY)
    with pytest.raises(TransportError, match="before TLS began"):
        steps.send(b"HTTP/1.1 200 X\r\n\r\n" + (EARLY if same_segment else b""))


def test_a_silent_proxy_leads_to_tls(pair: tuple[Stream, socket.socket]) -> None:
    """So that the test above shows what it seems to show."""
    steps = _exchange("https://192.0.2.1/", Proxy("192.0.2.2:3128")).run()
    next(steps)
    steps.send(pair[0])
    steps.send(None)
    assert isinstance(steps.send(b"HTTP/1.1 200 X\r\n\r\n"), StartTLS)
    steps.close()


@contextlib.contextmanager
def _tls(
    pair: tuple[Stream, socket.socket], folder: Path
) -> Iterator[tuple[Stream, ssl.SSLSocket]]:
    """Do the handshake on both sides."""
    stream, server = pair
    outside, inside = server_context(folder, "localhost")
    found: list[ssl.SSLSocket] = []
    accept = threading.Thread(
        target=lambda: found.append(outside.wrap_socket(server, server_side=True))
    )
    accept.start()
    stream.wrap(inside, "localhost").do_handshake()
    accept.join(30)
    with found[0] as tls:
        yield stream, tls


def test_session_tickets_are_no_data(
    pair: tuple[Stream, socket.socket], tmp_path: Path
) -> None:
    """The server sends them after the handshake; data of the application is data."""
    with _tls(pair, tmp_path) as (stream, server):
        assert not stream.is_silent()  # the tickets: the connection was not idle yet
        assert not stream.has_spoken()
        assert stream.is_silent()
        server.sendall(EARLY)
        assert not stream.is_silent()
        assert stream.has_spoken()
        assert not stream.is_silent()  # the rest of the record is in TLS


def test_a_closed_connection_is_not_silent(
    pair: tuple[Stream, socket.socket],
) -> None:
    """Neither if the server has closed it, nor if the client has."""
    stream, server = pair
    assert stream.is_silent()
    server.close()
    assert not stream.is_silent()
    assert not stream.has_spoken()
    stream.close()
    assert not stream.is_silent()


@pytest.mark.parametrize("host", [".example", "", "a..b", "a" * 64 + ".example", "\0"])
def test_a_name_that_tls_cannot_use_is_an_os_error(
    pair: tuple[Stream, socket.socket], host: str
) -> None:
    """``ssl`` raises ``ValueError`` and others."""
    with pytest.raises(OSError, match="is not a host name"):
        pair[0].wrap(ssl.create_default_context(), host)
