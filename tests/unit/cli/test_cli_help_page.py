"""The page of a help text: widths, columns and colours."""

from __future__ import annotations

import re

import pytest

from ocsp.cli import main
from ocsp.cli.styled import Span, drawn, marked, panel, width, wrapped
from tests.unit.cli.cli_reference import commands, plain

CODES = re.compile(r"\x1b\[[0-9;]*m")


def _help(path: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*path.split()[1:], "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 60, 80, 132])
@pytest.mark.parametrize(
    "path", ["ocsp", "ocsp check", "ocsp serve", "ocsp status log"]
)
def test_the_page_is_as_wide_as_the_terminal(
    path: str,
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No line is longer, every frame is closed, and no word of a help text is lost."""
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = _help(path, capsys)
    lines = shown.splitlines()
    assert max(map(len, lines)) == columns
    framed = [line for line in lines if line.startswith(("│", "╭", "╰"))]
    assert {(len(line), line[-1]) for line in framed} <= {
        (columns, "│"), (columns, "╮"), (columns, "╯"),
    }  # fmt: skip
    letters = re.sub(r"[\s│]", "", shown)
    command = commands()[path]
    for said in (each.said for each in command.params):
        assert len(said.help) == 0 or said.help.split()[0][:30] in letters
    for paragraph in str(command.help).split("\n\n"):
        assert re.sub(r"\s", "", plain(paragraph)) in letters


def test_a_narrower_terminal_gets_the_narrowest_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frames of fewer columns could not be read."""
    monkeypatch.setenv("COLUMNS", "10")
    assert max(map(len, _help("ocsp check", capsys).splitlines())) == 40


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)  # fmt: skip
def test_colours_are_those_that_the_user_wants(
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They carry no information: the characters are the same without them."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    uncoloured = _help("ocsp check", capsys)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = _help("ocsp check", capsys)
    assert bool(CODES.search(shown)) is coloured
    without = [line.rstrip() for line in CODES.sub("", shown).splitlines()]
    assert without == uncoloured.splitlines()


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code of wrong usage, for the program and for a group."""
    for path in ("ocsp", "ocsp status"):
        assert main(path.split()[1:]) == 4
        assert capsys.readouterr().out == _help(path, capsys)


def test_marks_give_styles() -> None:
    """Other text in brackets stays as it is."""
    assert marked("a [cyan]b[/cyan] [c] [dim]d[/dim]", "bold") == [
        Span("a ", "bold"),
        Span("b", "cyan"),
        Span(" [c] ", "bold"),
        Span("d", "dim"),
    ]


def test_lines_are_broken_at_spaces_or_else_anywhere() -> None:
    """Styles stay with their characters."""
    lines = wrapped([Span("ab cd", "bold"), Span("efghijk l")], 5)
    assert ["".join(span.text for span in line) for line in lines] == [
        "ab", "cdefg", "hijk", "l",
    ]  # fmt: skip
    assert lines[1] == [Span("cd", "bold"), Span("efg")]
    assert wrapped([], 5) == [[]]


def test_a_panel_is_drawn() -> None:
    """All its lines have the same width."""
    lines = list(panel("T", [[Span("ab", "bold")], []], 9))
    assert {width(line) for line in lines} == {9}
    assert drawn(lines, colour=False) == "╭─ T ───╮\n│ ab    │\n│       │\n╰───────╯\n"
    assert drawn([lines[1]], colour=True) == (
        "\x1b[2m│\x1b[0m \x1b[1mab\x1b[0m    \x1b[2m│\x1b[0m\n"
    )
