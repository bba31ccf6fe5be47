"""When to ask: at half-life, with jitter, and back off after failures."""

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
from tests.unit.stapling.keeper import proven, signed

FRACTION = st.floats(0, 1)
LIFE = proven(signed(begin=-2, end=8))


@given(FRACTION)
def test_half_of_the_life_give_or_take_a_twentieth(fraction: float) -> None:
    """Ten hours, from two hours ago."""
    assert NOW + 2.5 * HOUR <= half_life(LIFE, fraction) <= NOW + 3.5 * HOUR


def test_chance_spreads_them() -> None:
    """Otherwise all servers would ask at once."""
    assert half_life(LIFE, 0) < half_life(LIFE, 0.5) < half_life(LIFE, 1)


def test_the_last_quarter_is_the_end() -> None:
    """And what is over, is ending too."""
    assert not is_ending(LIFE, NOW + 5.4 * HOUR)
    assert is_ending(LIFE, NOW + 5.5 * HOUR)
    assert is_ending(LIFE, NOW + 9 * HOUR)


@given(st.floats(-1.9, 12))
def test_nothing_newer_is_asked_about_at_half_of_what_is_left(hours: float) -> None:
    """Never within a minute."""
    now = NOW + hours * HOUR
    wait = after_nothing_newer(LIFE, now) - now
    expected = max((NOW + 8 * HOUR - now) / 2, SHORTEST)
    assert abs(wait - expected) <= datetime.timedelta(microseconds=1)


@given(st.integers(1, 10_000), FRACTION, st.none() | st.floats(-1.9, 12))
def test_a_failure_is_tried_again_within_bounds(
    failures: int, fraction: float, hours: float | None
) -> None:
    """A minute at first, an hour at most; earlier where the end is near."""
    now = NOW + (hours or 0) * HOUR
    evidence = None if hours is None else LIFE
    wait = after_failure(failures, evidence, now, fraction) - now
    assert SHORTEST * 0.74 <= wait <= LONGEST
    if failures == 1:
        assert wait <= SHORTEST
    if evidence is not None:
        assert wait <= max((evidence.holds_until - now) / 4, SHORTEST)


def test_the_waits_double() -> None:
    """One, two, four minutes, and so on."""
    waits = [after_failure(count, None, NOW, 0) - NOW for count in range(1, 9)]
    assert [wait.total_seconds() / 60 for wait in waits] == [
        1, 2, 4, 8, 16, 32, 60, 60,
    ]  # fmt: skip
