"""``ocsp status``: manage the status of certificates in a SQLite file."""

from __future__ import annotations

__all__: list[str] = []
