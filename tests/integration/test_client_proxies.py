"""Proxies: which one is used, what it sees, and the address policy in front of it."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ocsp
from ocsp.client import AddressPolicy, Options, Proxy
from ocsp.client.transport.proxy import ProxyTable
from tests.integration.loopback import Server, head, read_request, serving
from tests.integration.senders import Sender
from tests.integration.test_client_transport import BODY
from tests.integration.tls import server_context

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("REQUEST_METHOD", raising=False)


def _answering(server: Server, connection: socket.socket) -> None:
    """Answer each request, as the proxy of an http URL does."""
    while read_request(server, connection):
        connection.sendall(head(Content_Length=len(BODY)) + BODY)


def test_a_proxy_gets_the_whole_url(sender: Callable[..., Sender]) -> None:
    """RFC 9112 §3.2.2. One connection serves several responders."""
    with serving(_answering) as server:
        send = sender(proxy=Proxy(f"http://127.0.0.1:{server.port}"))
        assert send("http://a.example:81/x//y=?z").body == BODY
        assert send("http://b.example", method="POST", body=b"q").body == BODY
        first, second = server.requests
        assert server.connections == 1
    assert first.startswith(b"GET http://a.example:81/x//y=?z HTTP/1.1\r\n")
    assert b"\r\nHost: a.example:81\r\n" in first
    assert b"Proxy-Authorization" not in first
    assert second.startswith(b"POST http://b.example/ HTTP/1.1\r\n")


def test_a_proxy_gets_its_password_and_texts_do_not_contain_it(
    sender: Callable[..., Sender],
) -> None:
    """RFC 7617: percent-encoded in the URL, decoded in the header."""
    with serving(_answering) as server:
        proxy = Proxy(f"http://us%40er:s%C3%A9cret@127.0.0.1:{server.port}/")
        sender(proxy=proxy)("http://a.example/")
        (request,) = server.requests
    expected = base64.b64encode("us@er:sécret".encode())
    assert b"\r\nProxy-Authorization: Basic " + expected + b"\r\n" in request
    for text in (repr(proxy), str(proxy), repr(Options(proxy=proxy))):
        assert "cret" not in text
        assert "er:" not in text
    with pytest.raises(ocsp.ConfigError) as raised:
        Proxy("http://user:secret@proxy.example:99999")
    assert "secret" not in str(raised.value)
    with pytest.raises(ocsp.FetchError) as failed:
        sender(proxy=Proxy(f"http://u:secret@127.0.0.1:{server.port}"))("http://a.b/")
    assert "secret" not in str(failed.value)


def _tunnel(status: bytes, ssl_context: ssl.SSLContext | None = None) -> Any:
    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nVia: x\r\n\r\n")
        if ssl_context is not None:
            with ssl_context.wrap_socket(connection, server_side=True) as inside:
                _answering(server, inside)

    return serve


def test_an_https_url_goes_through_a_tunnel(
    sender: Callable[..., Sender], tmp_path: Path
) -> None:
    """CONNECT has the password; the request inside TLS has not."""
    outside, inside = server_context(tmp_path, "a.example")
    with serving(_tunnel(b"200 Connected", outside)) as server:
        proxy = Proxy(f"http://u:p@127.0.0.1:{server.port}")
        send = sender(proxy=proxy, ssl_context=inside)
        assert send("https://a.example/x").body == BODY
        assert send("https://a.example/y").body == BODY
        send.close()
        connect, first, second = server.requests
    assert connect.startswith(b"CONNECT a.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dTpw\r\n" in connect
    assert first.startswith(b"GET /x HTTP/1.1\r\n")
    assert second.startswith(b"GET /y HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in first + second


@pytest.mark.parametrize("status", [b"403 No", b"407 Who", b"200", b"nonsense"])
def test_a_refused_tunnel_is_a_transport_error(
    sender: Callable[..., Sender], status: bytes
) -> None:
    """It names the proxy; the server did not get the request."""
    with serving(_tunnel(status)) as server:
        send = sender(proxy=Proxy(f"127.0.0.1:{server.port}"))
        with pytest.raises(ocsp.errors.TransportError) as raised:
            send("https://a.example/")
    assert not isinstance(raised.value, ocsp.errors.BrokenReply)
    if status != b"200":
        assert f"the proxy 127.0.0.1:{server.port}" in raised.value.reason


def test_a_proxy_that_refuses_connections_is_named(
    sender: Callable[..., Sender],
) -> None:
    """By its port: its address alone can be that of the responder."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    with pytest.raises(ocsp.errors.TransportError) as raised:
        sender(proxy=Proxy(f"http://127.0.0.1:{port}"))("http://a.example/")
    reason = raised.value.reason
    assert reason.startswith(f"cannot connect to 127.0.0.1, port {port}: ")
    assert "Errno" not in reason


# --- the address policy ---------------------------------------------------------------


