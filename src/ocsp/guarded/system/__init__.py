"""What changes the system: writing files, and running other programs, both bounded."""

from __future__ import annotations

__all__: list[str] = []
