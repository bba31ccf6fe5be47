"""One check of a certificate, from the request to the outcome; without I/O."""

from __future__ import annotations

__all__: list[str] = []
