"""
The long campaign: ``python -m tests.campaigns --cases 1000000``.

Exit code 1 if a case fails. ``--case`` repeats one.
"""

from __future__ import annotations

import argparse
import os
import secrets
import time
from collections import defaultdict

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.campaigns.campaign import Case, Tally, plan, run_case
from tests.campaigns.processes import run_chunks
from tests.campaigns.targets import TARGETS

CHUNK = 250
SHOWN = 20
"""Failures of one target that are shown."""


def main() -> int:
    """Run the campaign, print its results, and return the exit code."""
    options = _options()
    console = Console()
    chosen = options.target or list(TARGETS)
    if options.case is not None:
        last = Case(chosen[0], options.seed, options.case)
        return _repeat(console, last, options.first)
    chunks = plan(options.cases, options.seed, CHUNK, chosen)
    count = sum(chunk.size for chunk in chunks)
    console.print(f"seed {options.seed}, {count:,} cases")
    tallies: dict[str, Tally] = defaultdict(Tally)
    began = time.monotonic()
    with Progress(console=console) as progress:
        task = progress.add_task("", total=count)

        def report(target: str, done: int, tally: Tally) -> None:
            for failure in tally.failures[: SHOWN - len(tallies[target].failures)]:
                console.print(failure, markup=False, highlight=False, soft_wrap=True)
            tallies[target].add(tally)
            progress.update(task, description=target, advance=done)

        run_chunks(chunks, options.processes, report)
    console.print(_table(tallies))
    seconds = time.monotonic() - began
    console.print(f"{count:,} cases in {seconds:.0f} s, {count / seconds:.0f} a second")
    return 1 if any(tally.failures for tally in tallies.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.campaigns", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--case", type=int, help="repeat this one")
    parser.add_argument("--first", type=int, help="with --case: begin with this one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _repeat(console: Console, last: Case, first: int | None) -> int:
    """Repeat one case, after those before it from *first* on."""
    tally = Tally()
    for number in range(last.number if first is None else first, last.number + 1):
        run_case(last._replace(number=number), tally)
    for text in (*tally.failures, *tally.results):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 1 if tally.failures else 0


def _table(tallies: dict[str, Tally]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name, side in (("target", "left"), ("cases", "right"), ("failures", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("what came of them")
    for target, tally in tallies.items():
        results = tally.results.most_common(8)
        table.add_row(
            target,
            f"{tally.results.total():,}",
            f"{len(tally.failures):,}",
            ", ".join(f"{result} {count:,}" for result, count in results),
        )
    return table


if __name__ == "__main__":
    raise SystemExit(main())
