"""The reader of HTTP replies, and the headers that the client interprets."""

from __future__ import annotations

from functools import cache

from ocsp.client import HTTPReply, HTTPRequest
from ocsp.client.cache.freshness import expiry
from ocsp.client.retry import retry_after
from ocsp.client.transport.replies.content import MalformedReply
from ocsp.client.transport.replies.reader import ReplyReader
from ocsp.errors import OCSPError
from ocsp.verification import VerifiedResponse
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build
from tests.campaigns.targets.verify import load
from tests.cases.model import NOW

__all__ = ["attack"]

BUDGET = 4_000_000
_REQUEST = HTTPRequest(
    method="GET",
    url="http://a.example/",
    max_bytes=4096,
    timeout=1,
    io_timeout=1,
)


def attack(data: bytes) -> None:
    """
    Read *data* as a reply, whole and octet by octet, and its headers.

    Raises:
        Violation: If another error leaves the package, or the results differ.
    """
    whole = _reply([data])
    parts = _reply([data[at : at + 1] for at in range(len(data))])
    if (whole is None) != (parts is None) or (whole and whole != parts):
        raise Violation(f"read whole: {whole!r}, read by octets: {parts!r}")
    if whole is not None:
        _interpret(whole)


def _reply(parts: list[bytes]) -> HTTPReply | None:
    found = call(lambda: _read(parts), MalformedReply, budget=BUDGET)
    if isinstance(found, Exception):
        return None
    if found is not None and len(found.body) > _REQUEST.max_bytes:
        raise Violation("the body is longer than max_bytes")
    return found


def _read(parts: list[bytes]) -> HTTPReply | None:
    reader = ReplyReader(_REQUEST)
    for part in parts:
        if reader.complete:
            break
        reader.feed(part)
    if not reader.complete:
        reader.end()
    return reader.reply()


def _interpret(reply: HTTPReply) -> None:
    evidence = _evidence()
    for result in (
        call(lambda: retry_after(reply, NOW), budget=BUDGET),
        call(lambda: expiry(evidence, reply, NOW), budget=BUDGET),
    ):
        if isinstance(result, OCSPError):
            raise Violation(f"a header raises {result!r}")
    seconds = retry_after(reply, NOW)
    if seconds is not None and not 0 <= seconds < 10**12:
        raise Violation(f"Retry-After is {seconds} seconds")
    end = expiry(evidence, reply, NOW)
    if end is not None and not NOW < end <= evidence.holds_until:
        raise Violation(f"the answer is kept until {end}")


@cache
def _evidence() -> VerifiedResponse:
    import ocsp

    made = build()
    cert, issuer = load(made.leaf.der), load(made.ca.der)
    return ocsp.verify(made.response(), cert, issuer, at=NOW)
