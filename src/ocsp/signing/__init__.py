"""Signing, and checking that a key has signed; without I/O."""

from __future__ import annotations

__all__: list[str] = []