@pytest.fixture(name="names")
def _names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Let names resolve as the test says; other names do not exist."""
    names: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if str(host)[:1].isdigit() and str(host).count(".") == 3:
            return real(host, port, *rest, **more)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(2, 1, 6, "", (address, port)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "private.example",
        "mixed.example",
        "localhost",
        "metadata.google.internal",
        "printer.local",
        "intranet",
        "127.1",
        "2130706433",
        "0x7f000001",
        "1.0x7f000001",
    ],
)
def test_a_proxy_is_not_asked_for_a_private_target(
    sender: Callable[..., Sender], names: dict[str, list[str]], host: str
) -> None:
    """The name resolves to such an address, or is not a public name."""
    names["private.example"] = ["10.1.2.3"]
    names["mixed.example"] = ["93.184.215.14", "10.1.2.3"]
    with serving(_answering) as server:
        send = sender(proxy=Proxy(f"127.0.0.1:{server.port}"))
        for scheme in ("http", "https"):
            with pytest.raises(ocsp.errors.ForbiddenResponderURL):
                send(f"{scheme}://{host}/", address_policy=AddressPolicy.PUBLIC)
        assert server.connections == 0


@pytest.mark.parametrize("host", ["8.8.8.8", "public.example", "unresolved.example"])
def test_a_proxy_is_asked_for_a_public_target(
    sender: Callable[..., Sender], names: dict[str, list[str]], host: str
) -> None:
    """Also if only the proxy can resolve the name; its own address is private."""
    names["public.example"] = ["93.184.215.14"]
    with serving(_answering) as server:
        send = sender(proxy=Proxy(f"127.0.0.1:{server.port}"))
        reply = send(f"http://{host}/", address_policy=AddressPolicy.PUBLIC)
        assert reply.body == BODY
        # The connection to the proxy does not bypass the check of the next target.
        with pytest.raises(ocsp.errors.ForbiddenResponderURL):
            send("http://127.0.0.1/", address_policy=AddressPolicy.PUBLIC)
        assert len(server.requests) == 1


# --- the environment ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_the_environment_names_the_proxy(
    sender: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In either case; ``Proxy.NONE`` and ``no_proxy`` override it."""
    with serving(_answering) as proxy, serving(_answering) as server:
        monkeypatch.setenv(name, f"127.0.0.1:{proxy.port}")
        url = f"http://127.0.0.1:{server.port}/"
        sender()(url)
        assert (proxy.connections, server.connections) == (1, 0)
        sender(proxy=Proxy.NONE)(url)
        monkeypatch.setenv("no_proxy", "127.0.0.0/8")
        sender()(url)
        assert (proxy.connections, server.connections) == (1, 2)


def test_a_cgi_script_ignores_the_proxy_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVE-2016-5385: a client of the script can set HTTP_PROXY, but not http_proxy."""
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", "http://evil.example")
    assert _chosen("http://a.example") is None
    monkeypatch.setenv("http_proxy", "http://proxy.example:8080")
    assert _chosen("http://a.example") == Proxy("http://proxy.example:8080")


def _chosen(url: str) -> Proxy | None:
    scheme, _, host = url.partition("://")
    host, _, port = host.rpartition(":") if host[-1].isdigit() else (host, "", "")
    return ProxyTable(Proxy.ENVIRONMENT).proxy_for(scheme, host, int(port or 80))


def test_each_scheme_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """``all_proxy`` is for those that have none."""
    monkeypatch.setenv("https_proxy", "http://s.example:1")
    assert _chosen("http://a.example") is None
    monkeypatch.setenv("all_proxy", "http://all.example:2/")
    assert _chosen("http://a.example") == Proxy("all.example:2")
    assert _chosen("https://a.example") == Proxy("http://s.example:1")


@pytest.mark.parametrize(
    ("excluded", "host", "port", "expected"),
    [
        ("*", "a.example", 80, True),
        ("a.example", "a.example", 80, True),
        ("A.Example", "a.example", 80, True),
        ("a.example", "x.a.example", 80, True),
        (".a.example", "x.a.example", 80, True),
        ("*.a.example", "x.a.example", 80, True),
        ("a.example", "aa.example", 80, False),
        ("b.example, a.example", "a.example", 80, True),
        ("a.example:81", "a.example", 81, True),
        ("a.example:81", "a.example", 80, False),
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("10.1.2.3:80", "10.1.2.3", 80, True),
        ("::1", "::1", 80, True),
        ("[::1]:81", "::1", 81, True),
        ("[::1]:81", "::1", 80, False),
        ("fe80::/10", "fe80::5", 80, True),
        ("", "a.example", 80, False),
        (", ,.", "a.example", 80, False),
    ],
)
def test_no_proxy_names_hosts(
    monkeypatch: pytest.MonkeyPatch,
    excluded: str,
    host: str,
    port: int,
    expected: bool,
) -> None:
    """Domains with their subdomains, addresses, networks, and ports."""
    monkeypatch.setenv("http_proxy", "proxy.example")
    monkeypatch.setenv("no_proxy", excluded)
    table = ProxyTable(Proxy.ENVIRONMENT)
    assert (table.proxy_for("http", host, port) is None) is expected


@pytest.mark.parametrize(
    "url",
    [
        "socks5://u:secret@p:1",
        "https://p",
        "http://",
        "http://p:x",
        "http://p/q",
        "p:0",
    ],
)
def test_other_proxies_are_refused(
    sender: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """By the option at once; from the environment at the request, without a bypass."""
    with pytest.raises(ocsp.ConfigError, match="proxy"):
        Proxy(url)
    monkeypatch.setenv("all_proxy", url)
    with pytest.raises(ocsp.errors.TransportError, match="environment") as raised:
        sender()("http://127.0.0.1:1/")
    assert "secret" not in str(raised.value)


def test_a_client_uses_the_proxy_of_its_options() -> None:
    """``Options(proxy=…)``."""
    done = threading.Event()

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        connection.sendall(head("404 Not Found", Content_Length=0))
        done.set()

    from tests.pki import ca
    from tests.unit.client.scene import certificate

    with serving(serve) as server:
        options = Options(proxy=Proxy(f"127.0.0.1:{server.port}"), retries=0)
        with ocsp.Client(options) as client:
            client.check(certificate(), ca(), url="http://a.example/ocsp")
    assert done.is_set()
    assert server.requests[0].startswith(b"GET http://a.example/ocsp/M")


def test_options_refuse_a_proxy_of_another_type() -> None:
    """A URL alone is not a :class:`Proxy`."""
    with pytest.raises(TypeError, match="proxy must be a Proxy"):
        Options(proxy="http://proxy.example")  # type: ignore[arg-type]
