"""Replies of HTTP servers: read by httptools, with content that is bounded."""

from __future__ import annotations

__all__: list[str] = []
