"""Responses with many entries, as some CAs sign them for whole batches."""

from __future__ import annotations

import random
from functools import cache

from bench.corpora.authorities import authority

__all__ = ["with_entries"]


@cache
def with_entries(entries: int, count: int) -> tuple[bytes, ...]:
    """Return *count* responses with so many *entries*, which differ in all values."""
    chosen = random.Random(f"{entries} entries")
    each = [authority(f"many {n}", delegates=int(n == 0)) for n in range(4)]
    return tuple(each[n % len(each)].respond(chosen, entries) for n in range(count))
