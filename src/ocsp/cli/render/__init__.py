"""What the commands show: trees, tables, documents."""

from __future__ import annotations

__all__: list[str] = []
