"""``docs/stapling.md`` says what is: units, commands, variables.

The configurations of servers, and the examples in Python, run in
``tests/integration/test_staple_servers.py``.
"""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest
import typer

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
    """Let the command line read *words*, and run nothing."""
    command = typer.main.get_command(app).commands["staple"]  # type: ignore[attr-defined]
    with command.make_context("staple", words):
        pass


def test_there_is_a_service_and_a_timer() -> None:
    """Otherwise the test below would prove nothing."""
    assert [Path(unit.splitlines()[0]).suffix for unit in UNITS] == [
        ".service",
        ".timer",
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_well_formed(unit: str) -> None:
    """Sections and keys of systemd, each once."""
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
def test_commands_can_be_given(command: str) -> None:
    """With the options that there are."""
    words = shlex.split(command, comments=True)[2:]
    if words and words[0].startswith("/"):
        _command(words)


def test_some_commands_were_read() -> None:
    """Otherwise the test above would prove nothing."""
    assert sum(" /etc/ssl" in command for command in COMMANDS) >= 4


def test_the_variables_of_the_hook_are_all_there() -> None:
    """And no other ones."""
    assert set(re.findall(r"OCSP_STAPLE_[A-Z_]+", TEXT)) == VARIABLES
