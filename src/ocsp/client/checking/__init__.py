"""The logic of one check, from the request to the outcome. It does no I/O."""

from __future__ import annotations

__all__: list[str] = []
