"""
The messages of RFC 6960: objects and builders.

Loading checks the structure of a message. Nothing is verified.
"""

from __future__ import annotations

__all__: list[str] = []
