"""``ocsp demo``: a CA, a responder and its clients."""

from __future__ import annotations

__all__: list[str] = []
