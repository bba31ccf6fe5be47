"""
OCSP over HTTP: GET targets, POST bodies, and the headers of an answer.

RFC 6960 App. A.1 (the binding), RFC 9919 §6 and §7.2 (GET, caching), RFC 9110 (HTTP).

This module does no I/O and reads no clock: callers pass in the octets and the current
time. The target of a GET must be the raw path, as the client sent it: base64 contains
slashes, so a server that normalises ``//`` or ``%2F`` first breaks it. An answer that
is not signed, or is meant for one client only, gets ``no-store``.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import enum
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ocsp import limits
from ocsp.errors import LimitExceeded, SchemaError
from ocsp.guarded.dates import http_date

__all__ = [
    "REQUEST_TYPE",
    "RESPONSE_TYPE",
    "CacheTag",
    "CacheableAnswer",
    "Conditions",
    "Connection",
    "Freshness",
    "HTTPAnswer",
    "Moment",
    "UncachedAnswer",
    "answer",
    "conditional",
    "get_url",
    "landing_page",
    "method_not_allowed",
    "path_of",
    "read_body",
    "read_target",
]

REQUEST_TYPE = "application/ocsp-request"
RESPONSE_TYPE = "application/ocsp-response"

_ALLOW = "GET, HEAD, POST"

Headers = tuple[tuple[str, str], ...]


class Freshness(NamedTuple):
    """
    The times between which an answer may be used.

    Attributes:
        this_update: thisUpdate, an aware datetime.

        next_update: nextUpdate, an aware datetime; the earliest of several entries.
    """

    this_update: datetime.datetime
    next_update: datetime.datetime

    def seconds(self) -> tuple[int, int]:
        """Return both, in seconds since 1970."""
        return int(self.this_update.timestamp()), int(self.next_update.timestamp())


class Connection(enum.Enum):
    """What an answer says about the connection; the value is a header line."""

    DEFAULT = b""
    """HTTP/1.1 keeps the connection, without a header (RFC 9112 §9.3)."""

    CLOSE = b"Connection: close\r\n"
    """The server closes the connection after the answer."""

    KEEP_ALIVE = b"Connection: keep-alive\r\n"
    """The server keeps the connection of a client with HTTP/1.0 that asked for it."""


_DEFAULT = Connection.DEFAULT
"""A name of the module: access to a member of an enumeration is slower."""


class CacheTag(enum.StrEnum):
    """The header by which a cache knows what an answer is about; it has the tags."""

    XKEY = "xkey"
    """Varnish, with its module xkey."""

    SURROGATE_KEY = "Surrogate-Key"
    """Fastly, and others."""

    CACHE_TAG = "Cache-Tag"
    """Cloudflare, Akamai, and others."""

    def join(self, tags: Iterable[str]) -> str:
        """Return the value of the header with *tags*."""
        return (", " if self is CacheTag.CACHE_TAG else " ").join(tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPAnswer:
    """
    An HTTP answer to send.

    Attributes:
        status: The status code.

        headers: Names and values of the headers, in order.

        body: The body.
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of the header *name*, or ``None``."""
        for known, value in self.headers:
            if known.lower() == name.lower():
                return value
        return None

    def octets(self, connection: Connection, *, with_body: bool = True) -> bytes:
        """
        Return the answer as an HTTP/1.1 message (RFC 9112).

        Args:
            connection: What the answer says about the connection.

            with_body: False for the answer to HEAD.
        """
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        head = f"HTTP/1.1 {self.status} {_PHRASES[self.status]}\r\n{lines}"
        body = self.body if with_body else b""
        return head.encode("latin-1") + connection.value + b"\r\n" + body


_PHRASES = {200: "OK", 304: "Not Modified", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """
    The conditional headers of a request (RFC 9110 §13.1).

    Attributes:
        if_none_match: The value of If-None-Match, or ``None``.

        if_modified_since: The value of If-Modified-Since, or ``None``.
    """

    if_none_match: str | None = None
    if_modified_since: str | None = None


# --- reading a request -----------------------------------------------------------


def path_of(target: bytes) -> bytes:
    """
    Return the path of a request target, without its query (RFC 9112 §3.2).

    Args:
        target: The target as the client sent it: a path, or an absolute URI.
    """
    if not target.startswith(b"/"):
        _, scheme, rest = target.partition(b"://")
        if scheme:
            target = rest[len(rest.partition(b"/")[0]) :]
    return target.partition(b"?")[0]


def read_target(target: bytes) -> bytes:
    """
    Return the request message in the target of a GET.

    Accepts the forms that clients send: a path or an absolute URI; any path before the
    message; any number of slashes; ``+``, ``/`` and ``=`` percent-encoded once, twice
    or not; a blank in place of a ``+``; base64 or URL-safe base64; with or without
    padding. The query is ignored.

    The message begins at the first segment from which the rest of the path is the
    base64 of a SEQUENCE. Another path is not mistaken for one, because the length in
    the SEQUENCE has to fit.

    Args:
        target: The raw target, not decoded or normalised.

    Raises:
        SchemaError: If no part of the target is base64 of a SEQUENCE.
        LimitExceeded: If the message exceeds ``MAX_HTTP_REQUEST_BYTES``.
    """
    usual = _read_usual(target)
    if usual is not None:
        return usual
    letters = path_of(target)
    # Base64, percent-encoded twice throughout, takes less than eight octets for one.
    _limit(len(letters) // 8)
    if b"%" in letters:  # the usual escapes first: this takes a third of the time
        for escape, letter in _USUAL_ESCAPES:
            letters = letters.replace(escape, letter)
    for _ in range(_MAX_ENCODINGS):  # each takes as long as the target is
        if b"%" in letters:
            letters = unquote_to_bytes(letters)
    letters = letters.lstrip(b"/").translate(_ALPHABET)
    _limit(len(letters) * 3 // 4)
    for _ in range(_MAX_SEGMENTS):
        if letters.startswith(_SEQUENCE):
            der = _decode(letters) or _decode(letters.rstrip(b"/"))
            if der is not None:
                return der
        letters = letters.partition(b"/")[2]
    raise SchemaError("is not base64 of an OCSP request", path="GET")


def _read_usual(target: bytes) -> bytes | None:
    """
    Return the message in a target that is one slash and padded base64, else ``None``.

    Most targets are; for those it is the same message in a third of the time.
    """
    if not target.startswith(b"/M") or len(target) > limits.MAX_HTTP_REQUEST_BYTES:
        return None
    letters = target[1:]
    if b"%" in letters:
        for escape, letter in _USUAL_ESCAPES:
            letters = letters.replace(escape, letter)
    try:
        der = binascii.a2b_base64(letters, strict_mode=True)
    except binascii.Error:
        return None
    return der if _is_sequence(der) else None


_USUAL_ESCAPES = ((b"%2F", b"/"), (b"%2B", b"+"), (b"%3D", b"="))

_MAX_ENCODINGS = 2
"""How often a path may be percent-encoded: by a client, and by a proxy again."""

_ALPHABET = bytes.maketrans(b"-_ ", b"+/+")

_MAX_SEGMENTS = 16
"""How many segments of a path are tried: the path of a responder has a few."""

_SEQUENCE = b"M"
"""The first letter in the base64 of a SEQUENCE, whose first octet is 0x30."""


def _decode(letters: bytes) -> bytes | None:
    """Return the message in *letters* if it is exactly one SEQUENCE."""
    letters = letters.rstrip(b"=")
    try:
        der = binascii.a2b_base64(
            letters + _PADDING[-len(letters) % 4], strict_mode=True
        )
    except binascii.Error:
        return None
    return der if _is_sequence(der) else None


_PADDING = (b"", b"=", b"==", b"===")


def _is_sequence(der: bytes) -> bool:
    """Return whether the length of the SEQUENCE in *der* fits, or is indefinite."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    length = der[1]
    if length < 0x80:
        return len(der) == 2 + length
    octets = length & 0x7F
    if octets == 0:
        return True
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets])


