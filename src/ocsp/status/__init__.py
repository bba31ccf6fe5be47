"""
Store the status of certificates: implementations of ``StatusSource``.

The protocol and its values (:class:`ocsp.responder.StatusQuery`,
:class:`ocsp.responder.StatusRecord`) are defined in :mod:`ocsp.responder`.
"""

from __future__ import annotations

from ocsp.status.canned import CannedFiles, RefusedFile, load_canned_answers
from ocsp.status.memory import MemorySource

__all__ = [
    "CannedFiles",
    "MemorySource",
    "RefusedFile",
    "load_canned_answers",
]
