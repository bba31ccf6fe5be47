"""Times: read in parts, of which most are cached, as if each were read by itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.asn1 import times
from ocsp.asn1.times import MAX_HOURS, MAX_MOMENTS, moments

TEXT = b"20260701120000Z"
DAY = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
KEPT = (times.moments, times._older, times._hours, times._offsets)


@pytest.fixture(autouse=True)
def _empty_caches() -> Iterator[None]:
    """Begin without any known time, and leave none of a test."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for each in KEPT:
        each.clear()


def _text(when: datetime.datetime) -> bytes:
    return f"{when.year:04}{when:%m%d%H%M%S}Z".encode()


@given(st.datetimes(timezones=st.just(datetime.UTC)))
def test_a_text_is_read_as_its_time(when: datetime.datetime) -> None:
    """Of any year from 1 to 9999; also again, from the cache."""
    expected = when.replace(microsecond=0)
    for _ in range(2):
        read = moments[_text(when)]
        assert read == expected
        assert read.tzinfo is datetime.UTC


def test_every_second_of_an_hour_is_read() -> None:
    """Those that are added to the beginning of the hour."""
    for second in range(3600):
        when = DAY + datetime.timedelta(seconds=second)
        assert moments[_text(when)] == when


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("position", range(15))
def test_no_other_octet_is_accepted(position: int, known: bool) -> None:
    """In any place, whether its other part is known or not."""
    if known:
        _ = moments[TEXT]
    for octet in {*range(256), *b"+- Z."} - {*b"0123456789"} - {TEXT[position]}:
        changed = TEXT[:position] + bytes((octet,)) + TEXT[position + 1 :]
        with pytest.raises(ValueError, match=r"YYYYMMDDHHMMSSZ|hour|minute|range"):
            _ = moments[changed]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"Z",
        b"20260701120000",
        b"2026070112000Z",
        b"202607011200000Z",
        b"20260701120000ZZ",
        b"202607011200Z",
        b"20260701240000Z",
        b"20260701126000Z",
        b"20260701120060Z",
        b"20260700120000Z",
        b"20260732120000Z",
        b"20261301120000Z",
        b"20260229120000Z",
        b"00000101120000Z",
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_what_is_no_time_is_refused(text: bytes, known: bool) -> None:
    """And not cached, so that it is refused again."""
    if known:
        _ = moments[TEXT]
    for _ in range(2):
        with pytest.raises(ValueError, match=r"."):
            _ = moments[text]
    assert text not in moments


def test_the_caches_are_bounded() -> None:
    """Whatever times a sender writes; the latest are known."""
    for number in range(3 * MAX_MOMENTS):
        when = DAY + datetime.timedelta(seconds=3607 * number)
        assert moments[_text(when)] == when
        assert len(times.moments) <= MAX_MOMENTS
        assert len(times._older) <= MAX_MOMENTS
        assert len(times._hours) <= MAX_HOURS
        assert len(times._offsets) <= 3600
        assert moments[_text(when)] == when


def test_a_time_in_use_stays() -> None:
    """The same object, however many others are read."""
    first = moments[TEXT]
    for number in range(3 * MAX_MOMENTS):
        _ = moments[_text(DAY + datetime.timedelta(seconds=number))]
        if number % 1000 == 0:
            assert moments[TEXT] is first
