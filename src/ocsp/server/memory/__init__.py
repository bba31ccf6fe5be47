"""Answers in memory: which are kept, and until when they are right."""

from __future__ import annotations

__all__: list[str] = []
