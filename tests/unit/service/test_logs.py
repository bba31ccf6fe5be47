"""The log: one line for each event, whatever its values; repetition is left out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.service.configuration.model import LogFormat, LogLevel, LogSettings
from ocsp.service.logs import RepeatFilter, configure_logging


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Give the root logger back its handlers and its level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def _logged(settings: LogSettings, *messages: str, **fields: Any) -> str:
    stream = io.StringIO()
    configure_logging(settings, "worker-1", stream)
    for message in messages:
        logging.getLogger("ocsp.test").warning("%s", message, extra={"fields": fields})
    return stream.getvalue()


@given(st.text(), st.dictionaries(st.sampled_from(["issuer", "signer"]), st.text()))
def test_a_line_of_json_has_all_values(message: str, fields: dict[str, str]) -> None:
    """Any text of a message and of its fields comes back, from one line."""
    written = _logged(LogSettings(format=LogFormat.JSON), message, **fields)
    assert written.count("\n") == 1
    line = json.loads(written)
    assert line.pop("time").endswith("Z")
    assert (
        line
        == {
            "level": "warning",
            "process": "worker-1",
            "logger": "ocsp.test",
            "message": message,
        }
        | fields
    )


@given(st.text())
def test_a_line_of_text_cannot_be_broken_or_control_a_terminal(message: str) -> None:
    """Line ends and escape sequences are escaped, and every value ends where it ends."""
    written = _logged(LogSettings(), message)
    assert written.endswith("\n")
    line = written[:-1]
    assert line.isprintable()
    _, _, value = line.partition(" message=")
    if value.startswith('"'):
        assert json.loads(value) == message
    else:
        assert value == message
        assert " " not in value


def test_the_level_and_exceptions() -> None:
    """Less severe lines are left out; an exception is in its line."""
    stream = io.StringIO()
    configure_logging(LogSettings(level=LogLevel.ERROR), "supervisor", stream)
    logging.getLogger("ocsp.test").warning("not written")
    try:
        raise ValueError("x")
    except ValueError:
        logging.getLogger("ocsp.test").exception("written")
    assert stream.getvalue().count("\n") == 1
    assert "not written" not in stream.getvalue()
    assert "Traceback (most recent call last)" in stream.getvalue()


def test_the_journal_gets_the_level_and_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable is JOURNAL_STREAM, by systemd; the journal reads ``<4>`` as *warning*."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    configure_logging(LogSettings(), "worker-1")
    logging.getLogger("ocsp.test").warning("a line")
    assert capsys.readouterr().err == (
        '<4>level=warning process=worker-1 logger=ocsp.test message="a line"\n'
    )


# --- repetition ---------------------------------------------------------------------


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _record(
    message: str, line: int = 1, name: str = "ocsp", level: int = logging.ERROR
) -> logging.LogRecord:
    return logging.LogRecord(name, level, "a.py", line, message, (), None)


def test_a_line_that_repeats_is_written_once_a_minute_with_a_count() -> None:
    """The first line after the minute says how many were left out."""
    clock = _Clock()
    repeated = RepeatFilter(clock)
    assert repeated.filter(_record("x"))
    for _ in range(1000):
        clock.now += 0.05
        assert not repeated.filter(_record("x"))
    clock.now += 20
    later = _record("x")
    assert repeated.filter(later)
    assert later.left_out == 1000  # type: ignore[attr-defined]


def test_lines_with_other_texts_from_one_place_are_limited() -> None:
    """Ten in a minute; another place of the program has ten of its own."""
    repeated = RepeatFilter(_Clock())
    written = [repeated.filter(_record(f"serial number {n}")) for n in range(1000)]
    assert sum(written) == 10
    assert repeated.filter(_record("elsewhere", line=2))


def test_lines_that_clients_cause_hide_no_error() -> None:
    """One place of the program can write lines of several levels: each has its limit."""
    repeated = RepeatFilter(_Clock())
    for number in range(1000):
        repeated.filter(_record(f"no record of {number}", level=logging.INFO))
    assert repeated.filter(_record("cannot read the status"))


@pytest.mark.parametrize("name", ["ocsp.access", "ocsp.service"])
def test_what_clients_cannot_cause_has_every_line(name: str) -> None:
    """The operator asked for each request, or for a reload."""
    repeated = RepeatFilter(_Clock())
    assert all(repeated.filter(_record("GET", name=name)) for _ in range(99))


def test_memory_does_not_grow_with_the_texts() -> None:
    """A client that causes a new text each time costs no memory."""
    repeated = RepeatFilter(_Clock())
    for number in range(10_000):
        repeated.filter(_record(f"{number}" * 10))
    (window,) = repeated._windows.values()
    assert len(window.written) == 10
