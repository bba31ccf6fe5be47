"""The clock of a process: which moves count as jumps, and how long they are known."""

from __future__ import annotations

import datetime
import json
import logging
import math
import sys
import threading
import time

import pytest

from ocsp.process_clock import (
    JUMP_SECONDS,
    REPORT_SECONDS,
    SETTLE_SECONDS,
    STEP_SECONDS,
    ClockMemory,
    ProcessClock,
)

START = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
HOUR = 3600.0
YEAR = 365 * 86400.0


class _Machine:
    """A machine whose clock a test sets, and a process on it that has just started."""

    def __init__(self) -> None:
        self.now, self.up = START, 50.0
        self.clock = ProcessClock(lambda: self.now, lambda: self.up)

    def run(self, seconds: float, *, every: float = 1.0, speed: float = 1.0) -> None:
        """Let time pass, while the process looks; the clock may have a wrong speed."""
        for _ in range(math.ceil(seconds / every)):
            self.up += every
            self.now += datetime.timedelta(seconds=every * speed)
            self.clock.look()

    def set_clock(self, seconds: float) -> None:
        """Set the clock so many seconds on; the process looks 20 ms later."""
        self.now += datetime.timedelta(seconds=seconds)
        self.run(0.02, every=0.02)

    def sleep(self, seconds: float) -> None:
        """Suspend the machine: nothing looks, and both clocks go on."""
        self.up += seconds
        self.now += datetime.timedelta(seconds=seconds)
        self.clock.look()


@pytest.fixture(name="machine")
def _machine() -> _Machine:
    return _Machine()


# --- what counts as a jump ------------------------------------------------------------


def test_a_clock_that_runs_is_trusted(machine: _Machine) -> None:
    """From the first look after the start on."""
    assert machine.clock.look() == START
    machine.run(2 * HOUR, every=10)
    assert machine.clock.is_trusted
    assert machine.clock.offset == 0
    assert machine.clock.doubts == 0
    assert machine.clock.step_within(HOUR) == 0


