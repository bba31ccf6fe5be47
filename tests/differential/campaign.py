"""A campaign: many mutations, two readers, and an explanation for each difference."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from cryptography.x509 import ocsp as original

import ocsp
from tests.differential.compare import disagreements, read
from tests.differential.corpus import corpus
from tests.differential.mutate import mutate
from tests.differential.rules import explain

__all__ = ["Tally", "examine", "run"]


@dataclass
class Tally:
    """The counts of a campaign."""

    documents: int = 0
    accepted: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of *other*."""
        self.documents += other.documents
        self.accepted += other.accepted
        self.rules += other.rules
        self.unexplained += other.unexplained


def examine(
    tally: Tally, kind: str, how: str, data: bytes, package: ModuleType = ocsp
) -> None:
    """Read *data* with ``cryptography`` and with *package*, and count the results."""
    theirs, ours = read(original, kind, data), read(package, kind, data)
    tally.documents += 1
    tally.accepted += "load" not in theirs
    differing = disagreements(theirs, ours)
    if not differing:
        return
    rule = explain(data, theirs, ours, differing)
    if rule is not None:
        tally.rules[rule.name] += 1
        return
    first = differing[0]
    tally.unexplained.append(
        f"{kind}, {how}: {differing}\n  original: {theirs.get(first)!r}\n"
        f"  here:     {ours.get(first)!r}\n  {base64.b64encode(data).decode()}"
    )


def run(count: int, seed: int, progress: Callable[[], object] = lambda: None) -> Tally:
    """
    Examine *count* mutations that follow from *seed*.

    Args:
        count: How many.

        seed: Where all choices come from.

        progress: Called after each hundred.
    """
    rng = random.Random(seed)
    seeds = corpus()
    tally = Tally()
    for number in range(count):
        kind, name, data = rng.choice(seeds)
        how, changed = mutate(rng, data, rng.choice(seeds)[2])
        examine(tally, kind, f"{how} of {name} (seed {seed}, {number})", changed)
        if number % 100 == 99:
            progress()
    return tally
