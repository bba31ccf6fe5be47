"""STARTTLS: agree with a server, in its own protocol, that TLS begins now."""

from __future__ import annotations

__all__: list[str] = []
