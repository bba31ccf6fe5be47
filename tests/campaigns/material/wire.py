"""HTTP replies as octets, usually well-formed, and a transport that plays them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from ocsp.client import HTTPReply, HTTPRequest
from ocsp.client.transport.replies.content import MalformedReply
from ocsp.client.transport.replies.reader import ReplyReader
from ocsp.errors import BrokenReply, FetchTimeout, TransportError
from tests.campaigns.invariants import uncounted
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate_octets

__all__ = ["OCSP", "AsyncNetwork", "Network", "Responder", "draw_reply"]

OCSP = "application/ocsp-response"
_LONG = "9" * 400
_HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Cache-Control",
        (
            *(
                "max-age=3600",
                "max-age=0",
                "no-store",
                f"max-age={_LONG}",
                "max-age=-1",
            ),
            *('max-age="3600"', "max-age=\u0663", "private, no-cache", "=,,=", ""),
        ),
    ),
    ("Age", ("0", "3600", _LONG, "-1", "\u0663", "1e9", "")),
    (
        "Retry-After",
        (
            *(
                "0",
                "1",
                "120",
                _LONG,
                "-5",
                "1.5",
                "\u00b2",
                "Wed, 01 Jul 2026 12:01:00 GMT",
            ),
            *(
                "Wed, 01 Jul 99999999 12:00:00 GMT",
                "Wed, 99 Jul 2026 12:00:00 GMT",
                "\0",
            ),
            *(
                "Wed, 01 Jul 2026 12:00:00 +9999",
                "1 Jan 0 0:0:0",
                "x" * 4000,
                "," * 900,
            ),
        ),
    ),
    ("Date", ("Wed, 01 Jul 2026 12:00:00 GMT", "never", "1 Jan 1 0:0:0 -2359", _LONG)),
    ("Expires", ("Wed, 01 Jul 2026 13:00:00 GMT", "0", "1 Jan 9999 0:0:0 -2359")),
    ("Last-Modified", ("Wed, 01 Jul 2026 11:00:00 GMT", "\xff")),
    ("ETag", ('"abc"', 'W/"', "")),
    (
        "Location",
        (
            *(
                "http://b.example/",
                "//b.example",
                "http://[::1]/",
                "http://[",
                "file:///",
            ),
            *("http://a.example/again", "http://a.example:99999999/", "http://\u0663/"),
            *("https://a.example/", "http://a.example/\r\n", "", "http://a@b.example/"),
        ),
    ),
    ("Connection", ("close", "keep-alive", "upgrade")),
    ("Content-Encoding", ("gzip", "deflate", "identity", "br")),
    ("Transfer-Encoding", ("chunked", "gzip, chunked", "identity")),
    ("Content-Length", ("0", "1", "-1", _LONG, "1, 1", "\u0663", "0x10")),
)
_TYPES = ("text/html", "application/ocsp-response; charset=utf-8", "", "a/b/c", "\xff")
_STATUSES = (
    *("200 OK", "200 OK", "301 Moved", "302 Found", "307 Temporary", "404 Not Found"),
    *("429 Slow down", "500 Oh", "503 Later", "204 None", "100 Continue", "101 Other"),
    *("304 Same", "999 Odd", "200", "2000 OK", "-1 No"),
)


def draw_reply(dice: Dice, body: bytes, content_type: str = OCSP) -> bytes:
    """Return the octets of a reply with *body*."""
    status = dice.usually("200 OK", *_STATUSES)
    headers = [("Content-Type", dice.usually(content_type, *_TYPES))]
    for name, values in dice.some(_HEADERS[:7]):
        headers.append((name, dice.choice(values)))
    if dice.chance(0.05):
        name, values = dice.choice(_HEADERS)
        headers.append((name, dice.choice(values)))
    if not status.startswith("200") and dice.chance(0.5):
        headers.append(("Location", dice.choice(dict(_HEADERS)["Location"])))
    if dice.chance(0.1):
        body = gzip.compress(body, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if dice.chance(0.1):
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        headers.append(("Transfer-Encoding", "chunked"))
    else:
        headers.append(("Content-Length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    version = dice.usually("1.1", "1.0", "2.0", "1.", "9.9")
    octets = f"HTTP/{version} {status}\r\n{head}\r\n".encode("utf-8", "replace") + body
    if dice.chance(0.1):
        octets = mutate_octets(dice, octets)
    return octets + dice.usually(b"", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n", bytes(99))


@dataclass
class Responder:
    """
    A server that answers with octets, read as the transports read them.

    Attributes:
        dice: Where its choices come from.

        serves: Returns the octets of a reply.
    """

    dice: Dice
    serves: Callable[[], bytes]

    def __call__(self, request: HTTPRequest) -> HTTPReply:
        """
        Answer *request*.

        Raises:
            TransportError: If the connection breaks, or the reply is malformed.
            FetchTimeout: If the reply does not come.
        """
        with uncounted():
            octets = self.serves()
            cut = self.dice.randrange(len(octets)) if octets else 0
            draw = self.dice.random()
        if draw < self.dice.oddness / 4:
            raise FetchTimeout(request.url, "waiting for the reply")
        if draw < self.dice.oddness / 2:
            raise TransportError(request.url, "the connection broke")
        reader = ReplyReader(request)
        try:
            for part in (octets[:cut], octets[cut:]):
                if part and not reader.complete:
                    reader.feed(part)
            if not reader.complete:
                reader.end()
        except MalformedReply as error:
            raise BrokenReply(request.url, str(error)) from error
        return reader.reply()


@dataclass
class Network:
    """A transport without sockets: servers by the beginning of their URLs."""

    servers: dict[str, Responder]

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* to the server that its URL names.

        Raises:
            TransportError: As the server does, or because there is none.
            FetchTimeout: As the server does.
        """
        for url, server in self.servers.items():
            if request.url.startswith(url):
                return server(request)
        raise TransportError(request.url, "there is no such server")

    def close(self) -> None:
        """Do nothing: no connection is open."""


@dataclass
class AsyncNetwork:
    """The same for tasks."""

    network: Network

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """Send *request*, as :meth:`Network.send` does."""
        return self.network.send(request)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""
