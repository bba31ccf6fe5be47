"""
Store the status of certificates and signed answers.

:class:`SQLiteStore` is one file, for all processes on one machine.
"""

from __future__ import annotations

from ocsp.store.sqlite.copies import Restored, backup, restore, upgrade
from ocsp.store.sqlite.store import SQLiteStore
from ocsp.store.store import Store
from ocsp.store.values import (
    CertificateRow,
    Change,
    Entry,
    Event,
    ImportedBatch,
    LateReader,
    NewChanges,
    Pruned,
    StatusCounts,
    StoredIssuer,
)

__all__ = [
    "CertificateRow",
    "Change",
    "Entry",
    "Event",
    "ImportedBatch",
    "LateReader",
    "NewChanges",
    "Pruned",
    "Restored",
    "SQLiteStore",
    "StatusCounts",
    "Store",
    "StoredIssuer",
    "backup",
    "restore",
    "upgrade",
]
