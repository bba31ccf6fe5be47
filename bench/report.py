"""Format the results: a table for people, JSON for programs."""

from __future__ import annotations

import platform
from typing import Any

import cryptography
from rich import box
from rich.table import Table
from rich.text import Text

import ocsp
from bench.measure import Pair, Row

__all__ = ["document", "missed", "table"]

Results = list[tuple[Row, Pair]]


def missed(row: Row, pair: Pair) -> bool:
    """Return whether *row* has a target that was not reached."""
    return row.target is not None and pair.ratio > row.target


def table(results: Results) -> Table:
    """Return the table: CPU microseconds for one call, and their ratio."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=_title())
    for name in ("what", "compared with"):
        shown.add_column(name, no_wrap=True)
    for name in ("ours", "peer", "ratio", "target"):
        shown.add_column(name, justify="right", no_wrap=True)
    group = results[0][0].group
    for row, pair in results:
        if row.group != group:
            shown.add_section()
        shown.add_row(
            f"{row.group} {row.what}",
            row.peer,
            _microseconds(pair.ours),
            _microseconds(pair.peer),
            Text(f"{pair.ratio:.3f}", style="bold"),
            _verdict(row, pair),
        )
        group = row.group
    return shown


def _microseconds(number: float) -> str:
    return f"{number / 1000:.1f} ms" if number >= 10_000 else f"{number:.2f}"


def _verdict(row: Row, pair: Pair) -> Text:
    if row.target is None:
        return Text("")
    style, word = ("red", "missed") if missed(row, pair) else ("green", "met")
    return Text(f"≤ {row.target:g} {word}", style=style)


def _title() -> str:
    return (
        f"ocsp {ocsp.__version__} and cryptography {cryptography.__version__}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def document(results: Results) -> dict[str, Any]:
    """Return the results as plain values."""
    return {
        "title": _title(),
        "rows": [
            {
                "group": row.group,
                "what": row.what,
                "peer": row.peer,
                "ours_us": pair.ours,
                "peer_us": pair.peer,
                "ratio": pair.ratio,
                "target": row.target,
                "met": None if row.target is None else not missed(row, pair),
            }
            for row, pair in results
        ],
    }
