"""The PostgreSQL database: its address, its connections, its schema."""

from __future__ import annotations

__all__: list[str] = []
