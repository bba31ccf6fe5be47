"""Measure the client: answers from memory, from the network and in a file; attacks."""

from __future__ import annotations

from bench.client import asking, attacking, checking, handshaking, storing
from bench.measure import Row

__all__ = ["rows"]


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        *checking.rows(),
        *asking.rows(),
        *storing.rows(),
        *handshaking.rows(),
        *attacking.rows(),
    ]
