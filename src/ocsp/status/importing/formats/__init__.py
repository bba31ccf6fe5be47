"""The formats that can be imported: each reader gives rows, and what is odd."""

from __future__ import annotations

__all__: list[str] = []
