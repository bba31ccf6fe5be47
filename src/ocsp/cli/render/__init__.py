"""The output of the commands: trees, tables, JSON documents."""

from __future__ import annotations

__all__: list[str] = []
