"""
Read the status of certificates from files, and notice their changes.

A file that was replaced is read again, and one that was deleted is not available: a
source never answers from what a file was.
"""

from __future__ import annotations

__all__: list[str] = []
