"""
Caches of verified answers.

::

    cache = MemoryCache()
    cache.put(verified.canonical_cert_id, verified, expires)
    answer = cache.get(CertID.for_certificate(cert, issuer, hashes.SHA256()))

:class:`MemoryCache` serves one process, :class:`SQLiteCache` all processes that share a
file.
"""

from __future__ import annotations

from ocsp.client.cache.answer import Cache, CachedAnswer, RemembersNewest
from ocsp.client.cache.known import KnownStatus
from ocsp.client.cache.memory import MemoryCache
from ocsp.client.cache.sqlite import SQLiteCache

__all__ = [
    "Cache",
    "CachedAnswer",
    "KnownStatus",
    "MemoryCache",
    "RemembersNewest",
    "SQLiteCache",
]
