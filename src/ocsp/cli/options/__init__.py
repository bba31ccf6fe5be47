"""The options that several commands share: one for each field of a settings class."""

from __future__ import annotations

__all__: list[str] = []
