"""What time does to a responder: clocks that are wrong, and answers that have ended."""

from __future__ import annotations

__all__: list[str] = []
