"""Run ``python -m bench.compare OLD NEW``: show what changed between two runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from bench.results.document import read_document
from bench.results.table import changes

__all__ = ["main"]

WIDTH = 124
"""The minimal width of the table in columns, for output that is not a terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Show the rows of both documents, and which ratios changed."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare")
    parser.add_argument("old", type=Path, help="the JSON of the earlier run")
    parser.add_argument("new", type=Path, help="the JSON of the later run")
    options = parser.parse_args(arguments)
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(changes(read_document(options.old), read_document(options.new)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
