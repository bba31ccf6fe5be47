"""
Run a stapler step by step until a signal stops it.

Only this module of the package waits, by a function that the caller passes. A signal
does not interrupt a step; it takes effect after the step.
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

_REREAD = 600.0
"""Seconds after which the certificates are read again, even if no staple is due."""


class WakeReason(enum.Enum):
    """Why a wait has ended."""

    TIME = "time"
    """The time has passed."""

    NOW = "now"
    """The user wants all staples to be renewed now."""

    STOP = "stop"
    """The user wants the process to stop."""


Wait = Callable[[float], WakeReason]
"""Waits for at most the given seconds and returns why the wait has ended."""


def run_forever(
    stapler: Stapler,
    tell: Callable[[tuple[StapleReport, ...]], None],
    wait: Wait,
    environment: Environment,
    wake: WakeReason = WakeReason.TIME,
) -> None:
    """
    Take steps until *wait* returns ``WakeReason.STOP``; the first step is immediate.

    Args:
        stapler: An open stapler.

        tell: Called with the reports of each step. If it cannot write them, for
            example because the disk is full, the loop goes on.

        wait: Waits between two steps; see :func:`signals`.

        environment: The environment (clock) that *stapler* uses.

        wake: ``WakeReason.NOW`` if the first step must renew all staples.
    """
    while wake is not WakeReason.STOP:
        reports = stapler.step(now=wake is WakeReason.NOW)
        try:
            tell(reports)
        except BrokenPipeError:
            raise  # the reader of the reports has ended, so the command ends too
        except OSError:
            pass  # a full disk must not end what keeps the staples fresh
        seconds = (stapler.next_at - environment.now()).total_seconds()
        wake = wait(min(max(seconds, 0.0), _REREAD))


@contextlib.contextmanager
def signals() -> Iterator[Wait]:
    """
    Yield a function that waits for SIGTERM (stop) and SIGHUP (renew now).

    Only the main thread can handle signals.

    Raises:
        ValueError: If called in another thread.
    """
    # A handler may run while this thread holds a lock. SimpleQueue is the only queue
    # that is reentrant, so that a handler may use it.
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
