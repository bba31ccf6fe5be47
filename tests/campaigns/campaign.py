"""A campaign: cases by target and number, and what came of them."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.campaigns.invariants import Violation
from tests.campaigns.material.dice import Dice
from tests.campaigns.targets import TARGETS

__all__ = ["Case", "Chunk", "Tally", "plan", "run_case"]


class Case(NamedTuple):
    """
    One case.

    Attributes:
        target: The name of its target.

        seed: The seed of the campaign.

        number: Its number.
    """

    target: str
    seed: int
    number: int

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return (
            f"python -m tests.campaigns --target {self.target} --seed {self.seed}"
            f" --case {self.number}"
        )


class Chunk(NamedTuple):
    """Cases of one target with successive numbers."""

    target: str
    seed: int
    first: int
    size: int


@dataclass
class Tally:
    """What came of the cases of one target."""

    results: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of *other*."""
        self.results += other.results
        self.failures += other.failures


def run_case(case: Case, tally: Tally) -> None:
    """Run *case* and count what came of it; an error of the target itself counts too."""
    dice = Dice(f"{case.seed} {case.target} {case.number}")
    try:
        tally.results[TARGETS[case.target].run(dice)] += 1
    except Violation as violation:
        tally.results["violation"] += 1
        tally.failures.append(f"{case.command}\n  {violation}")
    except Exception:
        tally.results["error"] += 1
        tally.failures.append(f"{case.command}\n{traceback.format_exc()}")


def plan(count: int, seed: int, size: int, chosen: list[str]) -> list[Chunk]:
    """
    Share *count* cases among the targets, in chunks of at most *size*.

    All targets begin early, and end together.
    """
    whole = sum(TARGETS[name].share for name in chosen)
    chunks: list[tuple[float, Chunk]] = []
    for name in chosen:
        wanted = max(count * TARGETS[name].share // whole, 1)
        for first in range(0, wanted, size):
            chunk = Chunk(name, seed, first, min(size, wanted - first))
            chunks.append((first / wanted, chunk))
    return [chunk for _, chunk in sorted(chunks)]
