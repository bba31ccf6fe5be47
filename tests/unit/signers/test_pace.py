"""Test the rate of signatures, with a clock of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ocsp.signers.pace import Pace


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_one_second_passes_and_the_rest_waits() -> None:
    """Ten a second: ten at once, then one each tenth of a second."""
    clock = _Clock()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    for _ in range(10):
        pace.wait()
    assert clock.slept == []
    for _ in range(20):
        pace.wait()
    assert round(clock.now, 6) == 2.0


def test_a_rate_below_one_lets_the_first_pass() -> None:
    """One in ten seconds."""
    clock = _Clock()
    pace = Pace(0.1, clock=clock, sleep=clock.sleep)
    pace.wait()
    assert clock.now == 0
    pace.wait()
    assert round(clock.now, 6) == 10


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_second_has_more_than_twice_the_rate(
    rate: float, pauses: list[float]
) -> None:
    """The burst of a second, and what that second itself allows."""
    clock = _Clock()
    pace = Pace(rate, clock=clock, sleep=clock.sleep)
    moments = []
    for pause in pauses:
        clock.now += pause
        pace.wait()
        moments.append(clock.now)
    for begin in moments:
        inside = [each for each in moments if begin <= each < begin + 1]
        assert len(inside) <= 2 * max(rate, 1) + 1
