"""
The long campaign: ``python -m tests.differential --count 1000000``.

Exit code 1 if any disagreement is unexplained.
"""

from __future__ import annotations

import argparse
import secrets
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.console import Console
from rich.progress import track

from tests.differential.campaign import Tally, run

CHUNK = 5_000


def main() -> int:
    """Run the campaign, print its result, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.differential", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="mutations")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    console = Console()
    console.print(f"seed {options.seed}, {options.count:,} mutations")
    total = Tally()
    with ProcessPoolExecutor() as pool:
        chunks = [
            pool.submit(run, min(CHUNK, options.count - start), options.seed + start)
            for start in range(0, options.count, CHUNK)
        ]
        done = as_completed(chunks)
        for chunk in track(done, total=len(chunks), console=console):
            total.add(chunk.result())
    _report(console, total)
    return 1 if total.unexplained else 0


def _report(console: Console, total: Tally) -> None:
    console.print(f"{total.documents:,} documents, {total.accepted:,} accepted")
    for rule, count in total.rules.most_common():
        console.print(f"  explained by {rule}: {count:,}")
    for text in total.unexplained[:20]:
        console.print(text, markup=False, soft_wrap=True)
    console.print(f"{len(total.unexplained):,} unexplained disagreements")


if __name__ == "__main__":
    raise SystemExit(main())
