"""
Mutants that survive for a reason, from ``survivors.toml``.

A reason applies only to the mutants that it lists.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FILE", "Survivors"]

FILE = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivors:
    """Reasons, by the ids of mutants."""

    reasons: dict[str, str]
    """Why no test can detect the mutant."""

    @classmethod
    def read(cls, path: Path = FILE) -> Survivors:
        """
        Read the file.

        Raises:
            ValueError: If a reason is missing, or a mutant is listed twice.
        """
        reasons: dict[str, str] = {}
        for group in tomllib.loads(path.read_text())["survivors"]:
            if not group["reason"].strip():
                raise ValueError(f"no reason for {group['mutants']}")
            for mutant in group["mutants"]:
                if mutant in reasons:
                    raise ValueError(f"listed twice: {mutant}")
                reasons[mutant] = group["reason"]
        return cls(reasons)

    def reason(self, mutant: str) -> str:
        """Return the reason of a mutant, or nothing."""
        return self.reasons.get(mutant, "")

    def of(self, modules: set[str]) -> set[str]:
        """Return the ids of all that are listed for *modules*."""
        return {each for each in self.reasons if each.partition(":")[0] in modules}
