"""What the commands do, where their help needs none of it."""

from __future__ import annotations

__all__: list[str] = []
