"""Keep status and signed answers in one SQLite file, for all processes of a machine."""

from __future__ import annotations

__all__: list[str] = []
