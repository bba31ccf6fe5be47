"""Read what a request asks for: from which authority, how, and who asks."""

from __future__ import annotations

__all__: list[str] = []
