"""Test that the units, commands and variables in ``docs/stapling.md`` are correct.

The server configurations and the Python examples run in
``tests/integration/test_staple_servers.py``.
"""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest

from ocsp.cli.app import app
from tests.integration.web_servers import DOCUMENT
from tests.unit.stapling.test_hook import VARIABLES

TEXT = DOCUMENT.read_text()
UNITS = re.findall(r"<!-- tested: systemd -->\n```ini\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"\bocsp staple [^`\n]*", TEXT)
KEYS = {
    "Unit": {"Description", "Wants", "After"},
    "Service": {
        "ExecStart", "ExecReload", "Restart", "NoNewPrivileges", "ProtectSystem",
        "ReadWritePaths", "ProtectHome", "PrivateTmp",
    },
    "Timer": {"OnBootSec", "OnUnitActiveSec", "RandomizedDelaySec"},
    "Install": {"WantedBy"},
}  # fmt: skip
"""From systemd.unit(5), systemd.service(5), systemd.exec(5) and systemd.timer(5)."""


def _command(words: list[str]) -> None:
    """Parse *words* as arguments of ``ocsp staple``, without running it."""
    command = app.commands["staple"]  # type: ignore[attr-defined]
    with command.make_context("staple", words):
        pass


def test_the_page_has_a_service_and_a_timer() -> None:
    """Otherwise the test below would prove nothing."""
    assert [Path(unit.splitlines()[0]).suffix for unit in UNITS] == [
        ".service",
        ".timer",
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_well_formed(unit: str) -> None:
    """Each section and key is known to systemd and occurs once."""
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    for section in parser.sections():
        assert set(parser[section]) <= KEYS[section]
    if "Service" in parser:
        program, name, *words = shlex.split(parser["Service"]["ExecStart"])
        assert (program, name) == ("/usr/local/bin/ocsp", "staple")
        _command(words)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_parsed(command: str) -> None:
    """Their options exist."""
    words = shlex.split(command, comments=True)[2:]
    if words and words[0].startswith("/"):
        _command(words)


def test_the_page_has_commands() -> None:
    """Otherwise the test above would prove nothing."""
    assert sum(" /etc/ssl" in command for command in COMMANDS) >= 4


def test_the_page_lists_exactly_the_variables_of_the_hook() -> None:
    """The hook sets these variables and no others."""
    assert set(re.findall(r"OCSP_STAPLE_[A-Z_]+", TEXT)) == VARIABLES
