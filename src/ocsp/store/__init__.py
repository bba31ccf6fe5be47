"""
Store the status of certificates and signed answers.

:class:`SQLiteStore` is one file, for all processes on one machine.
:class:`ocsp.store.postgresql.PostgreSQLStore` is a database for any number of machines.
"""

from __future__ import annotations

from ocsp.store.address import DatabaseAddress
from ocsp.store.claim import Claim
from ocsp.store.events import Action, Event, ImportSummary, PruneSummary
from ocsp.store.migrating import Migration, Pass
from ocsp.store.opening import (
    open_store,
    partition_issuer,
    renew_identity,
    upgrade_store,
)
from ocsp.store.sqlite.copies import Restored, backup, restore
from ocsp.store.sqlite.store import SQLiteStore
from ocsp.store.store import Store
from ocsp.store.values import (
    CertificateRow,
    Change,
    Entry,
    ImportedBatch,
    LateReader,
    NewChanges,
    Pruned,
    StatusCounts,
    StoredIssuer,
)

__all__ = [
    "Action",
    "CertificateRow",
    "Change",
    "Claim",
    "DatabaseAddress",
    "Entry",
    "Event",
    "ImportSummary",
    "ImportedBatch",
    "LateReader",
    "Migration",
    "NewChanges",
    "Pass",
    "PruneSummary",
    "Pruned",
    "Restored",
    "SQLiteStore",
    "StatusCounts",
    "Store",
    "StoredIssuer",
    "backup",
    "open_store",
    "partition_issuer",
    "renew_identity",
    "restore",
    "upgrade_store",
]
