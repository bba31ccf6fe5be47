"""Run ``python -m bench``: measure, print the table, and check the targets."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from bench import client, growing, reading, signatures, starting
from bench.measure import Row
from bench.results import circumstances
from bench.results.document import Document, Result, Run, read_document
from bench.results.table import table

__all__ = ["main", "measured"]

WIDTH = 124
"""The minimal width of the table in columns, for output that is not a terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that the command line asks for."""
    options = _options(arguments)
    chosen = [row for row in _rows() if options.only in _name(row)]
    if not chosen:
        print(f"error: no row contains {options.only!r}", file=sys.stderr)
        return 4
    if options.list:
        print("\n".join(f"{_name(row)} [{row.repeated}]" for row in chosen))
        return 0
    document = Document(
        date=circumstances.date(),
        revision=circumstances.revision(),
        machine=circumstances.machine(),
        runs=[measured(chosen, options.rounds)],
    )
    if options.compiled:
        document.runs.extend(_compiled(options))
    if options.json:
        document.write(options.json)
    console = Console()
    console.width = max(console.width, WIDTH)
    for run in document.runs:
        console.print(table(run))
    missed = any(result.met is False for run in document.runs for result in run.results)
    failed = any(run.failed for run in document.runs)
    failed |= options.compiled is not None and len(document.runs) < 2
    return 1 if failed or (options.check and missed) else 0


def _rows() -> list[Row]:
    groups = (reading, signatures, client, growing, starting)
    return [row for group in groups for row in group.rows()]


def _name(row: Row) -> str:
    return f"{row.group}: {row.what} / {row.peer}"


def measured(rows: Iterable[Row], rounds: int) -> Run:
    """Measure *rows*; a row that fails does not cost the others."""
    compiled = circumstances.is_compiled()
    results: list[Result] = []
    failed: dict[str, str] = {}
    for row in rows:
        start = time.monotonic()
        try:
            pair = row.measure(rounds)
        except Exception as error:  # whatever a row or a peer raises
            failed[_name(row)] = f"{type(error).__name__}: {error}"
            said = f"failed: {failed[_name(row)]}"
        else:
            results.append(Result.of(row, pair, compiled=compiled))
            said = f"{pair.ratio:.2f}"
        taken = time.monotonic() - start
        print(f"{_name(row)}: {said} ({taken:.1f} s)", file=sys.stderr)
    return Run(
        package="compiled" if compiled else "pure",
        versions=circumstances.versions(),
        results=results,
        failed=failed,
    )


def _compiled(options: argparse.Namespace) -> list[Run]:
    """Measure the same rows in a process that imports the compiled package."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compiled.json"
        command = [sys.executable, "-m", "bench", "--json", str(path)]
        command += ["--only", options.only, "--rounds", str(options.rounds)]
        paths = [str(options.compiled), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(each for each in paths if each)
        }
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        runs = read_document(path).runs if path.exists() else []
    if any(run.package == "compiled" for run in runs):
        return runs
    print(f"error: no compiled package in {options.compiled}", file=sys.stderr)
    return []


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--only", default="", metavar="TEXT", help="run only rows that contain this")
    add("--rounds", type=int, default=40, help="ratios of a row; some take fewer")
    add("--json", type=Path, metavar="FILE", help="write the results to FILE")
    add("--list", action="store_true", help="print the rows, and what they repeat")
    add(
        "--compiled",
        type=Path,
        metavar="FOLDER",
        help="measure the compiled package in FOLDER too",
    )
    add("--check", action="store_true", help="exit with 1 if a target is missed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
