"""``docs/cli.md`` contains the help texts of the commands."""

from __future__ import annotations

import re

import pytest

from ocsp.cli import main
from tests.unit.cli.cli_reference import DOCUMENT, commands, rewritten


def test_the_reference_is_current() -> None:
    """If it is not, run ``python -m tests.unit.cli.cli_reference``."""
    document = DOCUMENT.read_text()
    assert rewritten(document) == document


def test_every_command_is_in_the_reference() -> None:
    """Groups and their commands are in the reference too."""
    document = DOCUMENT.read_text()
    missing = [
        path for path in commands() if f"<!-- reference: {path} -->" not in document
    ]
    assert missing == []


@pytest.mark.parametrize("path", sorted(commands()))
def test_every_command_has_help_with_examples_and_exit_codes(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group other than ``ocsp`` refers to its commands instead."""
    assert main([*path.split()[1:], "--help"]) == 0
    shown = capsys.readouterr().out
    if not hasattr(commands()[path], "commands") or path == "ocsp":
        assert "Examples" in shown
        assert "Exit codes" in shown


@pytest.mark.parametrize("path", sorted(commands()))
@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_help_shows_no_type_of_python(
    path: str,
    columns: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A flag is shown as a flag, not as ``--nonce <bool>``."""
    monkeypatch.setenv("COLUMNS", columns)
    assert main([*path.split()[1:], "--help"]) == 0
    assert re.findall(r"<[a-z]+(?:\[[a-z]+\])?>", capsys.readouterr().out) == []
