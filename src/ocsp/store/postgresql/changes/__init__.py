"""Changes of the certificates in a store: of their status, and of which there are."""

from __future__ import annotations

__all__: list[str] = []
