"""Choices that follow from a seed: the usual value, or seldom another one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")


class Dice(random.Random):
    """A source of choices."""

    def __init__(self, seed: str, oddness: float = 0.06) -> None:
        super().__init__(seed)
        self.oddness = oddness
        """How often :meth:`usually` returns another value."""

    def usually(self, value: T, *others: T) -> T:
        """Return *value*, or seldom one of *others*."""
        return self.choice(others) if others and self.chance(self.oddness) else value

    def chance(self, part: float) -> bool:
        """Return whether it happens, in this part of all cases."""
        return self.random() < part

    def some(self, values: Sequence[T]) -> tuple[T, ...]:
        """Return some of *values*, in any order; often none or one."""
        count = self.choice((0, 0, 0, 1, 1, 2, 3))
        return tuple(self.sample(values, min(count, len(values))))
