"""
Write the command reference in ``docs/cli.md`` from the commands themselves.

Run ``python -m tests.unit.cli.cli_reference`` after a help text has changed;
``test_cli_docs.py`` compares. The reference contains only what the commands pass to
click (names, metavars, help, defaults), so that it does not depend on click's release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocsp.cli.app import app
from ocsp.cli.styled import marked

DOCUMENT = Path(__file__).parents[3] / "docs" / "cli.md"
BLOCK = re.compile(
    r"<!-- reference: (?P<path>[a-z -]+) -->\n.*?<!-- end of reference -->", re.DOTALL
)


def commands() -> dict[str, Any]:
    """Return every command by its full name, groups included."""
    return dict(_walk("ocsp", app))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(f"{path} {name}", child)


def block(path: str, command: Any) -> str:
    """Return the reference of one command, in Markdown."""
    rows = [
        _row(parameter)
        for parameter in command.params
        if parameter.name not in {"install_completion", "show_completion"}
    ]
    parts = [
        f"<!-- reference: {path} -->",
        f"```\n{_usage(path, command)}\n```",
        plain(command.help),
        "\n".join(["| | |", "|---|---|", *rows]) if rows else "",
        f"```console\n{_end(command)}\n```" if command.epilog else "",
        "<!-- end of reference -->",
    ]
    return "\n\n".join(filter(None, parts))


def _usage(path: str, command: Any) -> str:
    words = [path, "[OPTIONS]"]
    words += [
        f"[{parameter.metavar}]"
        for parameter in command.params
        if parameter.param_type_name == "argument"
    ]
    if hasattr(command, "commands"):
        words.append("COMMAND")
    return " ".join(words)


def _row(parameter: Any) -> str:
    names = parameter.metavar
    if parameter.param_type_name == "option":
        value = "" if parameter.is_flag else f" {parameter.metavar}"
        names = ", ".join(parameter.opts) + value
        if parameter.secondary_opts:
            names += " / " + ", ".join(parameter.secondary_opts)
    notes = "Required." if parameter.required else ""
    if parameter.said.default:
        notes = f"Default `{parameter.said.default}`."
    names = names.replace("|", "\\|")  # a table needs the escape even in code
    return f"| `{names}` | {parameter.said.help} {notes}".rstrip() + " |"


def _end(command: Any) -> str:
    return plain(command.epilog)


def plain(text: str) -> str:
    """Return *text* without its marks."""
    return "".join(span.text for span in marked(text))


def rewritten(document: str) -> str:
    """Return *document* with every reference block up to date."""
    known = commands()
    return BLOCK.sub(lambda found: block(found["path"], known[found["path"]]), document)


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text()))
