"""The pages for people, rendered on the server, without JavaScript."""

from __future__ import annotations

__all__: list[str] = []
