"""
Store the status of certificates and signed answers.

:class:`SQLiteStore` is one file, for all processes on one machine.
"""

from __future__ import annotations

from ocsp.store.changes.importing import ImportedBatch
from ocsp.store.changes.pruning import Pruned
from ocsp.store.copies import Restored, backup, restore, upgrade
from ocsp.store.database.acknowledgement import LateReader
from ocsp.store.database.rows import (
    CertificateRow,
    Change,
    Entry,
    Event,
    StatusCounts,
    StoredIssuer,
)
from ocsp.store.sqlite_store import SQLiteStore

__all__ = [
    "CertificateRow",
    "Change",
    "Entry",
    "Event",
    "ImportedBatch",
    "LateReader",
    "Pruned",
    "Restored",
    "SQLiteStore",
    "StatusCounts",
    "StoredIssuer",
    "backup",
    "restore",
    "upgrade",
]
