"""Apply the rules to one response, in order."""

from __future__ import annotations

__all__: list[str] = []
