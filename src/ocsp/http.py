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
import hashlib
import math
from dataclasses import dataclass, replace
from email.utils import format_datetime
from urllib.parse import quote, unquote_to_bytes

from ocsp import limits
from ocsp.errors import LimitExceeded, SchemaError
from ocsp.guarded.dates import http_date

__all__ = [
    "REQUEST_TYPE",
    "RESPONSE_TYPE",
    "Conditions",
    "Freshness",
    "HTTPAnswer",
    "answer",
    "conditional",
    "get_url",
    "method_not_allowed",
    "read_body",
    "read_target",
]

REQUEST_TYPE = "application/ocsp-request"
RESPONSE_TYPE = "application/ocsp-response"

_ALLOW = "GET, HEAD, POST"

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """
    The times between which an answer may be used.

    Attributes:
        this_update: thisUpdate, an aware datetime.

        next_update: nextUpdate, an aware datetime; the earliest of several entries.
    """

    this_update: datetime.datetime
    next_update: datetime.datetime


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


def read_target(target: bytes) -> bytes:
    """
    Return the request message in the target of a GET.

    Accepts the forms that clients send: any number of leading slashes; ``+``, ``/``
    and ``=`` percent-encoded or not; a blank in place of a ``+``; base64 or URL-safe
    base64; with or without padding. The query is ignored.

    Args:
        target: The raw path below the responder's URL, not decoded or normalised.

    Raises:
        SchemaError: If the target is not base64.
        LimitExceeded: If the message exceeds ``MAX_HTTP_REQUEST_BYTES``.
    """
    path, _, _ = target.partition(b"?")
    # Base64, percent-encoded throughout, takes at most four octets for one.
    _limit(len(path) // 4)
    letters = unquote_to_bytes(path).lstrip(b"/").rstrip(b"=").translate(_ALPHABET)
    try:
        der = base64.b64decode(letters + b"=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SchemaError(f"not base64: {error}", path="GET") from error
    _limit(len(der))
    return der


_ALPHABET = bytes.maketrans(b"-_ ", b"+/+")


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
    return f"{url.rstrip('/')}/{quote(base64.b64encode(der), safe='')}"


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
    headers: Headers = (
        ("Content-Type", RESPONSE_TYPE),
        ("Content-Length", str(len(der))),
        ("Date", _http_date(now)),
    )
    if freshness is None or freshness.next_update <= now:
        headers += (("Cache-Control", "no-store"),)
    else:
        headers += _cache_headers(der, freshness, now)
    return HTTPAnswer(status=200, headers=headers, body=der)


def _cache_headers(der: bytes, freshness: Freshness, now: datetime.datetime) -> Headers:
    # RFC 9919 §7.2: max-age ends before nextUpdate. It counts from now, so each
    # answer needs a new value.
    left = math.ceil((freshness.next_update - now).total_seconds()) - 1
    return (
        ("Last-Modified", _http_date(freshness.this_update)),
        ("Expires", _http_date(freshness.next_update)),
        ("ETag", f'"{hashlib.sha256(der).hexdigest()}"'),
        (
            "Cache-Control",
            f"max-age={left}, public, no-transform, must-revalidate",
        ),
    )


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


def conditional(full: HTTPAnswer, conditions: Conditions) -> HTTPAnswer:
    """
    Return *full*, or 304 if the client of a GET or HEAD already has the answer.

    RFC 9110 §13.2.2: with If-None-Match, If-Modified-Since is ignored.
    """
    tag = full.header("ETag")
    if tag is None:
        return full
    if conditions.if_none_match is not None:
        known = _names_tag(conditions.if_none_match, tag)
    else:
        known = _not_later(full.header("Last-Modified"), conditions.if_modified_since)
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


def _not_later(modified: str | None, since: str | None) -> bool:
    if modified is None or since is None or not since.endswith("GMT"):
        return False
    changed, known = http_date(modified), http_date(since)
    # RFC 9110 §13.1.3: an invalid date is ignored.
    return changed is not None and known is not None and changed <= known


def _http_date(moment: datetime.datetime) -> str:
    """Return *moment* as IMF-fixdate, always GMT (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(datetime.UTC), usegmt=True)
