"""HTTP exchanges, and the addresses that the client may connect to."""

from __future__ import annotations

__all__: list[str] = []
