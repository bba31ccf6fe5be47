"""
Where the status of certificates comes from: implementations of ``StatusSource``.

The protocol and its values (:class:`ocsp.responder.StatusQuery`,
:class:`ocsp.responder.StatusRecord`) belong to :mod:`ocsp.responder`, which asks them.
"""

from __future__ import annotations

from ocsp.status.memory import MemorySource
from ocsp.status.sqlite import SQLiteSource

__all__ = ["MemorySource", "SQLiteSource"]
