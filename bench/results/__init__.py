"""Keep, show and compare results."""

from __future__ import annotations

__all__: list[str] = []
