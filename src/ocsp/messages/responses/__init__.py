"""OCSPResponse (RFC 6960 §4.2): reading, building and signing."""

from __future__ import annotations

__all__: list[str] = []
