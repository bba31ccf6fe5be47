"""
Store the status of certificates and signed answers.

:class:`SQLiteStore` is one file, for all processes on one machine.
"""

from __future__ import annotations

from ocsp.store.rows import CertificateRow, Change, Entry, Event, StoredIssuer
from ocsp.store.sqlite_store import SQLiteStore

__all__ = [
    "CertificateRow",
    "Change",
    "Entry",
    "Event",
    "SQLiteStore",
    "StoredIssuer",
]
