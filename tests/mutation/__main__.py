"""
``make mutate``, or ``python -m tests.mutation verification.rules.signer verification.case`` for some modules.

Exit code 1 if a mutant survives without a written reason, or a reason is obsolete.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from importlib import import_module
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import ocsp
from tests.mutation.mutants import Mutant, modules_in, mutants_of
from tests.mutation.process import PACKAGE, Outcome, Session
from tests.mutation.survivors import Survivors

FOLDER = Path(ocsp.__file__).parent

MODULES = (
    *modules_in(FOLDER, "verification"),
    "asn1.ber",
    "asn1.name_comparison",
    "errors.verification",
    "messages.tolerant_reader",
    "signing.issued",
)
"""Everything that decides whether a response or a CRL is accepted."""


def main() -> int:
    """Run the tests on every mutant, print the results and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="all, if none")
    chosen = parser.parse_args().modules or MODULES
    if unknown := set(chosen) - set(MODULES):
        parser.error(
            f"not among the modules that are changed: {', '.join(sorted(unknown))}"
        )
    mutants = [mutant for module in chosen for mutant in mutants_of_module(module)]
    console, survivors = Console(), Survivors.read()
    outcomes: dict[Mutant, Outcome] = {}
    with Progress(console=console) as progress:
        task = progress.add_task("mapping tests to lines", total=len(mutants))

        def report(mutant: Mutant, outcome: Outcome) -> None:
            outcomes[mutant] = outcome
            if outcome is Outcome.SURVIVED and not survivors.reason(mutant.id):
                _say(console, f"{mutant.module}:{mutant.line} survived: {mutant.id}")
            progress.update(task, description=mutant.module)
            progress.advance(task)

        Session(mutants, report).run()
    return _report(console, outcomes, survivors)


def mutants_of_module(module: str) -> list[Mutant]:
    """Return the mutants of *module*, a dotted name below the package."""
    loaded = import_module(f"{PACKAGE}.{module}")
    path = FOLDER / f"{module.replace('.', '/')}.py"
    return mutants_of(module, path.read_text(), vars(loaded))


def _report(
    console: Console, outcomes: dict[Mutant, Outcome], survivors: Survivors
) -> int:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    obsolete = survivors.of({mutant.module for mutant in outcomes})
    for mutant, outcome in outcomes.items():
        name = outcome.value
        if outcome is Outcome.SURVIVED and survivors.reason(mutant.id):
            obsolete.discard(mutant.id)
            name = EXPLAINED
        counts[mutant.module].update(("mutants", name))
    console.print(_table(counts))
    for each in sorted(obsolete):
        _say(console, f"obsolete reason; the mutant is killed or gone: {each}")
    survived = sum(count[SURVIVED] for count in counts.values())
    return 1 if survived or obsolete else 0


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


EXPLAINED = "explained"
SURVIVED = Outcome.SURVIVED.value
COLUMNS = ("mutants", "killed", "timeout", EXPLAINED, SURVIVED)


def _table(counts: dict[str, Counter[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("module")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    whole: Counter[str] = Counter()
    for module, count in counts.items():
        table.add_row(module, *(str(count[name]) for name in COLUMNS))
        whole += count
    table.add_section()
    table.add_row("all", *(str(whole[name]) for name in COLUMNS))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
