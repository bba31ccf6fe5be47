"""The client: ask responders, verify what they answer, remember it."""

from __future__ import annotations

__all__: list[str] = []
