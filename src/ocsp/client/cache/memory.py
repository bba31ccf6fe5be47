"""
A cache in the memory of one process.

When the cache is full, it removes the answer that was not used for the longest time.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["MemoryCache"]


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
            max_entries: How many answers the cache keeps. Default:
                ``limits.MAX_CACHED_ANSWERS``.
        """
        self._max_entries = max_entries
        self._lock = ForkSafeLock()
        self._answers: OrderedDict[bytes, CachedAnswer] = OrderedDict()

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer for *cert_id*, or ``None``; see :meth:`Cache.get`."""
        key = cert_id.der
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
        return answer

    def put(
        self, cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
    ) -> bool:
        """
        Keep *evidence*, unless the cache has a newer answer; see :meth:`Cache.put`.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is not a :class:`ocsp.VerifiedResponse`, or
                *expires* is naive.
        """
        answer = admit(cert_id, evidence, expires)
        if answer is None:
            return False
        key = evidence.canonical_cert_id.der
        with self._lock:
            stored = self._answers.get(key)
            if stored is not None and _age_key(stored) >= _age_key(answer):
                return False
            self._answers[key] = answer
            self._answers.move_to_end(key)
            self._shrink()
        return True

    def _shrink(self) -> None:
        maximum = self._max_entries
        if maximum is None:
            maximum = limits.MAX_CACHED_ANSWERS
        while len(self._answers) > maximum:
            self._answers.popitem(last=False)

    def discard(self, cert_id: CertID) -> None:
        """Remove the answer for *cert_id*, if there is one."""
        with self._lock:
            self._answers.pop(cert_id.der, None)

    def __len__(self) -> int:
        return len(self._answers)


def _age_key(
    answer: CachedAnswer,
) -> tuple[datetime.datetime, bool, datetime.datetime]:
    """Return a sort key: the newer of two answers has the larger key."""
    evidence = answer.evidence
    revoked = evidence is not None and evidence.status is OCSPCertStatus.REVOKED
    return answer.this_update, revoked, answer.expires
