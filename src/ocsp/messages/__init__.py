"""
The messages of RFC 6960 as objects and builders.

Loading checks the structure of a message; nothing here is verified.
"""

from __future__ import annotations

__all__: list[str] = []
