"""The line that ``ocsp --version`` prints. This module imports nothing else."""

from __future__ import annotations

from ocsp._version import __version__

__all__ = ["version_line"]


def version_line() -> str:
    """Return the name of the program and its version."""
    return f"ocsp {__version__}"
