"""
Read the status of certificates: implementations of ``StatusSource``.

The protocol and its values (:class:`ocsp.responder.StatusQuery`,
:class:`ocsp.responder.StatusRecord`) are defined in :mod:`ocsp.responder`. The usual
place of status is a :class:`ocsp.store.SQLiteStore`; the sources here are for status
that a CA keeps elsewhere.
"""

from __future__ import annotations

from ocsp.status.by_issuer import by_issuer
from ocsp.status.canned import CannedFiles, RefusedFile, load_canned_answers
from ocsp.status.crl import CRLDownloads, CRLSource, NotInCRL
from ocsp.status.files.directory_source import DirectorySource
from ocsp.status.files.index_source import IndexSource
from ocsp.status.foreign import ForeignResponders, LastExchange
from ocsp.status.memory import MemorySource
from ocsp.status.sql.source import SQLSource
from ocsp.status.wrappers import (
    BoundedSource,
    CachedSource,
    ChainSource,
    LocalChainSource,
)

__all__ = [
    "BoundedSource",
    "CRLDownloads",
    "CRLSource",
    "CachedSource",
    "CannedFiles",
    "ChainSource",
    "DirectorySource",
    "ForeignResponders",
    "IndexSource",
    "LastExchange",
    "LocalChainSource",
    "MemorySource",
    "NotInCRL",
    "RefusedFile",
    "SQLSource",
    "by_issuer",
    "load_canned_answers",
]
