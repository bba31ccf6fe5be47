"""The line that ``ocsp --version`` prints. This module imports nothing else."""

from __future__ import annotations

from ocsp._compiled import compiled
from ocsp._version import __version__

__all__ = ["version_line"]


def version_line() -> str:
    """Return the name of the program, its version, and the kind of its modules."""
    return f"ocsp {__version__} ({'compiled' if compiled else 'pure Python'})"