def read_body(body: bytes) -> bytes:
    """
    Return the request message in the body of a POST.

    Raises:
        LimitExceeded: If it exceeds ``MAX_HTTP_REQUEST_BYTES``.
    """
    _limit(len(body))
    return body


def _limit(size: int) -> None:
    maximum = limits.MAX_HTTP_REQUEST_BYTES
    if size > maximum:
        raise LimitExceeded("MAX_HTTP_REQUEST_BYTES", size, maximum)


def get_url(url: str, der: bytes) -> str:
    """
    Return the URL for a GET: *url*, exactly one slash, and the escaped base64.

    Not checked: whether it is short enough for a GET (RFC 9919 §6: 255 octets).

    Args:
        url: The URL of the responder, as the certificate names it.

        der: The request.
    """
    encoded = base64.b64encode(der).decode("ascii")
    for character, escaped in _ESCAPED:
        encoded = encoded.replace(character, escaped)
    return f"{url.rstrip('/')}/{encoded}"


_ESCAPED = (("+", "%2B"), ("/", "%2F"), ("=", "%3D"))
"""The characters of base64 that a segment of a path escapes (RFC 3986 §3.3)."""


# --- writing an answer -----------------------------------------------------------


def answer(
    der: bytes, freshness: Freshness | None, now: datetime.datetime
) -> HTTPAnswer:
    """
    Return the HTTP answer that carries the response *der*.

    The status code is 200 also for an OCSP error: clients read no other answer.

    Args:
        der: The response.

        freshness: Its times if caches may keep it; ``None`` for an error, which is
            not signed, and for an answer to a nonce (RFC 9919 §7.2).

        now: The current time, an aware datetime.
    """
    if freshness is not None and now < freshness.next_update:
        return CacheableAnswer(der, *freshness.seconds()).at(now)
    return UncachedAnswer(der).at(now)


