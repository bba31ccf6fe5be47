"""What a client keeps in memory from one check to the next, bounded in octets."""

from __future__ import annotations

__all__: list[str] = []
