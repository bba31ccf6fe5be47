"""OCSPRequest (RFC 6960 §4.1): read, build, sign."""

from __future__ import annotations

__all__: list[str] = []
