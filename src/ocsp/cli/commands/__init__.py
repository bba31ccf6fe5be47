"""The commands, one in each module."""

from __future__ import annotations

__all__: list[str] = []
