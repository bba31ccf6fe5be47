"""Keep the last lines of the log in memory, to show them on the admin port."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from itertools import islice

from ocsp import limits

__all__ = ["LogLines"]


class LogLines(logging.Handler):
    """
    A logging handler that keeps the last lines until a report takes them.

    It holds at most :data:`ocsp.limits.MAX_LOG_LINES` lines, and of each at most
    :data:`ocsp.limits.MAX_SHOWN_CHARACTERS` characters.
    """

    def __init__(self, process: str, level: int = logging.INFO) -> None:
        """
        Keep lines, with their time in UTC.

        Args:
            process: The name of this process, which each line has.

            level: The level below which lines are not kept.
        """
        super().__init__(level)
        formatter = logging.Formatter(
            "%(asctime)s %(levelname)s %(process_name)s %(name)s: %(message)s",
            defaults={"process_name": process},
        )
        formatter.converter = time.gmtime
        formatter.default_msec_format = ""
        self.setFormatter(formatter)
        self._lines: deque[str] = deque(maxlen=limits.MAX_LOG_LINES)
        self._guard = threading.Lock()  # records come from several threads

    def emit(self, record: logging.LogRecord) -> None:
        """Keep *record* as one line."""
        try:
            line = " ".join(self.format(record).split())
        except Exception:  # what a handler does if a record cannot be formatted
            self.handleError(record)
            return
        with self._guard:
            self._lines.append(line[: limits.MAX_SHOWN_CHARACTERS])

    def oldest(self, number: int) -> tuple[str, ...]:
        """Return the *number* oldest lines, or all if there are fewer."""
        with self._guard:
            return tuple(islice(self._lines, number))

    def drop(self, number: int) -> None:
        """Forget the *number* oldest lines, or all if there are fewer."""
        with self._guard:
            for _ in range(min(number, len(self._lines))):
                self._lines.popleft()
