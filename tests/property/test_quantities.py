"""Durations and sizes with units, over their whole grammar."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.quantities import duration_from, duration_text, size_from, size_text

DURATIONS = st.timedeltas(datetime.timedelta(), datetime.timedelta.max / 2)
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


@given(DURATIONS.map(lambda each: each - each % datetime.timedelta(milliseconds=1)))
def test_a_duration_is_read_as_it_was_written(duration: datetime.timedelta) -> None:
    """``duration_from`` is the inverse of ``duration_text``."""
    assert duration_from(duration_text(duration)) == duration


@given(st.lists(st.sampled_from("dhms"), unique=True, min_size=1), st.data())
def test_units_are_accepted_from_the_longest_down(
    units: list[str], data: st.DataObject
) -> None:
    """Each unit at most once; the value is the sum; another order is refused."""
    numbers = [data.draw(st.integers(0, 9999)) for _ in units]
    text = "".join(
        f"{number}{unit}" for number, unit in zip(numbers, units, strict=True)
    )
    if units == sorted(units, key="dhms".index):
        seconds = sum(
            number * UNITS[unit] for number, unit in zip(numbers, units, strict=True)
        )
        assert duration_from(text) == datetime.timedelta(seconds=seconds)
    else:
        with pytest.raises(ValueError, match="is not a duration"):
            duration_from(text)


@given(st.text())
def test_any_other_text_is_a_value_error(text: str) -> None:
    """Whatever the text is, the result is a value or a ``ValueError``."""
    for read in (duration_from, size_from):
        try:
            read(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    "text",
    ["", "5", "5 m", "-5m", "5M", "1m1h", "1e3s", ".5s", "5.m", "m", "٣s", "1h\n"],
)
def test_these_are_no_durations(text: str) -> None:
    """No unit, a sign, a space, a wrong order, a digit of another script."""
    with pytest.raises(ValueError, match="is not a duration"):
        duration_from(text)


def test_a_duration_beyond_the_range_of_python_is_refused() -> None:
    """``timedelta`` ends at 999,999,999 days."""
    with pytest.raises(ValueError, match="too long"):
        duration_from("999999999d999999999h")


@given(st.integers(0, 999_999_999))
def test_a_size_is_read_as_it_was_written(octets: int) -> None:
    """``size_from`` is the inverse of ``size_text``."""
    assert size_from(size_text(octets)) == octets


@given(st.integers(0, 999_999_999), st.sampled_from(["KiB", "MiB", "GiB"]))
def test_a_size_has_a_binary_unit(number: int, unit: str) -> None:
    """Each unit is 1,024 times the one before."""
    power = ["B", "KiB", "MiB", "GiB"].index(unit)
    assert size_from(f"{number}{unit}") == number * 1024**power


@pytest.mark.parametrize("text", ["", "64", "64MB", "64 MiB", "-1B", "1.5MiB", "64mib"])
def test_these_are_no_sizes(text: str) -> None:
    """No unit, a decimal unit, a space, a sign, a fraction."""
    with pytest.raises(ValueError, match="is not a size"):
        size_from(text)
