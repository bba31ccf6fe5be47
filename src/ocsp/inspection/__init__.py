"""
Show what a message contains: find it in text, and describe its fields.

Nothing is verified. The command line and the admin port show the same descriptions.
"""

from __future__ import annotations

__all__: list[str] = []
