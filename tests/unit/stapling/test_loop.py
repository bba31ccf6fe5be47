"""Test the loop: it takes steps until a signal stops it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ocsp.stapling import StapleEvent, StapleReport, WakeReason, run_forever, signals
from tests.unit.client.scene import reply
from tests.unit.stapling.scripted_stapler import ScriptedStapler, signed


def test_it_waits_until_the_next_step_but_at_most_ten_minutes(tmp_path: Path) -> None:
    """A certificate may have been renewed meanwhile, or the clock changed."""
    scripted = ScriptedStapler(
        tmp_path, [reply(signed()), reply(signed(begin=9, end=33))]
    )
    waits: list[float] = []
    events: list[StapleEvent] = []

    def wait(seconds: float) -> WakeReason:
        waits.append(seconds)
        scripted.clock.seconds += seconds
        return (
            WakeReason.STOP
            if events[-1] is StapleEvent.WRITTEN and waits[1:]
            else WakeReason.TIME
        )

    def tell(reports: tuple[StapleReport, ...]) -> None:
        events.extend(report.event for report in reports)

    run_forever(scripted.stapler, tell, wait, scripted.clock.environment())
    assert events[0] is events[-1] is StapleEvent.WRITTEN
    assert set(events[1:-1]) == {StapleEvent.YOUNG}
    assert max(waits) == 600
    assert sum(waits[:-1]) == pytest.approx((-1 + 24 * 0.45) * 3600)


@pytest.mark.parametrize("first", [WakeReason.TIME, WakeReason.NOW])
def test_now_renews_all_staples_at_once(tmp_path: Path, first: WakeReason) -> None:
    """In the first step, or later after a signal."""
    scripted = ScriptedStapler(
        tmp_path, [reply(signed(begin=hours)) for hours in (-3, -2, -1)]
    )
    scripted.staple.write_bytes(signed(begin=-4))
    wakes = [WakeReason.NOW, WakeReason.STOP]
    events: list[StapleEvent] = []
    run_forever(
        scripted.stapler,
        lambda reports: events.extend(report.event for report in reports),
        lambda _: wakes.pop(0),
        scripted.clock.environment(),
        first,
    )
    began = StapleEvent.WRITTEN if first is WakeReason.NOW else StapleEvent.YOUNG
    assert events == [began, StapleEvent.WRITTEN]


def test_reports_that_cannot_be_written_do_not_end_the_loop(tmp_path: Path) -> None:
    """The disk is full. A closed pipe ends it: nothing reads the reports any more."""
    scripted = ScriptedStapler(tmp_path, [reply(signed())])
    errors: list[OSError] = [
        OSError(28, "No space left on device"),
        OSError(5, "Input/output error"),
        BrokenPipeError(32, "Broken pipe"),
    ]
    waits: list[float] = []

    def tell(_: tuple[StapleReport, ...]) -> None:
        raise errors.pop(0)

    def wait(seconds: float) -> WakeReason:
        waits.append(seconds)
        return WakeReason.TIME

    with pytest.raises(BrokenPipeError):
        run_forever(scripted.stapler, tell, wait, scripted.clock.environment())
    assert len(waits) == 2
    assert scripted.staple.exists()


@pytest.mark.parametrize(
    ("number", "wake"),
    [(signal.SIGTERM, WakeReason.STOP), (signal.SIGHUP, WakeReason.NOW)],
)
def test_signals_end_the_wait(number: signal.Signals, wake: WakeReason) -> None:
    """Also a signal from before the wait; the old handlers are restored afterwards."""
    before = signal.getsignal(number)
    with signals() as wait:
        os.kill(os.getpid(), number)
        assert wait(60.0) is wake
        assert wait(0.0) is WakeReason.TIME
    assert signal.getsignal(number) is before
