"""
Store the status of certificates: implementations of ``StatusSource``.

The protocol and its values (:class:`ocsp.responder.StatusQuery`,
:class:`ocsp.responder.StatusRecord`) are defined in :mod:`ocsp.responder`.
"""

from __future__ import annotations

from ocsp.status.memory import MemorySource

__all__ = ["MemorySource"]
