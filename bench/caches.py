"""Empty the caches of the package, as they are in a new process."""

from __future__ import annotations

import sys

from ocsp import limits
from ocsp.asn1 import times

__all__ = ["empty_caches"]


def empty_caches() -> None:
    """Empty all caches: those that count octets, and those of single functions."""
    limits.MAX_ENTRIES = limits.MAX_ENTRIES  # a change of a limit clears the first
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "ocsp":
            for value in list(vars(module).values()):
                if clear := getattr(value, "cache_clear", None):
                    clear()
    for kept in (times.moments, times._older, times._hours, times._offsets):
        kept.clear()
