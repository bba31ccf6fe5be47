"""
The log of a responder: one line for each event, on standard error.

* A line is JSON, or ``key=value`` pairs. Values from certificates and requests cannot
  break a line or control a terminal.
* A line that clients can cause is written once a minute, with the number of those left
  out.
* Without the setting ``access``, no line has the address of a client or what it asked.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from ocsp.service.configuration.model import LogFormat, LogSettings

__all__ = ["RepeatFilter", "configure_logging"]

WINDOW_SECONDS = 60.0
"""The time in which a repeated line is written once."""

MAX_LINES_IN_WINDOW = 10
"""How many different lines of one level one place of the program writes in that time.
Clients can cause lines of the level *info*, which must not use up those of errors."""

_WRITTEN_ALWAYS = frozenset({"ocsp.access", "ocsp.service"})
"""Loggers without a limit: requests, if the operator wants a line for each, and what
the supervisor does, which no client can cause."""

_PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""The levels of syslog (RFC 5424 §6.2.1), which the journal of systemd reads."""


def configure_logging(
    settings: LogSettings,
    process: str,
    stream: TextIO | None = None,
    *further: logging.Handler,
) -> None:
    """
    Write the log as *settings* say, in place of what was configured before.

    Args:
        settings: The table ``log`` of the configuration.

        process: The name of this process, for each line.

        stream: Where to write; standard error by default.

        further: Handlers that get the same lines.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    for_journal = stream is None and "JOURNAL_STREAM" in os.environ
    handler.setFormatter(_formatter(settings.format, process, for_journal=for_journal))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    for each in (handler, *further):
        each.filters = [RepeatFilter()]
        root.addHandler(each)
    root.setLevel(settings.level.upper())
    # It writes a line for each step of its start and stop.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # It warns of each connection that cannot be made; its callers say so once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


# --- lines --------------------------------------------------------------------------


class _Formatter(logging.Formatter):
    """Makes one line of a record; subclasses write its fields."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if left_out := getattr(record, "left_out", 0):
            fields["left_out"] = left_out
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return self._line(fields, record.levelno)

    @staticmethod
    def _time(record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z"

    def _line(self, fields: Mapping[str, Any], level: int) -> str:
        raise NotImplementedError


class _JSONLines(_Formatter):
    def _line(self, fields: Mapping[str, Any], level: int) -> str:  # noqa: ARG002
        return json.dumps(fields, default=str)


class _TextLines(_Formatter):
    def _line(self, fields: Mapping[str, Any], level: int) -> str:  # noqa: ARG002
        return " ".join(f"{name}={_text(value)}" for name, value in fields.items())


class _JournalLines(_Formatter):
    """The journal adds the time, and reads the level from the beginning of the line."""

    def _line(self, fields: Mapping[str, Any], level: int) -> str:
        shown = {name: value for name, value in fields.items() if name != "time"}
        pairs = " ".join(f"{name}={_text(value)}" for name, value in shown.items())
        return f"<{_PRIORITIES.get(level, 4)}>{pairs}"


def _formatter(
    kind: LogFormat, process: str, *, for_journal: bool
) -> logging.Formatter:
    if kind is LogFormat.JSON:
        return _JSONLines(process)
    return _JournalLines(process) if for_journal else _TextLines(process)


def _text(value: object) -> str:
    """Return *value* as one word, in quotes if it is not one."""
    text = str(value)
    if text.isascii() and text.isprintable() and text and not set(text) & set(' "=\\'):
        return text
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1]
        for character in json.dumps(text, ensure_ascii=False)
    )


# --- repetition ---------------------------------------------------------------------


@dataclass(slots=True)
class _Window:
    """What one place of the program wrote on one level since *begin*."""

    begin: float
    written: set[str] = field(default_factory=set)
    left_out: int = 0


class RepeatFilter(logging.Filter):
    """
    Leaves out lines that repeat, and lines that come too fast from one place.

    The memory that it needs does not depend on the content of lines: there is one entry
    for each place in the program that writes to the log, and each level.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Measure time with *clock*, in seconds."""
        super().__init__()
        self._clock = clock
        self._windows: dict[tuple[str, int, int], _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write *record*, and note in it how many were left out."""
        if record.name in _WRITTEN_ALWAYS:
            return True
        place = (record.pathname, record.lineno, record.levelno)
        now, text = self._clock(), record.getMessage()
        window = self._windows.get(place)
        if window is None or now - window.begin >= WINDOW_SECONDS:
            record.left_out = 0 if window is None else window.left_out
            self._windows[place] = _Window(now, {text})
            return True
        if text in window.written or len(window.written) >= MAX_LINES_IN_WINDOW:
            window.left_out += 1
            return False
        window.written.add(text)
        return True
