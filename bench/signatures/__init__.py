"""Measure building, signing and verifying, compared with the signatures alone."""

from __future__ import annotations

from bench.measure import Row
from bench.signatures import signing, verifying

__all__ = ["rows"]


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [*signing.rows(), *verifying.rows()]
