"""
One HTTP exchange as a generator: connect, send the request, read the reply.

RFC 9112, RFC 9110 §9.3.6 (CONNECT). The exchange takes every decision: which idle
connection to use, which address to connect to, whether to repeat a request, how long
each step may take. It yields steps; the transport for threads and the one for tasks
carry them out.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Generator, Hashable, Iterator
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from ocsp import limits
from ocsp._version import __version__
from ocsp.client.options import AddressPolicy, Proxy
from ocsp.client.transport.addresses import (
    AddressForbidden,
    allowed_addresses,
    check_proxied_name,
    check_target_addresses,
    check_unresolved_name,
    is_ip_literal,
)
from ocsp.client.transport.pool import ConnectionPool, Stream
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.client.transport.proxy import ProxyTable
from ocsp.client.transport.replies.content import MalformedReply
from ocsp.client.transport.replies.reader import ReplyReader
from ocsp.client.transport.resolver import resolver
from ocsp.errors import (
    BrokenReply,
    ConfigError,
    FetchError,
    FetchTimeout,
    ForbiddenResponderURL,
    TransportError,
)

__all__ = ["Connect", "Exchange", "Read", "Resolve", "StartTLS", "Step", "Write"]

Kept = TypeVar("Kept", bound=Stream)

Headers: TypeAlias = tuple[tuple[str, str], ...]

_OWN_HEADERS: Headers = (
    ("User-Agent", f"python-ocsp/{__version__}"),
    ("Accept-Encoding", "identity"),
)

_PORTS = {"http": 80, "https": 443}


class Resolve(NamedTuple):
    """Resolve a host name. The result is the list of its addresses."""

    host: str
    port: int
    seconds: float


class Connect(NamedTuple):
    """Connect to an IP address. The result is the stream."""

    address: str
    port: int
    seconds: float


class StartTLS(NamedTuple):
    """Start TLS on a stream."""

    stream: Any
    host: str
    seconds: float


class Write(NamedTuple):
    """Send octets."""

    stream: Any
    data: bytes
    seconds: float


class Read(NamedTuple):
    """Receive octets; none means that the server has closed the connection."""

    stream: Any
    seconds: float


Step: TypeAlias = Resolve | Connect | StartTLS | Write | Read
"""Each step raises ``OSError``: ``TimeoutError`` if *seconds* have passed."""

Result = TypeVar("Result")
Steps: TypeAlias = Generator[Step, Any, Result]


class _StaleConnection(Exception):
    """The server had closed the idle connection before the request reached it."""


class Exchange(Generic[Kept]):
    """
    One exchange.

    Attributes:
        unfinished: Streams that the transport must close when the exchange has ended,
            for whatever reason.
    """

    def __init__(
        self, request: HTTPRequest, proxies: ProxyTable, pool: ConnectionPool[Kept]
    ) -> None:
        self.unfinished: list[Kept] = []
        self._request = request
        self._shown = request.shown or request.url
        self._proxies = proxies
        self._pool = pool
        self._until = time.monotonic() + request.timeout
        origin, self._target = _split(request.url)
        self._scheme, self._host, self._port, self._authority = origin

    def run(self) -> Steps[HTTPReply]:
        """
        Return the reply.

        Raises:
            TransportError: If the connection fails.
            BrokenReply: If the server sends no complete HTTP reply.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the content has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids the address.
        """
        try:
            proxy = self._proxies.proxy_for(self._scheme, self._host, self._port)
            if proxy is not None:
                yield from self._check_target()
            return (yield from self._send(proxy))
        except AddressForbidden as error:
            raise ForbiddenResponderURL(self._shown, str(error)) from error
        except ConfigError as error:
            why = f"the proxy that the environment names {error.reason}"
            raise TransportError(self._shown, why) from error

    def _send(self, proxy: Proxy | None) -> Steps[HTTPReply]:
        key = self._pool_key(proxy)
        stream, expired = self._pool.take(key)
        self.unfinished.extend(expired)
        if stream is not None:
            self.unfinished.append(stream)
            # The server may close an idle connection at any time (RFC 9112 §9.3.1).
            # If no octet of a reply has come, the request is sent once more.
            try:
                return (yield from self._converse(stream, proxy, key, idle=True))
            except _StaleConnection:
                pass
        stream = yield from self._open(proxy)
        return (yield from self._converse(stream, proxy, key, idle=False))

    def _pool_key(self, proxy: Proxy | None) -> Hashable:
        """Return the key of connections that can serve this request."""
        # The address policy is part of it: a connection to a private address that the
        # caller's URL allowed must not serve a URL from a certificate.
        origin = self._scheme, self._host, self._port
        if proxy is not None and self._scheme == "http":
            return proxy, self._request.address_policy
        return proxy, self._request.address_policy, origin

    # --- one request over one connection ----------------------------------------------

    def _converse(
        self, stream: Kept, proxy: Proxy | None, key: Hashable, *, idle: bool
    ) -> Steps[HTTPReply]:
        reader = ReplyReader(self._request)
        try:
            if not idle and stream.has_spoken():
                why = "the server sent data before the request"
                raise BrokenReply(self._shown, why)
            yield from self._talk(stream, self._encode(proxy), reader)
        except BrokenReply as error:
            if idle and not reader.started:
                raise _StaleConnection from error
            raise
        if reader.reusable:
            self.unfinished.remove(stream)
            self.unfinished.extend(self._pool.give_back(key, stream))
        return reader.reply()

    def _talk(self, stream: Kept, data: bytes, reader: ReplyReader) -> Steps[None]:
        """Send *data* and read the reply."""
        try:
            yield Write(stream, data, self._seconds())
            while not reader.complete:
                received = yield Read(stream, self._seconds())
                if received:
                    reader.feed(received)
                else:
                    reader.end()
        except FetchTimeout:
            raise
        except TimeoutError as error:
            why = "waiting for the reply took too long"
            raise FetchTimeout(self._shown, why) from error
        except OSError as error:
            why = f"the connection broke: {error}"
            raise BrokenReply(self._shown, why) from error
        except MalformedReply as error:
            raise BrokenReply(self._shown, f"no HTTP reply: {error}") from error

    def _encode(self, proxy: Proxy | None) -> bytes:
        """Return the octets of the request."""
        request = self._request
        target, headers = self._target, request.headers
        if proxy is not None and self._scheme == "http":
            target = f"http://{self._authority}{target}"  # RFC 9112 §3.2.2
            headers += _proxy_headers(proxy)
        if request.body:
            headers += (("Content-Length", str(len(request.body))),)
        own = ("Host", self._authority), *_OWN_HEADERS
        return _head(f"{request.method} {target}", (*own, *headers)) + request.body

    # --- opening a connection ---------------------------------------------------------

    def _open(self, proxy: Proxy | None) -> Steps[Kept]:
        if proxy is None:
            policy = self._request.address_policy
            stream = yield from self._connect(self._host, self._port, policy)
        else:
            # The user chose the proxy, so that its address may be private.
            policy = AddressPolicy.PRIVATE_TOO
            stream = yield from self._connect(proxy.host, proxy.port, policy)
            if self._scheme == "https":
                yield from self._tunnel(stream, proxy)
        if self._scheme == "https":
            yield from self._start_tls(stream)
        return stream

    def _connect(self, host: str, port: int, policy: AddressPolicy) -> Steps[Kept]:
        addresses = yield from self._resolve(host, port)
        failure: FetchError = TransportError(self._shown, f"{host} has no address")
        for address in allowed_addresses(host, addresses, policy):
            try:
                with self._within(f"connecting to {address}"):
                    stream: Kept = yield Connect(address, port, self._seconds())
            except FetchTimeout as error:
                if self._left() <= 0:
                    raise
                failure = error
            except OSError as error:
                place = f"{address}, port {port}"  # that of the proxy if there is one
                why = f"cannot connect to {place}: {error.strerror or error}"
                failure = TransportError(self._shown, why)
            else:
                self.unfinished.append(stream)
                return stream
        raise failure

    def _resolve(self, host: str, port: int) -> Steps[list[str]]:
        if is_ip_literal(host):
            return [host]
        try:
            addresses: list[str] = yield Resolve(host, port, self._seconds())
        except FetchTimeout:
            raise
        except TimeoutError as error:
            raise FetchTimeout(self._shown, resolver.why_late(host)) from error
        except OSError as error:
            why = f"cannot resolve {host}: {error}"
            raise TransportError(self._shown, why) from error
        return addresses

    def _start_tls(self, stream: Kept) -> Steps[None]:
        if stream.has_spoken():
            why = f"{self._host} sent data before TLS began"
            raise TransportError(self._shown, why)
        with self._within("the TLS handshake"):
            try:
                yield StartTLS(stream, self._host, self._seconds())
            except TimeoutError:
                raise
            except OSError as error:
                why = f"the TLS handshake failed: {error}"
                raise TransportError(self._shown, why) from error

    # --- proxies ----------------------------------------------------------------------

    def _check_target(self) -> Steps[None]:
        """
        Apply the address policy to the host of the URL, which a proxy connects to.

        A name that does not resolve here is left to the proxy, unless it is a name of
        a local network: where only the proxy resolves public names, no check is
        possible.
        """
        if self._request.address_policy is AddressPolicy.PRIVATE_TOO:
            return
        check_proxied_name(self._host)
        try:
            addresses = yield from self._resolve(self._host, self._port)
        except TransportError:
            check_unresolved_name(self._host)
        else:
            check_target_addresses(self._host, addresses)

    def _tunnel(self, stream: Kept, proxy: Proxy) -> Steps[None]:
        """Let *proxy* connect to the server (RFC 9110 §9.3.6)."""
        authority = _authority(self._host, self._port)
        headers = ("Host", authority), *_proxy_headers(proxy)
        reader = ReplyReader(self._request, head_only=True)
        try:
            head = _head(f"CONNECT {authority}", headers)
            yield from self._talk(stream, head, reader)
        except BrokenReply as error:
            why = f"the proxy {proxy.address}: {error.reason}"
            raise TransportError(self._shown, why) from error
        status = reader.reply().status
        if status != 200:
            why = f"the proxy {proxy.address} refused to connect: HTTP {status}"
            raise TransportError(self._shown, why)
        if reader.surplus:
            why = f"the proxy {proxy.address} sent data before TLS began"
            raise TransportError(self._shown, why)

    # --- time -------------------------------------------------------------------------

    def _left(self) -> float:
        return self._until - time.monotonic()

    def _seconds(self) -> float:
        """Return how many seconds the next step may take."""
        left = self._left()
        if left <= 0:
            raise FetchTimeout(self._shown, "the deadline of the exchange has passed")
        return min(left, self._request.io_timeout, limits.MAX_WAIT_SECONDS)

    @contextlib.contextmanager
    def _within(self, what: str) -> Iterator[None]:
        try:
            yield
        except FetchTimeout:
            raise
        except TimeoutError as error:
            raise FetchTimeout(self._shown, f"{what} took too long") from error


class _Origin(NamedTuple):
    """Where a request goes: the port, also if it is that of the scheme, and as text."""

    scheme: str
    host: str
    port: int
    authority: str


def _split(url: str) -> tuple[_Origin, str]:
    """Return the origin of *url*, and the target of the request: path and query."""
    plain = _PLAIN_URL.fullmatch(url)
    if plain is not None:
        return _kept_origin(plain[1]), plain[2]
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return _origin(url), f"{parts.path or '/'}{query}"


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    default = _PORTS[parts.scheme]
    number = default if port is None else port
    return _Origin(parts.scheme, host, number, _authority(host, port))


@lru_cache(maxsize=256)
def _kept_origin(url: str) -> _Origin:
    return _origin(url)


_PLAIN_URL = re.compile(
    r"(https?://[A-Za-z0-9.:_\[\]-]{1,300})(/[A-Za-z0-9/%._~!$&'()*+,;=:@-]*)"
)
"""
A URL with a path and no more. Its origin is kept, because most requests go to the same
few; the path of a GET is another one each time.
"""


def _authority(host: str, port: int | None) -> str:
    """Return *host* and *port* as in a URL: what was checked, and in one form."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _proxy_headers(proxy: Proxy) -> Headers:
    value = proxy.authorization
    return (("Proxy-Authorization", value),) if value else ()


def _head(start: str, headers: Headers) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{start} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
