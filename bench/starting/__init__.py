"""Measure what a program takes before it does anything."""

from __future__ import annotations

from bench.measure import Row
from bench.starting import commands, importing

__all__ = ["rows"]


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [*importing.rows(), *commands.rows()]
