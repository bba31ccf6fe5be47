"""Write what README and the documentation say about the results."""

from __future__ import annotations

import textwrap

from bench.results.document import Document, Result
from bench.results.headlines import HEADLINES, WEB_MIX
from bench.results.table import amount

__all__ = ["DARK_PLOT", "LIGHT_PLOT", "all_rows", "replaced", "summary"]

BEGIN, END = "<!-- bench: begin, made by make bench-publish -->", "<!-- bench: end -->"

COLUMNS = 120
"""The width of the lines of text."""

LIGHT_PLOT, DARK_PLOT = "docs/_static/bench-light.svg", "docs/_static/bench-dark.svg"


def summary(document: Document) -> str:
    """Return the sentences, the plot and the table of README."""
    lines = [
        _sentence(document),
        "",
        "<picture>",
        f'<source media="(prefers-color-scheme: dark)" srcset="{DARK_PLOT}">',
        f'<img alt="Ratios of CPU time, as in the table" src="{LIGHT_PLOT}">',
        "</picture>",
        "",
        f"| what | beside | {_columns(document)} | target |",
        f"|---|---|{'--:|' * len(document.runs)}--:|",
    ]
    for headline in HEADLINES:
        found = _found(document, headline.name)
        cells = [headline.text, headline.beside, *map(_ratio, found), _target(found)]
        if any(found):
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _circumstances(document)])


def _sentence(document: Document) -> str:
    """Say first what is true for the traffic of a client that meets many CAs."""
    said = [
        f"{_READERS[run.package]} {result.ratio:.2f} times"
        for run in document.runs
        if (result := run.find(WEB_MIX))
    ]
    return textwrap.fill(
        f"For the responses of 150 CAs, {', and '.join(said)} the CPU time of the"
        " reader of `cryptography` in Rust.",
        COLUMNS,
    )


_READERS = {
    "pure": "the reader in pure Python takes",
    "compiled": "the compiled reader",
}


def all_rows(document: Document) -> str:
    """Return a table of all rows, with what they repeat."""
    lines = [
        _circumstances(document),
        "",
        f"| what | beside | repeated | ours | peer | {_columns(document)} | target |",
        f"|---|---|---|--:|--:|{'--:|' * len(document.runs)}--:|",
    ]
    for first in document.runs[0].results:
        found = _found(document, first.name)
        cells = [
            f"{first.group}: {first.what}",
            first.peer,
            first.repeated,
            amount(first.ours, first.unit),
            amount(first.beside, first.unit),
            *map(_spread, found),
            _target(found),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _found(document: Document, name: str) -> list[Result | None]:
    return [run.find(name) for run in document.runs]


def _columns(document: Document) -> str:
    return " | ".join(run.package for run in document.runs)


def _ratio(result: Result | None) -> str:
    if result is None:
        return "–"
    missed = ", missed" if result.met is False else ""
    return f"{result.ratio:.2f}{missed}"


def _spread(result: Result | None) -> str:
    if result is None:
        return "–"
    return f"{_ratio(result)} ({result.low:.2f} – {result.high:.2f})"


def _target(found: list[Result | None]) -> str:
    """Return the targets of all packages; one if they are the same."""
    targets = [each.target for each in found if each and each.target is not None]
    return " / ".join(f"≤ {target:.3g}" for target in dict.fromkeys(targets))


def _circumstances(document: Document) -> str:
    machine, versions = document.machine, document.runs[0].versions
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return textwrap.fill(
        f"Measured on {document.date} with revision {document.revision}: {named};"
        f" {machine['processor']}, {machine['cores']} cores, {machine['system']}.",
        COLUMNS,
    )


def replaced(text: str, made: str) -> str:
    """
    Return *text* with *made* between its two marks.

    Raises:
        ValueError: If a mark is missing.
    """
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the text does not have {BEGIN} and then {END}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"
