"""The lint rules L1 to L7, by subject."""

from __future__ import annotations

__all__: list[str] = []
