"""Answer with verified copies of what other machines have signed."""

from __future__ import annotations

__all__: list[str] = []
