"""Run ``python -m bench``: measure, print the table, and check the targets."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.progress import track

from bench import (
    asking,
    attacking,
    handshaking,
    importing,
    reading,
    signing,
    verifying,
)
from bench.report import document, missed, table

__all__ = ["main"]

WIDTH = 124
"""The minimal width of the table in columns, for output that is not a terminal."""


def main() -> int:
    """Run the benchmarks that the command line asks for."""
    options = _options()
    groups = (reading, signing, verifying, attacking, asking, handshaking, importing)
    rows = [row for group in groups for row in group.rows()]
    rows = [row for row in rows if options.only in f"{row.group} {row.what} {row.peer}"]
    if not rows:
        print(f"error: no row contains {options.only!r}", file=sys.stderr)
        return 4
    errors = Console(stderr=True)
    results = [
        (row, row.measure(options.rounds))
        for row in track(rows, "measuring", console=errors, transient=True)
    ]
    if options.json:
        print(json.dumps(document(results), indent=2))
    else:
        console = Console()
        console.width = max(console.width, WIDTH)
        console.print(table(results))
    failed = [row for row, pair in results if missed(row, pair)]
    return 1 if options.check and failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="run only rows that contain this")
    parser.add_argument("--rounds", type=int, default=60, help="pairs of batches")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if a target is missed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
