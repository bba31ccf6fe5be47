"""Show results as tables in a terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from bench.results.document import Document, Result, Run

__all__ = ["amount", "changes", "table"]


def table(run: Run) -> Table:
    """Return the results of a package: medians, ratio with quartiles, target."""
    versions = run.versions
    shown = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"ocsp {versions['ocsp']}, {run.package}, and cryptography "
        f"{versions['cryptography']}, Python {versions['Python']}",
    )
    for name in ("what", "beside"):
        shown.add_column(name, overflow="fold")
    for name in ("ours", "peer", "ratio", "quartiles", "target"):
        shown.add_column(name, justify="right", no_wrap=True)
    group = ""
    for result in run.results:
        if result.group != group:
            shown.add_section()
        group = result.group
        shown.add_row(
            f"{group}: {result.what}",
            result.peer,
            amount(result.ours, result.unit),
            amount(result.beside, result.unit),
            Text(f"{result.ratio:.2f}", style="bold"),
            f"{result.low:.2f} – {result.high:.2f}",
            _verdict(result),
        )
    return shown


def amount(number: float, unit: str) -> str:
    """Return *number* with its unit; microseconds as milliseconds if there are many."""
    if unit == "exponent":
        return f"{number:.2f}"
    if unit == "µs":
        return f"{number / 1000:.1f} ms" if number >= 10_000 else f"{number:.2f} µs"
    return f"{number:,.0f} {unit}"


def _verdict(result: Result) -> Text:
    if result.target is None:
        return Text("")
    style, word = ("green", "met") if result.met else ("red", "missed")
    return Text(f"≤ {result.target:.3g} {word}", style=style)


# --- two documents ---------------------------------------------------------------


def changes(old: Document, new: Document) -> Table:
    """
    Return what changed from *old* to *new*.

    A change counts if the quartiles of the two do not overlap.
    """
    shown = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"{old.revision} of {old.date}, and {new.revision} of {new.date}",
    )
    shown.add_column("what", overflow="fold")
    for name in ("old", "new", "change", ""):
        shown.add_column(name, justify="right", no_wrap=True)
    for run in new.runs:
        shown.add_section()
        before = old.run(run.package)
        for result in run.results:
            earlier = before.find(result.name) if before else None
            shown.add_row(f"{run.package} {result.name}", *_change(earlier, result))
    return shown


def _change(old: Result | None, new: Result) -> tuple[str, str, str, Text]:
    if old is None:
        return "–", f"{new.ratio:.2f}", "", Text("new")
    factor = new.ratio / old.ratio if old.ratio else 1.0
    if new.high < old.low:
        verdict = Text("faster", style="green")
    elif new.low > old.high:
        verdict = Text("slower", style="red")
    else:
        verdict = Text("")
    return f"{old.ratio:.2f}", f"{new.ratio:.2f}", f"{factor - 1:+.0%}", verdict
