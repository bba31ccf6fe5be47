"""The HTTP binding: the requests that clients send, and the headers for caches."""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.asn1.der import SEQUENCE, encode
from ocsp.http import (
    CacheableAnswer,
    CacheTag,
    Conditions,
    Connection,
    Freshness,
    Moment,
    UncachedAnswer,
    answer,
    conditional,
    get_url,
    method_not_allowed,
    read_body,
    read_target,
)

NOW = datetime.datetime(2026, 7, 1, 12, 0, 0, 500_000, tzinfo=datetime.UTC)
FRESH = Freshness(
    this_update=NOW - datetime.timedelta(hours=1),
    next_update=NOW.replace(microsecond=0) + datetime.timedelta(hours=1),
)
BODY = bytes.fromhex("30090a0100fffbeffbe0fb")
LETTERS = base64.b64encode(BODY).decode()
URL_SAFE = base64.urlsafe_b64encode(BODY).decode()


def test_the_example_contains_every_special_character() -> None:
    """The base64 of the example has a slash, a plus sign and padding."""
    assert "/" in LETTERS
    assert "+" in LETTERS
    assert LETTERS.endswith("=")


@pytest.mark.parametrize(
    "target",
    [
        "/" + LETTERS,
        "//" + LETTERS,
        "///" + LETTERS,
        LETTERS,
        "/" + quote(LETTERS, safe=""),
        "/" + LETTERS.replace("/", "%2f").replace("+", "%2b").replace("=", "%3d"),
        "/" + LETTERS.replace("+", " "),
        "/" + LETTERS.replace("+", "%20"),
        "/" + LETTERS.rstrip("="),
        "/" + URL_SAFE,
        "/" + URL_SAFE.rstrip("="),
        "/%2f" + LETTERS,
        "/" + LETTERS + "/",
        "/" + LETTERS.rstrip("=") + "//",
        "/" + quote(quote(LETTERS, safe=""), safe=""),
        "/ocsp/" + LETTERS,
        "/pki/Main/MFE/" + quote(LETTERS, safe=""),
        "http://ca.example/" + LETTERS,
        "HTTP://user@ca.example:80//ocsp/" + LETTERS + "?x",
        "/" + LETTERS + "?cache=no",
    ],
)
def test_a_get_is_read_in_every_form_that_clients_send(target: str) -> None:
    """Escaped or not, with extra slashes, without padding, URL-safe."""
    assert read_target(target.encode()) == BODY


@given(st.binary(min_size=1, max_size=300))
def test_get_url_round_trip(tail: bytes) -> None:
    """``read_target`` returns the message that ``get_url`` encoded."""
    der = encode(SEQUENCE, tail)
    url = get_url("http://ocsp.test/ca/", der)
    base, path = url[: len("http://ocsp.test/ca")], url[len("http://ocsp.test/ca") :]
    assert base == "http://ocsp.test/ca"
    assert read_target(path.encode()) == der
    assert path.count("/") == 1
    assert set("+= ").isdisjoint(url)


@given(
    st.binary(max_size=40),
    st.text(alphabet="MDAwQ+/=-_ %2FbB3d?", max_size=12),
    st.integers(0, 80),
)
def test_the_usual_target_is_read_like_any_other(
    tail: bytes, inserted: str, place: int
) -> None:
    """A second slash, which the short cut does not read, changes nothing."""
    letters = quote(base64.b64encode(encode(SEQUENCE, tail)), safe="")
    target = (letters[:place] + inserted + letters[place:]).encode()

    def read(start: bytes) -> bytes | str:
        try:
            return read_target(start + target)
        except ocsp.errors.DecodeError as error:
            return str(error)

    assert read(b"/") == read(b"//")


@given(st.integers(0, 253_402_300_799))
def test_dates_are_those_of_the_standard_library(second: int) -> None:
    """The day is formatted once, and the time of the day for each answer."""
    moment = datetime.datetime.fromtimestamp(second, datetime.UTC)
    assert Moment(moment).ending(Connection.DEFAULT).split(b"Date: ")[1] == (
        format_datetime(moment, usegmt=True).encode() + b"\r\n\r\n"
    )


