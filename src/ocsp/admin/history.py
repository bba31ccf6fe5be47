"""Remember how many responses the responder sent in each of the last minutes."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from ocsp.metrics import Totals
from ocsp.metrics.table import RESPONSES

__all__ = ["History", "Minute"]

MINUTES = 180
"""How many minutes the history and its plot have."""


class Minute(NamedTuple):
    """
    The responses of one minute.

    Attributes:
        time: The minute, counted since 1970.

        answers: Responses with the status *successful*.

        errors: All others.
    """

    time: int
    answers: int
    errors: int


class History:
    """The responses of the last three hours, by minute."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque(maxlen=MINUTES)
        self._last = (0, 0)

    def sample(self, totals: Totals, now: float) -> None:
        """
        Add what was counted since the last call to the minute of *now*.

        Args:
            totals: The counters of all processes.

            now: The time in seconds since 1970.
        """
        counted = _responses(totals)
        new = [
            present - past for present, past in zip(counted, self._last, strict=True)
        ]
        self._last = counted
        time = int(now) // 60
        if self._minutes and self._minutes[-1].time >= time:
            # Also if the clock went back: a count is never lost.
            last = self._minutes.pop()
            time, new = last.time, [last.answers + new[0], last.errors + new[1]]
        self._minutes.append(Minute(time, *new))

    def minutes(self, now: float) -> list[Minute]:
        """Return the last minutes, oldest first; those without a count have zeros."""
        known = {minute.time: minute for minute in self._minutes}
        last = max(int(now) // 60, *known) if known else int(now) // 60
        return [
            known.get(time, Minute(time, 0, 0))
            for time in range(last - MINUTES + 1, last + 1)
        ]


def _responses(totals: Totals) -> tuple[int, int]:
    """Return how many successful and other responses there were since the start."""
    answers = errors = 0
    for (_, status, _), number in totals.counters(RESPONSES).items():
        if status == "successful":
            answers += int(number)
        else:
            errors += int(number)
    return answers, errors