@pytest.mark.parametrize("seconds", [61, -61, HOUR, -HOUR, YEAR, -YEAR])
def test_a_jump_of_more_than_a_minute(
    machine: _Machine, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    """In either direction; one line in the log says it, once."""
    machine.run(10)
    machine.set_clock(seconds)
    machine.run(10)
    assert not machine.clock.is_trusted
    assert machine.clock.offset == pytest.approx(abs(seconds))
    assert machine.clock.doubts == 1
    (line,) = [each.getMessage() for each in caplog.records]
    assert line == f"the clock jumped by {seconds:+.0f} seconds"


@pytest.mark.parametrize("seconds", [0.001, 1, 6, 60, -0.001, -1, -6, -60])
def test_a_step_of_a_time_service_is_no_jump(machine: _Machine, seconds: float) -> None:
    """Each is trusted; readiness shows those that time services do not make."""
    machine.run(10)
    machine.set_clock(seconds)
    assert machine.clock.is_trusted
    assert machine.clock.offset == 0
    shown = seconds if abs(seconds) > STEP_SECONDS else 0
    assert machine.clock.step_within(HOUR) == pytest.approx(shown)


@pytest.mark.parametrize("way", [1, -1])
def test_steps_in_a_row_add_up(machine: _Machine, way: int) -> None:
    """Whatever moves the clock by more than a minute in five minutes is no service."""
    machine.run(10)
    for _ in range(2):
        machine.set_clock(way * 30)
        machine.run(10)
        assert machine.clock.is_trusted
    machine.set_clock(way * 30)
    assert not machine.clock.is_trusted


def test_steps_now_and_then_do_not_add_up(machine: _Machine) -> None:
    """A machine without a good clock gets a step in each hour."""
    for _ in range(10):
        machine.set_clock(-20)
        machine.run(HOUR, every=5)
        assert machine.clock.is_trusted


@pytest.mark.parametrize("speed", [0.91, 1.09])
def test_a_time_service_that_corrects_the_speed(
    machine: _Machine, speed: float
) -> None:
    """Chrony lets a clock run up to 8.3 per cent faster or slower."""
    machine.run(HOUR, speed=speed)
    assert machine.clock.is_trusted
    assert machine.clock.step_within(HOUR) == 0


@pytest.mark.parametrize("speed", [0.0, 0.5, 2.0])
def test_a_clock_with_a_wrong_speed(machine: _Machine, speed: float) -> None:
    """It is not trusted after a minute, and as long as it lasts."""
    machine.run(JUMP_SECONDS / abs(1 - speed) + 2, speed=speed)
    for _ in range(60):
        assert not machine.clock.is_trusted
        machine.run(30, speed=speed)
    machine.run(SETTLE_SECONDS + 60)
    assert machine.clock.is_trusted


def test_a_machine_that_sleeps(machine: _Machine) -> None:
    """That is no jump: the time since the start of the machine goes on too."""
    machine.run(10)
    machine.sleep(8 * HOUR)
    assert machine.clock.is_trusted
    assert machine.clock.step_within(HOUR) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is of Linux")
def test_the_time_since_the_start_of_the_machine() -> None:
    """CLOCK_MONOTONIC of Linux stands still while the machine sleeps."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    began = ProcessClock().memory.settled - SETTLE_SECONDS
    assert before <= began <= before + 60


def test_a_jump_before_the_first_look(machine: _Machine) -> None:
    """The process was made, and loads its keys while the clock jumps."""
    machine.now += datetime.timedelta(seconds=HOUR)
    machine.up += 1
    machine.clock.look()
    assert not machine.clock.is_trusted


def test_a_jump_while_nothing_looks(machine: _Machine) -> None:
    """A process that was stopped sees it when it goes on."""
    machine.run(10)
    machine.up += HOUR
    machine.now += datetime.timedelta(seconds=3 * HOUR)
    machine.clock.look()
    assert machine.clock.offset == pytest.approx(2 * HOUR)


# --- how long it lasts ----------------------------------------------------------------


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
@pytest.mark.parametrize("inexact", [-50, 0, 50])
def test_a_clock_that_is_set_back(
    machine: _Machine, seconds: float, inexact: float
) -> None:
    """It is trusted at once, though the correction was not exact."""
    machine.run(10)
    machine.set_clock(seconds)
    machine.run(200)
    machine.set_clock(-seconds + inexact)
    assert machine.clock.is_trusted
    assert machine.clock.doubts == 2
    assert machine.clock.step_within(60) == pytest.approx(-seconds + inexact)
    machine.run(2 * SETTLE_SECONDS)
    assert machine.clock.is_trusted


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_new_time_counts_as_right_after_a_while(
    machine: _Machine, seconds: float
) -> None:
    """If it runs steadily; the old time is then a jump."""
    machine.run(10)
    assert machine.clock.settles_in() == 0
    machine.set_clock(seconds)
    machine.run(SETTLE_SECONDS - 10)
    assert not machine.clock.is_trusted
    assert machine.clock.settles_in() == pytest.approx(10, abs=1)
    machine.run(11)
    assert machine.clock.is_trusted
    assert machine.clock.settles_in() == 0
    assert machine.clock.offset == 0
    machine.set_clock(-seconds)
    assert not machine.clock.is_trusted


def test_each_further_jump_begins_the_while_again(machine: _Machine) -> None:
    """Somebody is at work on the clock."""
    for _ in range(5):
        machine.set_clock(HOUR)
        machine.run(SETTLE_SECONDS - 10)
        assert not machine.clock.is_trusted
    machine.run(11)
    assert machine.clock.is_trusted


def test_a_step_is_known_for_some_time(machine: _Machine) -> None:
    """A smaller one after it does not hide it."""
    machine.run(10)
    machine.set_clock(-HOUR)
    machine.run(500)
    machine.set_clock(1)
    assert machine.clock.step_within(600) == pytest.approx(-HOUR)
    machine.run(101)
    assert machine.clock.step_within(600) == 0


# --- several processes ----------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, HOUR, -HOUR])
@pytest.mark.parametrize("has_seen", [True, False])
def test_a_process_that_starts_later(
    machine: _Machine, seconds: float, has_seen: bool
) -> None:
    """It goes on with what another one knows, which has seen the jump or not yet."""
    machine.run(10)
    memory = machine.clock.memory
    machine.set_clock(seconds)
    if has_seen:
        memory = ClockMemory(*json.loads(json.dumps(machine.clock.memory)))
    late = ProcessClock(lambda: machine.now, lambda: machine.up, memory=memory)
    late.look()
    assert late.memory == machine.clock.memory
    assert late.is_trusted is (seconds == 0)
    machine.set_clock(-seconds)
    late.look()
    assert late.memory == machine.clock.memory
    assert late.is_trusted


# --- the clock of a database ----------------------------------------------------------


@pytest.mark.parametrize("ahead", [60.5, -60.5, YEAR])
def test_a_clock_that_differs_from_that_of_a_database(
    machine: _Machine, ahead: float
) -> None:
    """It is not trusted until they agree to a minute."""
    machine.clock.compare(ahead)
    assert not machine.clock.is_trusted
    assert machine.clock.ahead == ahead
    assert machine.clock.doubts == 1
    machine.run(HOUR, every=60)
    assert not machine.clock.is_trusted
    machine.clock.compare(math.copysign(60, ahead))
    assert machine.clock.is_trusted
    assert machine.clock.doubts == 1


def test_a_difference_is_logged_once_a_minute(
    machine: _Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """However many users of the clock compare it; and at once when it comes back."""
    for _ in range(4 * int(REPORT_SECONDS)):
        machine.clock.compare(-90.0)
        machine.clock.compare(-90.0)
        machine.run(1)
    assert len(caplog.records) == 4
    assert "the clock is 90 seconds behind that of the database" in caplog.text
    machine.clock.compare(0.0)
    machine.clock.compare(90.0)
    assert len(caplog.records) == 5
    assert "the clock is 90 seconds ahead of that of the database" in caplog.text


# --- threads --------------------------------------------------------------------------


def test_threads_see_a_jump_once(caplog: pytest.LogCaptureFixture) -> None:
    """A look of another thread, between two readings of one, is no second jump."""
    caplog.set_level(logging.ERROR)
    readings, inner = [0.0, 0.0, HOUR, HOUR], list[threading.Thread]()

    def now() -> datetime.datetime:
        return START + datetime.timedelta(seconds=readings.pop(0))

    def monotonic() -> float:
        if len(readings) == 2:  # within the look: another thread wants to look too
            inner.append(threading.Thread(target=clock.look))
            inner[0].start()
            inner[0].join(0.05)
        return 0.0

    clock = ProcessClock(now, monotonic)
    clock.look()
    inner[0].join()
    clock.look()
    assert clock.doubts == 1
    assert len(caplog.records) == 1
