"""
Keeping: step after step, until told to stop.

Rules of this file: the only one here that waits, and what waits is given. A signal
interrupts no step: it is looked at between two.
"""

from __future__ import annotations

import contextlib
import enum
import signal
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import FrameType

from ocsp.client.checking.state import Environment
from ocsp.stapling.report import StapleReport
from ocsp.stapling.stapler import Stapler

__all__ = ["Wait", "WakeReason", "run_forever", "signals"]

_LOOK = 600.0
"""Seconds after which certificates are read again, though it is not time to ask."""


class WakeReason(enum.Enum):
    """Why the waiting is over."""

    TIME = "time"
    """The time has passed."""

    NOW = "now"
    """Somebody wants all staples to be renewed now."""

    STOP = "stop"
    """Somebody wants it to end."""


Wait = Callable[[float], WakeReason]
"""Waits for so many seconds at most."""


def run_forever(
    stapler: Stapler,
    tell: Callable[[tuple[StapleReport, ...]], None],
    wait: Wait,
    environment: Environment,
    wake: WakeReason = WakeReason.TIME,
) -> None:
    """
    Take steps until *wait* returns ``Wake.STOP``; the first one at once.

    Args:
        stapler: What takes them; it is open.

        tell: Called with the reports of each step.

        wait: See :func:`signals`.

        environment: The clock of *stapler*.

        wake: ``Wake.NOW`` if the first step is to renew all staples.
    """
    while wake is not WakeReason.STOP:
        tell(stapler.step(now=wake is WakeReason.NOW))
        seconds = (stapler.next_at - environment.now()).total_seconds()
        wake = wait(min(max(seconds, 0.0), _LOOK))


@contextlib.contextmanager
def signals() -> Iterator[Wait]:
    """
    Return what waits for SIGTERM (stop) and SIGHUP (renew now), while the block runs.

    For the main thread only.

    Raises:
        ValueError: In another thread.
    """
    # A handler runs between any two steps of the interpreter, also where this thread
    # holds a lock; of all queues and events only this one may be touched there.
    woken: SimpleQueue[WakeReason] = SimpleQueue()
    wakes = {signal.SIGTERM: WakeReason.STOP, signal.SIGHUP: WakeReason.NOW}

    def handle(number: int, _: FrameType | None) -> None:
        woken.put(wakes[signal.Signals(number)])

    def wait(seconds: float) -> WakeReason:
        try:
            return woken.get(timeout=seconds)
        except Empty:
            return WakeReason.TIME

    before = {number: signal.signal(number, handle) for number in wakes}
    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