class Moment:
    """
    One second, and the headers of cacheable answers that depend on it.

    Attributes:
        seconds: The second, since 1970.

        time: The same, as an aware datetime.

        date: The header Date, as a line.
    """

    __slots__ = ("_close", "_default", "_keep_alive", "date", "seconds", "time")

    def __init__(self, now: datetime.datetime) -> None:
        """Describe the second of *now*, an aware datetime."""
        self.time = now.astimezone(datetime.UTC).replace(microsecond=0)
        self.seconds = int(self.time.timestamp())
        self.date = f"Date: {_http_date(self.time)}\r\n".encode()
        start = f"{_DIRECTIVES}\r\n".encode() + self.date
        self._default, self._close, self._keep_alive = (
            start + each.value + b"\r\n" for each in Connection
        )

    def ending(self, connection: Connection) -> bytes:
        """Return the end of a head, from the directives after max-age on."""
        if connection is _DEFAULT:
            return self._default
        return self._close if connection is Connection.CLOSE else self._keep_alive


_DIRECTIVES = ", public, no-transform, must-revalidate"


class CacheableAnswer:
    """
    An answer that a responder sends many times (RFC 9919 §7.2).

    Everything but max-age, Date and Connection is encoded once.

    Attributes:
        body: The OCSP response.

        next_update: When it ends, in seconds since 1970.

        head: The head up to the value of max-age.
    """

    __slots__ = ("body", "head", "next_update")

    def __init__(
        self,
        der: bytes,
        this_update: int,
        next_update: int,
        tags: tuple[str, str] | None = None,
    ) -> None:
        """
        Prepare to send a response.

        Args:
            der: The response.

            this_update: When it begins, in seconds since 1970.

            next_update: When it ends, in seconds since 1970.

            tags: A header with tags for caches, its name and value, or ``None``.
        """
        self.body = der
        self.next_update = next_update
        self.head = _CACHEABLE_HEAD % (
            len(der),
            _date_of_second(this_update),
            _date_of_second(next_update),
            hashlib.sha256(der).hexdigest().encode(),
            b"" if tags is None else f"{tags[0]}: {tags[1]}\r\n".encode(),
        )

    def octets(self, moment: Moment, connection: Connection) -> bytes:
        """Return the answer at *moment* as an HTTP/1.1 message."""
        age = self._max_age(moment.seconds)
        return b"%b%d%b%b" % (self.head, age, moment.ending(connection), self.body)

    def at(self, now: datetime.datetime) -> HTTPAnswer:
        """Return the answer at *now*, an aware datetime."""
        _, *lines, start = self.head.decode().split("\r\n")
        age = self._max_age(int(now.timestamp()))
        lines.append(f"{start}{age}{_DIRECTIVES}")
        fixed = (line.split(": ", 1) for line in lines)
        headers = (
            *((name, value) for name, value in fixed),
            ("Date", _http_date(now)),
        )
        return HTTPAnswer(status=200, headers=headers, body=self.body)

    def _max_age(self, now: int) -> int:
        # RFC 9919 §7.2: max-age ends before nextUpdate. It counts from now.
        age = self.next_update - now - 1
        return max(0, age)


_CACHEABLE_HEAD = b"\r\n".join(
    (
        b"HTTP/1.1 200 OK",
        b"Content-Type: " + RESPONSE_TYPE.encode(),
        b"Content-Length: %d",
        b"Last-Modified: %b",
        b"Expires: %b",
        b'ETag: "%b"',
        b"%bCache-Control: max-age=",
    )
)


