"""The rules V1 to V29 about a response; each function cites its clause."""

from __future__ import annotations

__all__: list[str] = []
