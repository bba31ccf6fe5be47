"""
The checks of an examination, by what they are about.

Each module has tuples of checks; :mod:`ocsp.conformance.table` joins them.
"""

from __future__ import annotations

__all__: list[str] = []