def test_a_target_that_is_not_base64_is_refused() -> None:
    """The error is a DecodeError that names the GET."""
    with pytest.raises(ocsp.errors.SchemaError, match=r"^GET: is not base64"):
        read_target(b"/favicon.ico")


def test_a_target_that_is_encoded_three_times_is_refused() -> None:
    """Each time costs a pass over the target, which has room for 7,000 of them."""
    encoded = LETTERS
    for _ in range(3):
        encoded = quote(encoded, safe="")
    with pytest.raises(ocsp.errors.SchemaError, match=r"^GET: is not base64"):
        read_target(f"/{encoded}".encode())


@pytest.mark.parametrize("read", [read_body, read_target])
def test_a_request_over_the_limit_is_refused(
    read: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """POST and GET have the same limit."""
    monkeypatch.setattr(ocsp.limits, "MAX_HTTP_REQUEST_BYTES", 10)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        read(b"A" * 80)
    assert refused.value.limit == "MAX_HTTP_REQUEST_BYTES"
    assert refused.value.maximum == 10


@pytest.mark.requirement("R9919-9", "R9919-11")
def test_a_cacheable_answer_has_the_headers_for_caches() -> None:
    """RFC 9919 §7.2: times, a strong tag, and max-age before nextUpdate."""
    reply = answer(BODY, FRESH, NOW)
    assert reply.status == 200
    assert dict(reply.headers) == {
        "Content-Type": "application/ocsp-response",
        "Content-Length": str(len(BODY)),
        "Date": "Wed, 01 Jul 2026 12:00:00 GMT",
        "Last-Modified": "Wed, 01 Jul 2026 11:00:00 GMT",
        "Expires": "Wed, 01 Jul 2026 13:00:00 GMT",
        "ETag": f'"{hashlib.sha256(BODY).hexdigest()}"',
        "Cache-Control": "max-age=3599, public, no-transform, must-revalidate",
    }


@pytest.mark.requirement("R9919-11", "R9919-10")
@given(st.integers(1, 10**9))
def test_max_age_ends_before_next_update(microseconds: int) -> None:
    """Also if very little time is left."""
    next_update = NOW + datetime.timedelta(microseconds=microseconds)
    fresh = Freshness(this_update=NOW, next_update=next_update)
    directives = str(answer(BODY, fresh, NOW).header("cache-control"))
    age = int(directives.partition(",")[0].removeprefix("max-age="))
    assert NOW + datetime.timedelta(seconds=age) < next_update


def test_dates_are_in_gmt_whatever_the_zone() -> None:
    """RFC 9110 §5.6.7: a time in another time zone is converted to GMT."""
    zone = datetime.timezone(datetime.timedelta(hours=9))
    reply = answer(BODY, FRESH, NOW.astimezone(zone))
    assert str(reply.header("date")) == "Wed, 01 Jul 2026 12:00:00 GMT"
    assert parsedate_to_datetime(str(reply.header("date"))).tzinfo is not None


@pytest.mark.requirement("R9919-12")
@pytest.mark.parametrize(
    "freshness", [None, Freshness(this_update=NOW, next_update=NOW)]
)
def test_errors_and_expired_answers_are_not_stored(freshness: Freshness | None) -> None:
    """No cache stores an error, an answer to a nonce, or an expired answer."""
    reply = answer(BODY, freshness, NOW)
    assert reply.header("Cache-Control") == "no-store"
    assert reply.header("ETag") is None
    assert reply.header("Expires") is None


def _tag() -> str:
    return str(answer(BODY, FRESH, NOW).header("ETag"))


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (Conditions(), 200),
        (Conditions(if_none_match=_tag()), 304),
        (Conditions(if_none_match=f'"other", W/{_tag()}'), 304),
        (Conditions(if_none_match="*"), 304),
        (Conditions(if_none_match='"other"'), 200),
        (
            Conditions(
                if_none_match='"other"',
                if_modified_since="Wed, 01 Jul 2026 12:00:00 GMT",
            ),
            200,
        ),
        (Conditions(if_modified_since="Wed, 01 Jul 2026 11:00:00 GMT"), 304),
        (Conditions(if_modified_since="Wed, 01 Jul 2026 10:59:59 GMT"), 200),
        (Conditions(if_modified_since="Wed, 01 Jul 2026 11:00:01 GMT"), 200),
        (Conditions(if_modified_since="yesterday"), 200),
        (Conditions(if_modified_since="Wed, 01 Jul 2026 11:00:00 -0000"), 200),
    ],
)
def test_a_client_that_has_the_answer_gets_304(
    conditions: Conditions, status: int
) -> None:
    """RFC 9110 §13: lists, weak tags, dates, and their precedence."""
    full = answer(BODY, FRESH, NOW)
    reply = conditional(full, conditions, revoked=False)
    assert reply.status == status
    if status == 304:
        assert reply.body == b""
        names = {name for name, _ in reply.headers}
        assert {"ETag", "Expires", "Cache-Control", "Date"} <= names
        assert not {"Content-Type", "Content-Length"} & names
    else:
        assert reply == full


