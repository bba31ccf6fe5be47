"""What the commands read: arguments, messages, certificates."""

from __future__ import annotations

__all__: list[str] = []
