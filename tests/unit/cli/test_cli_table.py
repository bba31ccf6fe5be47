"""The table of commands says what the commands say, and imports none of them."""

from __future__ import annotations

import pytest

from ocsp.cli.app import app
from ocsp.cli.command import Group
from ocsp.cli.styled import marked
from tests.unit.cli.cli_reference import commands

GROUPS = {path: each for path, each in commands().items() if isinstance(each, Group)}


@pytest.mark.parametrize("path", sorted(GROUPS))
def test_the_summaries_are_those_of_the_commands(path: str) -> None:
    """The first paragraph of each help text; for a group, the whole text."""
    group = GROUPS[path]
    said = {name: str(each.help) for name, each in group.commands.items()}
    assert {name: help_.split("\n\n")[0] for name, help_ in said.items()} == (
        group.summaries
    )


def test_an_unknown_name_is_no_command() -> None:
    """It is looked up as in any mapping."""
    assert "chek" not in app.commands
    assert app.commands.get("chek") is None
    assert len(app.commands) == len(list(app.commands))


def test_texts_have_no_mark_without_an_end() -> None:
    """A mark that is not closed would colour the rest of the page."""
    for command in commands().values():
        for text in (command.help, command.epilog or ""):
            assert marked(text) == [] or marked(text)[-1].style == ""
