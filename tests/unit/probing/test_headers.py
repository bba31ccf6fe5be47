"""The HTTP headers of an answer: each rule is broken once."""

from __future__ import annotations

import datetime
from dataclasses import replace
from email.utils import format_datetime

import pytest

from ocsp.http import Freshness, answer
from ocsp.probing.headers import Served, header_findings

NOW = datetime.datetime(2026, 7, 1, 12, 0, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
TIMES = Freshness(NOW - HOUR, NOW + HOUR)
BODY = b"\x30\x03\x0a\x01\x00"


def _served(freshness: Freshness | None = TIMES) -> Served:
    """Return the answer of our own responder."""
    sent = answer(BODY, freshness, NOW)
    return Served(
        headers=tuple((name.lower(), value) for name, value in sent.headers),
        body=BODY,
        freshness=freshness,
        produced_at=NOW,
        at=NOW,
    )


def _with(served: Served, name: str, value: str | None) -> Served:
    others = tuple(each for each in served.headers if each[0] != name)
    added = () if value is None else ((name, value),)
    return replace(served, headers=others + added)


def _rules(served: Served) -> list[str]:
    return [finding.rule for finding in header_findings(served)]


@pytest.mark.parametrize("freshness", [TIMES, None])
def test_the_headers_of_our_own_answers_have_no_findings(
    freshness: Freshness | None,
) -> None:
    """Those that caches may keep, and errors."""
    assert header_findings(_served(freshness)) == ()


LOCAL = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("name", "value", "rules"),
    [
        ("content-type", "text/html", ["C1"]),
        ("content-type", None, ["C1"]),
        ("content-length", None, ["C2"]),
        ("date", None, ["C3"]),
        ("date", format_datetime(NOW.astimezone(LOCAL)), ["C3"]),
        ("date", format_datetime(NOW).replace("+0000", "UTC"), ["C3"]),
        ("date", format_datetime(NOW + HOUR, usegmt=True), ["C4"]),
        ("last-modified", None, ["C5"]),
        ("last-modified", format_datetime(NOW - 2 * HOUR, usegmt=True), ["C5"]),
        ("expires", None, ["C6"]),
        ("expires", "0", ["C6"]),
        ("expires", format_datetime(NOW + 2 * HOUR, usegmt=True), ["C6"]),
        ("etag", None, ["C7"]),
        ("etag", 'W/"1"', ["C7", "C8"]),
        ("etag", '"1"', ["C8"]),
        ("cache-control", None, ["C9"]),
        ("cache-control", "max-age=3600", ["C9"]),
        ("cache-control", "max-age=3599", []),
        ("cache-control", "max-age=60, no-store", ["C10"]),
        ("cache-control", 'max-age="60", No-Cache', ["C10"]),
        ("pragma", "no-cache", ["C10"]),
    ],
)
def test_each_rule_is_broken_by_one_header(
    name: str, value: str | None, rules: list[str]
) -> None:
    """And only by that."""
    assert _rules(_with(_served(), name, value)) == rules


def test_last_modified_can_be_produced_at() -> None:
    """RFC 9919 says thisUpdate in one section, and producedAt in another."""
    written = format_datetime(NOW, usegmt=True)
    assert _rules(_with(_served(), "last-modified", written)) == []


def test_an_old_answer_of_a_cache_is_not_a_wrong_clock() -> None:
    """The cache says in Age how long it has kept the answer."""
    old = _with(_served(), "date", format_datetime(NOW - HOUR, usegmt=True))
    assert _rules(old) == ["C4"]
    assert _rules(_with(old, "age", "3600")) == []
    assert _rules(_with(old, "age", "nonsense")) == ["C4"]


def test_max_age_counts_from_the_date_of_the_answer() -> None:
    """An answer that took a second to come is not kept for too long."""
    served = _with(_served(), "cache-control", "max-age=3599")
    assert _rules(replace(served, at=NOW + datetime.timedelta(seconds=30))) == []
    longer = _with(served, "cache-control", "max-age=3600")
    assert _rules(replace(longer, at=NOW + datetime.timedelta(seconds=30))) == ["C9"]


@pytest.mark.parametrize("value", [None, "max-age=60", "public"])
def test_an_error_must_not_be_kept_by_caches(value: str | None) -> None:
    """It has no other caching header."""
    assert _rules(_with(_served(None), "cache-control", value)) == ["C11"]
    assert _rules(_with(_served(None), "cache-control", "no-cache")) == []
