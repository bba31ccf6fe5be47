"""The rules V1 to V26 for a response; each function names its rule."""

from __future__ import annotations

__all__: list[str] = []
