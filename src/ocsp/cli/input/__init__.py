"""The input of the commands: arguments, messages, certificates."""

from __future__ import annotations

__all__: list[str] = []
