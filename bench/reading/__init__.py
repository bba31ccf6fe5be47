"""
Measure reading: load messages, read their fields, keep many of them.

``tbs_response_bytes`` and ``signature`` are among the ten fields only. The five fields
are what a program needs that trusts its source: both statuses, serial number and times.
"""

from __future__ import annotations

from bench.measure import Row
from bench.reading import holding, one, traffic

__all__ = ["rows"]


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [*one.rows(), *traffic.rows(), *holding.rows()]
