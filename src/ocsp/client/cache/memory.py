"""
A cache in the memory of one process.

When the cache is full, it removes the certificate that was not used for the longest
time.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit, status_to_note
from ocsp.client.cache.known import KnownStatus
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.memory.sizes import octets_of
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["MemoryCache", "default_limits"]


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

    def __init__(
        self, *, max_entries: int | None = None, max_bytes: int | None = None
    ) -> None:
        """
        Create an empty cache.

        Args:
            max_entries: How many certificates the cache remembers. Default:
                ``limits.MAX_CACHED_ANSWERS``.

            max_bytes: How many octets of memory the answers may take, as the cache
                estimates them. An answer about one certificate takes about 6 kB.
                Default: ``limits.MAX_CACHED_ANSWER_BYTES``.
        """
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._lock = ForkSafeLock()
        self._entries: SizedMap[bytes, _Entry] = SizedMap(self._limits)

    def _limits(self) -> tuple[int, int]:
        """Return the largest number of entries, and of octets."""
        most_entries, most_octets = default_limits()
        if self._max_entries is not None:
            most_entries = self._max_entries
        if self._max_bytes is not None:
            most_octets = self._max_bytes
        return most_entries, most_octets

    @property
    def octets(self) -> int:
        """How many octets the answers take in memory, as the cache estimates them."""
        return self._entries.octets

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer for *cert_id*, or ``None``; see :meth:`Cache.get`."""
        entry = self._entries.get(cert_id.der)
        return None if entry is None else entry.answer

    def newest(self, cert_id: CertID) -> KnownStatus | None:
        """Return the newest known status; see :meth:`RemembersNewest.newest`."""
        entry = self._entries.get(cert_id.der)
        return None if entry is None else entry.known

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
        known = KnownStatus.of(evidence, answer.expires)
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
        with self._lock.held:
            old = self._entries.get(key)
            if old is not None and old.known.rank >= entry.known.rank:
                return False
            self._entries.put(key, entry, _size(key, entry.answer))
        return True

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""
        with self._lock.held:
            self._entries.discard(cert_id.der)

    def __len__(self) -> int:
        return len(self._entries)


_ENTRY_BYTES = 1024
"""Octets of an entry without its key and its answer: of two tuples and their times."""


def _size(key: bytes, answer: CachedAnswer | None) -> int:
    """Return about how many octets an entry takes."""
    if answer is None:
        return _ENTRY_BYTES + octets_of(key)
    return _ENTRY_BYTES + octets_of(key, answer.der, answer.evidence)


def default_limits() -> tuple[int, int]:
    """Return the limits of a cache for which the caller gives none."""
    return limits.MAX_CACHED_ANSWERS, limits.MAX_CACHED_ANSWER_BYTES
