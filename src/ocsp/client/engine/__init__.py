"""Effects and the drivers that run a flow: in threads, or in asyncio tasks."""

from __future__ import annotations

__all__: list[str] = []
