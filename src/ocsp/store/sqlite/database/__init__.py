"""The SQLite file of a store: its tables, and connections that read and write it."""

from __future__ import annotations

__all__: list[str] = []
