"""Tell HTTP caches which answers a change of status has made wrong."""

from __future__ import annotations

__all__: list[str] = []
