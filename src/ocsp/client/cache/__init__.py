"""
The cache: what has been verified, kept until it is too old.

::

    cache = MemoryCache()
    cache.put(verified.canonical_cert_id, verified, expires)
    answer = cache.get(CertID.for_certificate(cert, issuer, hashes.SHA256()))
"""

from __future__ import annotations

from ocsp.client.cache.answer import Cache, CachedAnswer
from ocsp.client.cache.memory import MemoryCache

__all__ = ["Cache", "CachedAnswer", "MemoryCache"]
