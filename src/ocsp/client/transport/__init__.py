"""One HTTP exchange, and the addresses that it may connect to."""

from __future__ import annotations

__all__: list[str] = []
