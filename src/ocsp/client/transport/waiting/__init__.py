"""
Wait for sockets in an event loop: in asyncio directly, in other event loops with AnyIO.

Both ways promise the same: they go through the event loop at least once, so that a fast
server cannot hold it, they raise ``TimeoutError`` when the time is up, and they can be
cancelled.
"""

from __future__ import annotations

__all__: list[str] = []
