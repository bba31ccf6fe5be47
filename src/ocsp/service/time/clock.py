"""
Find out whether the clock of the machine is synchronised (RFC 9919 §5).

A responder needs an accurate clock: clients reject answers from their future, and use
answers for too long if the clock is ahead. A clock that is not synchronised is a
warning, because a machine without a network can be right all the same.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["WARNING", "is_synchronised"]

WARNING = (
    "the clock of this machine is not synchronised: clients reject answers if it is"
    " wrong; start a time service such as systemd-timesyncd or chrony"
)
"""What to write in the log."""

_TIMEX_BYTES = 512
"""More than ``struct timex`` has on any system. All zero: change nothing."""

_TIME_ERROR = 5
"""The state of a clock that is not synchronised (adjtimex(2))."""


def is_synchronised() -> bool | None:
    """Return whether a time service keeps the clock; ``None`` if it is not known."""
    if sys.platform != "linux":
        return None
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else bool(state != _TIME_ERROR)
