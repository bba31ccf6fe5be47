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

from ocsp.client.checking.state import World
from ocsp.stapling.report import StapleReport
from ocsp.stapling.stapler import Stapler

__all__ = ["Wait", "Wake", "keep", "signals"]

_LOOK = 600.0
"""Seconds after which certificates are read again, though it is not time to ask."""


class Wake(enum.Enum):
    """Why the waiting is over."""

    TIME = "time"
    """The time has passed."""

    NOW = "now"
    """Somebody wants all staples to be renewed now."""

    STOP = "stop"
    """Somebody wants it to end."""


Wait = Callable[[float], Wake]
"""Waits for so many seconds at most."""


def keep(
    stapler: Stapler,
    tell: Callable[[tuple[StapleReport, ...]], None],
    wait: Wait,
    world: World,
    wake: Wake = Wake.TIME,
) -> None:
    """
    Take steps until *wait* returns ``Wake.STOP``; the first one at once.

    Args:
        stapler: What takes them; it is open.

        tell: Called with the reports of each step.

        wait: See :func:`signals`.

        world: The clock of *stapler*.

        wake: ``Wake.NOW`` if the first step is to renew all staples.
    """
    while wake is not Wake.STOP:
        tell(stapler.step(now=wake is Wake.NOW))
        seconds = (stapler.next_at - world.now()).total_seconds()
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
    woken: SimpleQueue[Wake] = SimpleQueue()
    wakes = {signal.SIGTERM: Wake.STOP, signal.SIGHUP: Wake.NOW}

    def handle(number: int, _: FrameType | None) -> None:
        woken.put(wakes[signal.Signals(number)])

    def wait(seconds: float) -> Wake:
        try:
            return woken.get(timeout=seconds)
        except Empty:
            return Wake.TIME

    before = {number: signal.signal(number, handle) for number in wakes}
    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
