"""
A cache in the memory of one process.

When the cache is full, it removes the certificate that was not used for the longest
time.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict
from typing import NamedTuple

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit, status_to_note
from ocsp.client.cache.known import KnownStatus
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["MemoryCache"]


class _Entry(NamedTuple):
    """What is known about a certificate, and the answer if it is kept."""

    known: KnownStatus
    answer: CachedAnswer | None = None


class MemoryCache:
    """
    A :class:`Cache` in memory.

    Its answers carry their evidence and are not verified again, so share one only
    between callers with the same policy. (:class:`ocsp.Client` checks the policy and
    verifies an answer again if it differs.)
    """

    def __init__(self, *, max_entries: int | None = None) -> None:
        """
        Create an empty cache.

        Args:
            max_entries: How many certificates the cache remembers. Default:
                ``limits.MAX_CACHED_ANSWERS``.
        """
        self._max_entries = max_entries
        self._lock = ForkSafeLock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer for *cert_id*, or ``None``; see :meth:`Cache.get`."""
        entry = self._find(cert_id)
        return None if entry is None else entry.answer

    def newest(self, cert_id: CertID) -> KnownStatus | None:
        """Return the newest known status; see :meth:`RemembersNewest.newest`."""
        entry = self._find(cert_id)
        return None if entry is None else entry.known

    def _find(self, cert_id: CertID) -> _Entry | None:
        key = cert_id.der
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
        return entry

    def put(
        self, cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
    ) -> bool:
        """
        Keep *evidence*, unless the cache knows a newer answer; see :meth:`Cache.put`.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is not a :class:`ocsp.VerifiedResponse`, or
                *expires* is naive.
        """
        answer = admit(cert_id, evidence, expires)
        if answer is None:
            return False
        known = KnownStatus.of(evidence)._replace(until=answer.expires, is_kept=True)
        return self._keep(evidence.canonical_cert_id, _Entry(known, answer))

    def note(self, evidence: VerifiedResponse | VerifiedRevocation) -> bool:
        """
        Remember the status of *evidence* only; see :meth:`RemembersNewest.note`.

        Raises:
            TypeError: If *evidence* is not evidence.
        """
        known = status_to_note(evidence)
        if known is None:
            return False
        return self._keep(evidence.canonical_cert_id, _Entry(known))

    def _keep(self, cert_id: CertID, entry: _Entry) -> bool:
        """Keep *entry* if it is newer than the entry that is there."""
        key = cert_id.der
        with self._lock:
            old = self._entries.get(key)
            if old is not None and old.known.rank >= entry.known.rank:
                return False
            self._entries[key] = entry
            self._entries.move_to_end(key)
            self._shrink()
        return True

    def _shrink(self) -> None:
        maximum = self._max_entries
        if maximum is None:
            maximum = limits.MAX_CACHED_ANSWERS
        while len(self._entries) > maximum:
            self._entries.popitem(last=False)

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""
        with self._lock:
            self._entries.pop(cert_id.der, None)

    def __len__(self) -> int:
        return len(self._entries)
