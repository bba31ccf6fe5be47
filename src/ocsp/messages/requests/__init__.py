"""OCSPRequest (RFC 6960 §4.1): reading, building and signing."""

from __future__ import annotations

__all__: list[str] = []
