"""
Change the headers of an answer: the faults that caches and other programs notice.

Each fault is a function from answer to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ocsp.http import HTTPAnswer
from ocsp.testing.faults import Fault

__all__ = ["HEADER_FAULTS", "with_body", "with_header"]

_PAGE = b"<!DOCTYPE html>\n<title>Bad Request</title>\n<p>The request cannot be read.\n"
_HOUR = "max-age=3600, public"
_MONTH = "max-age=2592000, public"
_LONG_AGO = "Thu, 01 Jan 2026 00:00:00 GMT"
_KEPT = frozenset({"Allow", "Content-Type", "Content-Length", "Date"})

_LARGEST_ERROR = 16
"""Octets. An OCSP error has five, and a signed response some hundred."""


def with_header(reply: HTTPAnswer, name: str, value: str) -> HTTPAnswer:
    """Return *reply* with the header *name*, in the place of others of that name."""
    others = tuple(each for each in reply.headers if each[0] != name)
    return replace(reply, headers=(*others, (name, value)))


def with_body(reply: HTTPAnswer, body: bytes) -> HTTPAnswer:
    """Return *reply* with another body, and its length."""
    return replace(with_header(reply, "Content-Length", str(len(body))), body=body)


def _is_cacheable(reply: HTTPAnswer) -> bool:
    return reply.header("ETag") is not None


def _errors_as_http(reply: HTTPAnswer) -> HTTPAnswer:
    if reply.status != 200 or len(reply.body) > _LARGEST_ERROR:
        return reply
    page = with_header(with_body(reply, _PAGE), "Content-Type", "text/html")
    return replace(page, status=400)


def _no_store(reply: HTTPAnswer) -> HTTPAnswer:
    return with_header(reply, "Cache-Control", "no-store")


def _cacheable_errors(reply: HTTPAnswer) -> HTTPAnswer:
    if _is_cacheable(reply):
        return reply
    return with_header(reply, "Cache-Control", _HOUR)


def _long_max_age(reply: HTTPAnswer) -> HTTPAnswer:
    if not _is_cacheable(reply):
        return reply
    return with_header(reply, "Cache-Control", _MONTH)


def _without_cache_headers(reply: HTTPAnswer) -> HTTPAnswer:
    kept = tuple(each for each in reply.headers if each[0] in _KEPT)
    return replace(reply, headers=kept)


def _wrong_clock(reply: HTTPAnswer) -> HTTPAnswer:
    return with_header(reply, "Date", _LONG_AGO)


def _date_not_in_gmt(reply: HTTPAnswer) -> HTTPAnswer:
    date = (reply.header("Date") or "").replace("GMT", "UTC")
    return with_header(reply, "Date", date)


def _weak_etag(reply: HTTPAnswer) -> HTTPAnswer:
    tag = reply.header("ETag")
    return reply if tag is None else with_header(reply, "ETag", f"W/{tag}")


def _without_allow(reply: HTTPAnswer) -> HTTPAnswer:
    kept = tuple(each for each in reply.headers if each[0] != "Allow")
    return replace(reply, headers=kept)


HEADER_FAULTS: Mapping[Fault, Callable[[HTTPAnswer], HTTPAnswer]] = {
    Fault.ERRORS_AS_HTTP: _errors_as_http,
    Fault.NO_STORE: _no_store,
    Fault.CACHEABLE_ERRORS: _cacheable_errors,
    Fault.LONG_MAX_AGE: _long_max_age,
    Fault.WITHOUT_CACHE_HEADERS: _without_cache_headers,
    Fault.WRONG_CLOCK: _wrong_clock,
    Fault.DATE_NOT_IN_GMT: _date_not_in_gmt,
    Fault.WEAK_ETAG: _weak_etag,
    Fault.WITHOUT_ALLOW: _without_allow,
}
"""The function for each fault of the headers."""