class UncachedAnswer:
    """
    An answer for one client, which caches must not keep (RFC 9919 §7.2).

    That is one with a nonce, and an error, which is not signed.

    Attributes:
        body: The OCSP response.
    """

    __slots__ = ("body",)

    def __init__(self, der: bytes) -> None:
        """Prepare to send the response *der*."""
        self.body = der

    def octets(self, moment: Moment, connection: Connection) -> bytes:
        """Return the answer at *moment* as an HTTP/1.1 message."""
        body, end = self.body, moment.date
        if connection is not _DEFAULT:
            end += connection.value
        return b"%b%d%b%b\r\n%b" % (_UNCACHED_HEAD, len(body), _NO_STORE, end, body)

    def at(self, now: datetime.datetime) -> HTTPAnswer:
        """Return the answer at *now*, an aware datetime."""
        headers = (
            ("Content-Type", RESPONSE_TYPE),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "no-store"),
            ("Date", _http_date(now)),
        )
        return HTTPAnswer(status=200, headers=headers, body=self.body)


_UNCACHED_HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: {RESPONSE_TYPE}\r\nContent-Length: ".encode()
)
_NO_STORE = b"\r\nCache-Control: no-store\r\n"


def method_not_allowed(now: datetime.datetime) -> HTTPAnswer:
    """Return the answer to a method that OCSP does not use (RFC 9110 §15.5.6)."""
    return HTTPAnswer(
        status=405,
        headers=(
            ("Allow", _ALLOW),
            ("Content-Length", "0"),
            ("Date", _http_date(now)),
        ),
        body=b"",
    )


def landing_page() -> HTTPAnswer:
    """Return the answer to a GET without an OCSP request: one line for people."""
    body = b"This is an OCSP responder (RFC 6960).\n"
    return HTTPAnswer(
        status=200,
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
        ),
        body=body,
    )


def conditional(
    full: HTTPAnswer, conditions: Conditions, *, revoked: bool
) -> HTTPAnswer:
    """
    Return *full*, or 304 if the client of a GET or HEAD already has the answer.

    RFC 9110 §13.2.2: with If-None-Match, If-Modified-Since is ignored.

    A date cannot hide a revocation. thisUpdate, which is Last-Modified, lies before the
    time of signing: an answer from before a revocation can have been received after the
    thisUpdate of the new answer. So only exactly the date of *full* is accepted, and
    none for an answer that says *revoked*, because the one before it can have the same.

    Args:
        full: The answer without conditions.

        conditions: The conditions of the request.

        revoked: Whether the answer says *revoked* for any certificate.
    """
    tag = full.header("ETag")
    if tag is None:
        return full
    if conditions.if_none_match is not None:
        known = _names_tag(conditions.if_none_match, tag)
    else:
        modified = full.header("Last-Modified")
        known = not revoked and _same_date(modified, conditions.if_modified_since)
    if not known:
        return full
    # RFC 9110 §15.4.5: a 304 has the caching headers, but not those of the content.
    kept = tuple(
        (name, value)
        for name, value in full.headers
        if name not in {"Content-Type", "Content-Length"}
    )
    return replace(full, status=304, headers=kept, body=b"")


def _names_tag(listed: str, tag: str) -> bool:
    """Compare weakly (RFC 9110 §13.1.2). The tags of this module have no comma."""
    candidates = [each.strip().removeprefix("W/") for each in listed.split(",")]
    return "*" in candidates or tag in candidates


def _same_date(modified: str | None, since: str | None) -> bool:
    if modified is None or since is None or not since.endswith("GMT"):
        return False
    # RFC 9110 §13.1.3: an invalid date is ignored.
    known = http_date(since)
    return known is not None and known == http_date(modified)


def _http_date(moment: datetime.datetime) -> str:
    """Return *moment* as IMF-fixdate, always GMT (RFC 9110 §5.6.7)."""
    return _date_of_second(math.floor(moment.timestamp())).decode()


@lru_cache(maxsize=4096)
def _date_of_second(seconds: int) -> bytes:
    day, second = divmod(seconds, 86400)
    minute, second = divmod(second, 60)
    return b"%b %02d:%02d:%02d GMT" % (_day(day), minute // 60, minute % 60, second)


@lru_cache(maxsize=64)
def _day(days: int) -> bytes:
    """Return the date *days* after 1970-01-01, as IMF-fixdate begins."""
    return formatdate(days * 86400, usegmt=True)[: -len(" 00:00:00 GMT")].encode()
