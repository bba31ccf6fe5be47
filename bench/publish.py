"""
Run ``python -m bench.publish [JSON]``: write what the documentation shows.

It writes the section of README.md, the table of docs/benchmarks.md and the two plots.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.results.chart import DARK, LIGHT, draw
from bench.results.document import Document, read_document
from bench.results.markdown import DARK_PLOT, LIGHT_PLOT, all_rows, replaced, summary

__all__ = ["RESULTS", "made", "main"]

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.json"


def made(document: Document, root: Path = ROOT) -> dict[Path, str]:
    """Return the files with their new content."""
    readme, page = root / "README.md", root / "docs" / "benchmarks.md"
    return {
        readme: replaced(readme.read_text(), summary(document)),
        page: replaced(page.read_text(), all_rows(document)),
        root / LIGHT_PLOT: draw(document, LIGHT),
        root / DARK_PLOT: draw(document, DARK),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m bench.publish")
    parser.add_argument("results", nargs="?", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    for path, text in made(read_document(options.results)).items():
        path.write_text(text)
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
