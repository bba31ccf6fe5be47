"""
Compare the HTTP headers of an answer with RFC 9919 §6 and §7.2.

An answer that caches may keep says so in six headers, which have to agree with the
response. An answer that no cache may keep, such as an OCSP error, has to say that. The
rules are numbered C1 to C11, and report findings as the linter does.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ocsp.guarded.dates import http_date
from ocsp.http import RESPONSE_TYPE, Freshness
from ocsp.linting import LintFinding, Severity

__all__ = ["Served", "header_findings"]

CLOCK_SKEW = datetime.timedelta(minutes=5)
"""The largest difference between Date and the clock of this machine. The policy of the
verifier has the same default."""

_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    r"[0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)
"""IMF-fixdate, the form of dates that a server must send (RFC 9110 §5.6.7)."""

_MAX_AGE = re.compile(r"max-age=\"?([0-9]{1,10})\"?", re.ASCII)

_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
"""An entity tag without W/ (RFC 9110 §8.8.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """
    An HTTP answer with an OCSP response.

    Attributes:
        headers: The names, in lower case, and values.

        body: The content.

        freshness: thisUpdate and nextUpdate, if caches may keep the answer; ``None``
            for an OCSP error, and for an answer that repeats a nonce.

        produced_at: producedAt, an aware datetime; ``None`` for an OCSP error.

        at: When the answer was received, an aware datetime.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes
    freshness: Freshness | None
    produced_at: datetime.datetime | None
    at: datetime.datetime

    def value(self, name: str) -> str | None:
        """Return the values of the header *name*, joined, or ``None`` without one."""
        values = [value for known, value in self.headers if known == name]
        return ", ".join(values) if values else None

    @property
    def directives(self) -> frozenset[str]:
        """The directives of Cache-Control, in lower case."""
        listed = (self.value("cache-control") or "").lower().split(",")
        return frozenset(each.strip() for each in listed if each.strip())


class _Rule(NamedTuple):
    id: str
    severity: Severity
    clause: str
    function: Callable[[Served], Iterator[tuple[str, str]]]


def header_findings(served: Served) -> tuple[LintFinding, ...]:
    """
    Report where the headers of an answer deviate from the standards.

    Args:
        served: The answer. Its status code is 200, and its content an OCSP response;
            neither is checked here, and nothing is verified.
    """
    rules = _FOR_ALL + (_FOR_CACHES if served.freshness else _NOT_FOR_CACHES)
    return tuple(
        LintFinding(rule.id, rule.severity, rule.clause, message, where)
        for rule in rules
        for where, message in rule.function(served)
    )


# --- every answer ---------------------------------------------------------------------


def _content_type(served: Served) -> Iterator[tuple[str, str]]:
    media_type = (served.value("content-type") or "").partition(";")[0].strip().lower()
    if media_type != RESPONSE_TYPE:
        yield "Content-Type", f"is {media_type or 'absent'} instead of {RESPONSE_TYPE}"


def _content_length(served: Served) -> Iterator[tuple[str, str]]:
    if served.value("content-length") is None:
        yield "Content-Length", "is absent"


def _date(served: Served) -> Iterator[tuple[str, str]]:
    yield from _not_fixdate(served, "Date")


def _clock(served: Served) -> Iterator[tuple[str, str]]:
    sent = http_date(served.value("date") or "")
    age = served.value("age") or "0"
    # A cache passes on the Date of the server, and says in Age how long ago that was.
    kept = int(age) if age.isascii() and age.isdecimal() and len(age) <= 9 else 0
    if sent is not None:
        off = abs(served.at - sent - datetime.timedelta(seconds=kept))
        if off > CLOCK_SKEW:
            seconds = int(off.total_seconds())
            yield "Date", f"differs by {seconds:,} s from the clock of this machine"


def _not_fixdate(served: Served, name: str) -> Iterator[tuple[str, str]]:
    value = served.value(name.lower())
    if value is None:
        yield name, "is absent"
    elif not _FIXDATE.fullmatch(value):
        yield name, f"is {value[:40]!r}, which is not an IMF-fixdate in GMT"


# --- answers that caches may keep -----------------------------------------------------


def _last_modified(served: Served) -> Iterator[tuple[str, str]]:
    wrong = [*_not_fixdate(served, "Last-Modified")]
    yield from wrong
    # RFC 9919 §7.2 says thisUpdate, and §6 says producedAt.
    allowed = {served.freshness and served.freshness.this_update, served.produced_at}
    if not wrong and http_date(served.value("last-modified") or "") not in allowed:
        yield "Last-Modified", "is neither thisUpdate nor producedAt"


def _expires(served: Served) -> Iterator[tuple[str, str]]:
    wrong = [*_not_fixdate(served, "Expires")]
    yield from wrong
    until = served.freshness and served.freshness.next_update
    if not wrong and http_date(served.value("expires") or "") != until:
        yield "Expires", "is not nextUpdate"


def _strong_tag(served: Served) -> Iterator[tuple[str, str]]:
    tag = served.value("etag")
    if tag is None:
        yield "ETag", "is absent"
    elif not _STRONG_TAG.fullmatch(tag):
        yield "ETag", f"is {tag[:40]}, which is not a strong validator"


def _hash_in_tag(served: Served) -> Iterator[tuple[str, str]]:
    tag = served.value("etag")
    if tag is not None and tag.strip('"').lower() != _sha256(served.body):
        yield "ETag", "is not the SHA-256 of the response in hexadecimal"


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _max_age(served: Served) -> Iterator[tuple[str, str]]:
    seconds = max_age(served)
    if seconds is None:
        yield "Cache-Control", "has no max-age"
    elif served.freshness is not None:
        # It counts from when the server made the answer (RFC 9111 §4.2).
        sent = http_date(served.value("date") or "")
        since = served.at if sent is None else min(sent, served.at)
        left = (served.freshness.next_update - since).total_seconds()
        if seconds >= max(left, 1):
            why = f"max-age={seconds} ends after nextUpdate, which is in {left:.0f} s"
            yield "Cache-Control", why


def max_age(served: Served) -> int | None:
    """Return max-age in seconds, or ``None`` without one."""
    found = map(_MAX_AGE.fullmatch, served.directives)
    return next((int(each[1]) for each in found if each), None)


def _not_forbidden(served: Served) -> Iterator[tuple[str, str]]:
    for each in sorted(served.directives & _FORBIDDEN):
        yield "Cache-Control", f"has {each} in an answer that caches may keep"
    if "no-cache" in (served.value("pragma") or "").lower():
        yield "Pragma", "has no-cache in an answer that caches may keep"


_FORBIDDEN = frozenset({"no-cache", "no-store"})


# --- answers that no cache may keep ---------------------------------------------------


def _forbidden(served: Served) -> Iterator[tuple[str, str]]:
    if not served.directives & _FORBIDDEN:
        yield "Cache-Control", "has neither no-store nor no-cache"


_FOR_ALL = (
    _Rule("C1", Severity.ERROR, "RFC 6960 App. A.2, RFC 9919 §6", _content_type),
    _Rule("C2", Severity.WARNING, "RFC 6960 App. A.2", _content_length),
    _Rule("C3", Severity.ERROR, "RFC 9919 §7.2, RFC 9110 §5.6.7", _date),
    _Rule("C4", Severity.WARNING, "RFC 9919 §5", _clock),
)
_FOR_CACHES = (
    _Rule("C5", Severity.ERROR, "RFC 9919 §6, §7.2", _last_modified),
    _Rule("C6", Severity.ERROR, "RFC 9919 §7.2", _expires),
    _Rule("C7", Severity.ERROR, "RFC 9919 §6, RFC 9110 §8.8.3", _strong_tag),
    _Rule("C8", Severity.NOTICE, "RFC 9919 §7.2", _hash_in_tag),
    _Rule("C9", Severity.ERROR, "RFC 9919 §7.2", _max_age),
    _Rule("C10", Severity.ERROR, "RFC 9919 §7.2", _not_forbidden),
)
_NOT_FOR_CACHES = (_Rule("C11", Severity.WARNING, "RFC 9919 §7.2", _forbidden),)
