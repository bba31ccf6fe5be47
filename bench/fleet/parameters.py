"""Read what was measured and what is assumed: ``parameters.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Assumption", "Measurement", "Parameters", "read_parameters"]

FILE = Path(__file__).with_name("parameters.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """
    One measured cost.

    Attributes:
        value: The figure.

        unit: Its unit.

        what: What was measured.

        command: The command that measures it, in the checkout.

        row: The line of its output that has the figure.
    """

    value: float
    unit: str
    what: str
    command: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """
    A figure that depends on the operator or the clients, and cannot be measured here.

    Attributes:
        value: The figure.

        unit: Its unit.

        what: What is assumed.

        why: Why this figure.
    """

    value: float
    unit: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """
    All figures by name: ``parameters["hot"]``.

    Attributes:
        measured: Those that were measured.

        assumed: The others.
    """

    measured: dict[str, Measurement]
    assumed: dict[str, Assumption]

    def __getitem__(self, name: str) -> float:
        return (self.measured.get(name) or self.assumed[name]).value

    def with_measured(self, values: dict[str, float]) -> Parameters:
        """Return these figures with other *values* for some of the measured ones."""
        changed = {
            name: replace(self.measured[name], value=value)
            for name, value in values.items()
        }
        return Parameters(self.measured | changed, self.assumed)


def read_parameters(file: Path = FILE) -> Parameters:
    """Read *file*."""
    read = tomllib.loads(file.read_text("utf-8"))
    return Parameters(
        {name: Measurement(**each) for name, each in read["measured"].items()},
        {name: Assumption(**each) for name, each in read["assumed"].items()},
    )
