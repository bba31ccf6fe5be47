"""Commands for operators of responders: probe them, and examine them."""

from __future__ import annotations

__all__: list[str] = []
