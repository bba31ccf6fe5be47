"""
The results of a run, as values and as JSON.

A document holds the results of one or two packages: of the sources in pure Python, and
of the compiled ones. It names what the figures depend on: machine, versions, date and
revision.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.measure import Pair, Row

__all__ = ["FORMAT", "Document", "Result", "Run", "read_document"]

FORMAT = 1
"""The version of the form of the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    A row and its result.

    Attributes:
        group: As in :class:`bench.measure.Row`, and so are the next four.

        what: The work.

        repeated: What occurs again, and what does not.

        peer: The peer.

        unit: The unit of *ours* and *beside*.

        ours: The median of this package.

        beside: The median of the peer.

        ratio: The median of the ratios.

        low: Their first quartile.

        high: Their third quartile.

        rounds: How many there are.

        target: The largest ratio that meets the target, or ``None``.
    """

    group: str
    what: str
    repeated: str
    peer: str
    unit: str
    ours: float
    beside: float
    ratio: float
    low: float
    high: float
    rounds: int
    target: float | None

    @classmethod
    def of(cls, row: Row, pair: Pair, *, compiled: bool) -> Self:
        """Return what *pair* says about *row*."""
        own = compiled and row.compiled is not None
        return cls(
            group=row.group,
            what=row.what,
            repeated=row.repeated,
            peer=row.peer,
            unit=row.unit,
            ours=_rounded(pair.ours),
            beside=_rounded(pair.peer),
            ratio=_rounded(pair.ratio),
            low=_rounded(pair.low),
            high=_rounded(pair.high),
            rounds=pair.rounds,
            target=row.compiled if own else row.target,
        )

    @property
    def name(self) -> str:
        """What identifies the row."""
        return f"{self.group}: {self.what} / {self.peer}"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; ``None`` if there is none."""
        return None if self.target is None else self.ratio <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    The results of one package.

    Attributes:
        package: ``pure`` or ``compiled``.

        versions: The versions of the libraries and of Python.

        results: The results.

        failed: What rows failed with, by their names.
    """

    package: str
    versions: dict[str, str]
    results: list[Result]
    failed: dict[str, str]

    def find(self, name: str) -> Result | None:
        """Return the result with the *name*, or ``None``."""
        return next((each for each in self.results if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    The results of a run.

    Attributes:
        date: When it began, in UTC.

        revision: The revision of the sources; with ``+`` if they have been changed.

        machine: What the machine is.

        runs: The results of each package.
    """

    date: str
    revision: str
    machine: dict[str, str]
    runs: list[Run]

    def run(self, package: str) -> Run | None:
        """Return the results of *package*, or ``None``."""
        return next((each for each in self.runs if each.package == package), None)

    def write(self, path: Path) -> None:
        """Write JSON to *path*."""
        content = {"format": FORMAT, **dataclasses.asdict(self)}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_document(path: Path) -> Document:
    """
    Read JSON.

    Raises:
        ValueError: If its form has another version.
    """
    content: dict[str, Any] = json.loads(path.read_text())
    if (version := content.pop("format")) != FORMAT:
        raise ValueError(f"{path} has the form {version}, not {FORMAT}: measure again")
    runs = [
        Run(**{**run, "results": [Result(**each) for each in run["results"]]})
        for run in content.pop("runs")
    ]
    return Document(**content, runs=runs)


def _rounded(number: float) -> float:
    """Return *number* with four digits: more say nothing."""
    return float(f"{number:.4g}")
