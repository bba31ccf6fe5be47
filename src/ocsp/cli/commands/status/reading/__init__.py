"""The commands of ``ocsp status`` that only read the file."""

from __future__ import annotations

__all__: list[str] = []
