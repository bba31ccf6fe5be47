"""The version number, which the build and ``ocsp --version`` read from here."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
