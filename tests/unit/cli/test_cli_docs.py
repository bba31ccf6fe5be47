"""``docs/cli.md`` contains the help texts of the commands."""

from __future__ import annotations

import re
import shlex

import pytest

from ocsp.cli import main
from tests.unit.cli.cli_reference import DOCUMENT, commands, plain, rewritten


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


@pytest.mark.parametrize("path", sorted(commands()))
def test_the_help_fits_into_80_columns(path: str) -> None:
    """A longer line would be broken where a shell does not continue it."""
    command = commands()[path]
    assert "\n" not in command.help.replace("\n\n", "")
    lines = plain(command.epilog or "").splitlines()
    assert [line for line in lines if len(line) > 78] == []


@pytest.mark.parametrize("path", sorted(commands()))
def test_the_examples_of_the_help_use_options_that_exist(path: str) -> None:
    """A shell reads each example as one command, also one that needs several lines."""
    text = plain(commands()[path].epilog or "")
    examples = text.partition("Exit codes")[0].replace("\\\n", " ").splitlines()
    typed = [line for line in examples if line and not line.startswith(("  #", "E"))]
    for command in (each for line in typed for each in line.split(" | ")):
        words = shlex.split(command)
        names = [
            name for name in commands() if words[: len(name.split())] == name.split()
        ]
        parameters = commands()[names[-1]].params if names else []
        options = {each for parameter in parameters for each in parameter.opts}
        if words[0] == "ocsp":
            assert {word for word in words if word.startswith("--")} <= options
