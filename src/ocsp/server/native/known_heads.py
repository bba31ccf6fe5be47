"""
Recognize requests whose head is that of an earlier one, without parsing them again.

A client sends the same headers in each of its requests, and many clients of one program
send the same. All octets after the target of a GET, and all octets before the body of a
POST, are looked up among those of requests that llhttp has read in full. A target of
the letters that are usual in one does not change how the octets after it are read, and
neither do the octets of a body whose length is in the head.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ocsp import limits
from ocsp.server.native.http_request import HTTPRequest

__all__ = ["find_request", "learn_request"]

MAX_HEADS = 256
"""Heads that are known at once, for GET and for POST. If there are more, all are
learned again: a client that sends ever new ones only costs the time to parse them."""

MAX_HEAD_OCTETS = 1024
"""Octets of a head that is learned. Browsers, the most talkative clients, send 500."""

_GET = re.compile(rb"GET (/[A-Za-z0-9+/=%._~-]*)")
"""The begin of a GET whose target is a path, of letters that llhttp reads alike."""


class _Post(NamedTuple):
    """
    What the head of a POST says.

    Attributes:
        target: The target.

        length: The length of the body.

        keep_alive: Whether the client wants to keep the connection.

        is_http_1_0: Whether the version is HTTP/1.0.
    """

    target: bytes
    length: int
    keep_alive: bool
    is_http_1_0: bool


_gets: dict[bytes, tuple[bool, bool]] = {}
_posts: dict[bytes, _Post] = {}


def find_request(data: bytes) -> HTTPRequest | None:
    """
    Return the request that *data* is, or ``None`` if it has to be parsed.

    Args:
        data: What a client sent when no request had begun.
    """
    begin = _GET.match(data)
    if begin is not None:
        known = _gets.get(data[begin.end() :])
        if known is None or begin.end() > limits.MAX_HTTP_TARGET_BYTES:
            return None
        return HTTPRequest("GET", begin[1], b"", None, *known)
    end = data.find(b"\r\n\r\n") + 4
    post = _posts.get(data[:end])
    if post is None or len(data) - end != post.length:
        return None
    return HTTPRequest(
        "POST", post.target, data[end:], None, post.keep_alive, post.is_http_1_0
    )


def learn_request(data: bytes, request: HTTPRequest) -> None:
    """
    Remember the head of *request*, if its form is usual.

    Args:
        data: What the client sent when no request had begun: this request only.

        request: What it was read as.
    """
    if request.conditions is not None:
        return
    begin = _GET.match(data)
    if begin is None:
        _learn_post(data, request)
        return
    rest = data[begin.end() :]
    if begin[1] == request.target and not request.body and _has_room(rest, _gets):
        _gets[rest] = request.keep_alive, request.is_http_1_0


def _learn_post(data: bytes, request: HTTPRequest) -> None:
    end = data.find(b"\r\n\r\n") + 4
    head, body = data[:end], data[end:]
    # Another body has a transfer coding, in which its octets say where it ends.
    is_usual = request.method == "POST" and body and body == request.body
    if is_usual and _has_room(head, _posts):
        _posts[head] = _Post(
            request.target, len(body), request.keep_alive, request.is_http_1_0
        )


def _has_room(head: bytes, known: dict[bytes, Any]) -> bool:
    """Return whether *head* is to be learned, and make room for it."""
    if len(head) > MAX_HEAD_OCTETS:
        return False
    if len(known) >= MAX_HEADS:
        known.clear()
    return True


def _forget() -> None:
    _gets.clear()
    _posts.clear()


limits.when_changed(_forget)
