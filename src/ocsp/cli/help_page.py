"""
The help of a command as a page: usage, text, a panel for each kind of parameter, end.

The page uses the width of the terminal. Where options and their values leave too little
room, their help stands below them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping

import click

from ocsp.cli.parameters import HelpedArgument, HelpedOption, Said
from ocsp.cli.styled import Line, Span, marked, panel, width, wrapped

__all__ = ["page"]

_LEAST_COLUMNS = 40
"""The width of the page on a terminal that is narrower: no less can be read."""

_LEAST_HELP = 28
"""Columns for the help of a parameter, or it is shown below the parameter."""

_GAP = Span("  ")


def page(command: click.Command, context: click.Context) -> Iterator[Line]:
    """Return the lines of the help of *command*."""
    columns = max(shutil.get_terminal_size().columns, _LEAST_COLUMNS)
    yield []
    usage = " ".join(command.collect_usage_pieces(context))
    yield from _paragraph(
        [
            Span("Usage: ", "bold yellow"),
            Span(f"{context.command_path} {usage}", "bold"),
        ],
        columns,
    )
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        yield []
        yield from _paragraph(marked(paragraph, "dim" if number else ""), columns)
    yield []
    for title, rows in _panels(command, context).items():
        yield from panel(title, _table(rows, columns - 4), columns)
    if command.epilog:
        yield []
        yield from _end(command.epilog, columns)


def _paragraph(line: Line, columns: int) -> Iterator[Line]:
    for each in wrapped(line, columns - 2):
        yield [Span(" "), *each]


def _end(text: str, columns: int) -> Iterator[Line]:
    """Return the examples and exit codes, whose lines and indents are kept."""
    for line in text.split("\n"):
        if len(line) < columns:
            yield [Span(" "), *marked(line)]
            continue
        indent = Span(" " * (1 + len(line) - len(line.lstrip())))
        for each in wrapped(marked(line.lstrip()), columns - 1 - len(indent.text)):
            yield [indent, *each]


# --- rows -----------------------------------------------------------------------------

_Row = tuple[Line, Line, Line]
"""The name, the metavar, and the help of a parameter or command."""


def _panels(command: click.Command, context: click.Context) -> Mapping[str, list[_Row]]:
    """Return the rows of the page by the titles of their panels, in order."""
    panels: dict[str, list[_Row]] = {"Arguments": [], "Options": []}
    for parameter in command.get_params(context):
        title = "Arguments" if isinstance(parameter, click.Argument) else "Options"
        said = _said(parameter)
        panels.setdefault(said.panel or title, []).append(_row(parameter, said))
    summaries: Mapping[str, str] = getattr(command, "summaries", {})
    panels["Commands"] = [
        ([Span(name, "bold cyan")], [], marked(summary))
        for name, summary in summaries.items()
    ]
    return {title: rows for title, rows in panels.items() if rows}


def _said(parameter: click.Parameter) -> Said:
    """Return what the help says about *parameter*: ``--help`` is click's own."""
    if isinstance(parameter, HelpedArgument | HelpedOption):
        return parameter.said
    return Said(str(getattr(parameter, "help", "")))


def _row(parameter: click.Parameter, said: Said) -> _Row:
    text = marked(said.help)
    if said.default:
        text.append(Span(f" [default: {said.default}]", "dim"))
    if isinstance(parameter, click.Argument):
        name, metavar = [Span(str(parameter.metavar))], []
    else:
        name = _option_names(parameter)
        metavar = [Span(parameter.metavar, "bold yellow")] if parameter.metavar else []
    if parameter.required:
        text.append(Span(" [required]", "dim red"))
        name = [Span("*", "red"), Span(" "), *name]
    return name, metavar, text


def _option_names(option: click.Parameter) -> Line:
    names: Line = []
    for each in sorted(option.opts, key=len, reverse=True):
        style = "bold cyan" if each.startswith("--") else "bold green"
        names += [Span(", "), Span(each, style)] if names else [Span(each, style)]
    for each in option.secondary_opts:
        names += [Span(" / "), Span(each, "bold magenta")]
    return names


def _table(rows: Iterable[_Row], columns: int) -> Iterator[Line]:
    """Return *rows* in columns; what does not fit is shown below."""
    rows = list(rows)
    names = max(width(name) for name, _, _ in rows)
    metavars = max(width(metavar) for _, metavar, _ in rows)
    left = names + (metavars + 2 if metavars else 0) + 2
    beside = columns - left >= _LEAST_HELP
    for name, metavar, text in rows:
        head = [*name, Span(" " * (names - width(name)))]
        if metavars:
            head += [_GAP, *metavar, Span(" " * (metavars - width(metavar)))]
        if beside:
            first, *others = wrapped(text, columns - left)
            yield [*head, _GAP, *first]
            yield from ([Span(" " * left), *each] for each in others)
        else:
            yield from wrapped([*name, _GAP, *metavar], columns)
            yield from ([Span("    "), *each] for each in wrapped(text, columns - 4))