def test_an_error_is_never_304() -> None:
    """An answer without a tag cannot be compared."""
    error = answer(BODY, None, NOW)
    assert conditional(error, Conditions(if_none_match="*"), revoked=False) == error


def test_other_methods_get_405_with_allow() -> None:
    """RFC 9110 §15.5.6."""
    reply = method_not_allowed(NOW)
    assert (reply.status, reply.header("allow")) == (405, "GET, HEAD, POST")


def test_a_date_gives_no_304_for_a_revoked_certificate() -> None:
    """The answer from before the revocation can have the same thisUpdate."""
    same = Conditions(if_modified_since="Wed, 01 Jul 2026 11:00:00 GMT")
    full = answer(BODY, FRESH, NOW)
    assert conditional(full, same, revoked=True) == full
    known = Conditions(if_none_match=_tag())
    assert conditional(full, known, revoked=True).status == 304


@given(st.integers(0, 10**7), st.sampled_from(list(Connection)))
def test_an_answer_that_is_encoded_once_is_the_same_message(
    seconds: int, connection: Connection
) -> None:
    """The octets are those of the answer with its headers, in the same order."""
    now = NOW + datetime.timedelta(microseconds=seconds * 359)
    moment = Moment(now)
    for each in (CacheableAnswer(BODY, *FRESH.seconds()), UncachedAnswer(BODY)):
        assert each.octets(moment, connection) == each.at(now).octets(connection)


def test_a_message_has_reason_phrase_connection_and_body() -> None:
    """RFC 9112 §4; HEAD gets the same head without the body."""
    reply = method_not_allowed(NOW)
    assert reply.octets(Connection.CLOSE) == (
        b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST\r\n"
        b"Content-Length: 0\r\nDate: Wed, 01 Jul 2026 12:00:00 GMT\r\n"
        b"Connection: close\r\n\r\n"
    )
    full = answer(BODY, FRESH, NOW)
    head = full.octets(Connection.KEEP_ALIVE, with_body=False)
    assert head + BODY == full.octets(Connection.KEEP_ALIVE)
    assert b"\r\nConnection: keep-alive\r\n" in head


def test_tags_are_a_header_before_the_directives() -> None:
    """Also in the answer to a condition; without tags nothing is added."""
    tags = ("xkey", "cert-1 issuer-2")
    prepared = CacheableAnswer(BODY, *FRESH.seconds(), tags)
    assert prepared.at(NOW).header("xkey") == "cert-1 issuer-2"
    assert b"\r\nxkey: cert-1 issuer-2\r\nCache-Control: max-age=" in prepared.head
    plain = CacheableAnswer(BODY, *FRESH.seconds()).at(NOW)
    without = [each for each in prepared.at(NOW).headers if each[0] != "xkey"]
    assert list(plain.headers) == without
    assert CacheTag.XKEY.join(["a", "b"]) == "a b"
    assert CacheTag.SURROGATE_KEY.join(["a", "b"]) == "a b"
    assert CacheTag.CACHE_TAG.join(["a", "b"]) == "a, b"
