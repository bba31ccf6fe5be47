"""Dates in HTTP headers, of servers that send anything."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.guarded.dates import http_date

MOMENT = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 10:49:37 +0200",
    ],
)
def test_the_forms_of_http_are_read(text: str) -> None:
    """RFC 9110 §5.6.7, and the zones that mail has."""
    assert http_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "tomorrow",
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov " + "9" * 5000 + " 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 99:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +999999999999",
        "Sun, 06 Nov 1994 08:49:37 -" + "9" * 400,
        "Fri, 31 Dec 9999 23:59:59 -0100",
        "Sun, 06 Nov ٢٠٠٠ 08:49:37 GMT",
        "Sun, " * 1000,
        "(" * 5000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """No text raises an error."""
    assert http_date(text) is None


@given(
    st.text(alphabet='SunFri, 0123456789:+-GMTJaDec()"\\\0 \udc80²', max_size=60)
    | st.text(max_size=60)
)
def test_no_text_raises_an_error(text: str) -> None:
    """A result is always an aware time in UTC."""
    found = http_date(text)
    assert found is None or found.utcoffset() == datetime.timedelta(0)
