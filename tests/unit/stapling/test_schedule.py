"""Test when a staple is renewed: at half of its validity, and after failures."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from ocsp.stapling.schedule import (
    LONGEST,
    SHORTEST,
    after_failure,
    after_nothing_newer,
    half_life,
    is_ending,
)
from tests.pki import NOW
from tests.unit.client.scene import HOUR
from tests.unit.stapling.scripted_stapler import signed, verified

FRACTION = st.floats(0, 1)
LIFE = verified(signed(begin=-2, end=8))


@given(FRACTION)
def test_half_life_is_within_5_percent_of_the_middle(fraction: float) -> None:
    """The staple is valid for ten hours, since two hours ago."""
    assert NOW + 2.5 * HOUR <= half_life(LIFE, fraction) <= NOW + 3.5 * HOUR


def test_half_life_depends_on_the_random_fraction() -> None:
    """Otherwise all servers would ask at the same moment."""
    assert half_life(LIFE, 0) < half_life(LIFE, 0.5) < half_life(LIFE, 1)


def test_a_staple_is_ending_in_its_last_quarter() -> None:
    """An expired staple is ending too."""
    assert not is_ending(LIFE, NOW + 5.4 * HOUR)
    assert is_ending(LIFE, NOW + 5.5 * HOUR)
    assert is_ending(LIFE, NOW + 9 * HOUR)


@given(st.floats(-1.9, 12))
def test_after_nothing_newer_half_of_the_rest_is_waited(hours: float) -> None:
    """The wait is never shorter than a minute."""
    now = NOW + hours * HOUR
    wait = after_nothing_newer(LIFE, now) - now
    expected = max((NOW + 8 * HOUR - now) / 2, SHORTEST)
    assert abs(wait - expected) <= datetime.timedelta(microseconds=1)


@given(st.integers(1, 10_000), FRACTION, st.none() | st.floats(-1.9, 12))
def test_the_wait_after_failures_is_within_bounds(
    failures: int, fraction: float, hours: float | None
) -> None:
    """A minute at first, an hour at most; shorter if the staple expires soon."""
    now = NOW + (hours or 0) * HOUR
    evidence = None if hours is None else LIFE
    wait = after_failure(failures, evidence, now, fraction) - now
    assert SHORTEST * 0.74 <= wait <= LONGEST
    if failures == 1:
        assert wait <= SHORTEST
    if evidence is not None:
        assert wait <= max((evidence.holds_until - now) / 4, SHORTEST)


def test_the_waits_double() -> None:
    """One, two, four minutes, and so on, up to an hour."""
    waits = [after_failure(count, None, NOW, 0) - NOW for count in range(1, 9)]
    assert [wait.total_seconds() / 60 for wait in waits] == [
        1, 2, 4, 8, 16, 32, 60, 60,
    ]  # fmt: skip
