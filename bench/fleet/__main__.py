"""Print the tables of docs/scaling.md, or write them there with ``--write``."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.fleet.parameters import read_parameters
from bench.fleet.tables import TABLES, filled

__all__ = ["PAGE", "main"]

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parameters = read_parameters()
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text("utf-8"), parameters), "utf-8")
        return
    for table in TABLES.values():
        print("\n".join(table(parameters)), end="\n\n")


if __name__ == "__main__":
    main()
