"""Making and verifying signatures, without I/O."""

from __future__ import annotations

__all__: list[str] = []
