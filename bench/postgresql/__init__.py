"""Measure what a node and the workers that sign ahead do with PostgreSQL."""

from __future__ import annotations

__all__: list[str] = []
