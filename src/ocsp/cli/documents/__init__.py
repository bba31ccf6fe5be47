"""
The JSON documents that commands write, as types.

The commands make them, a type checker checks that, and the schemas in ``docs/schemas``
are made of them.
"""

from __future__ import annotations

__all__: list[str] = []
