"""
The cache of one process.

Rules of this file: an answer that is found again lives longer; the one that was not
looked at for longest goes first.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict
from threading import Lock

from ocsp import limits
from ocsp.client.cache.answer import CachedAnswer, admit
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["MemoryCache"]


class MemoryCache:
    """
    A :class:`Cache` in memory.

    What comes out has its evidence and need not be verified again, so share one only
    among clients that insist on the same policy.
    """

    def __init__(self, *, max_entries: int | None = None) -> None:
        """
        Make an empty cache.

        Args:
            max_entries: How many answers it keeps; without one,
                ``limits.MAX_CACHED_ANSWERS``.
        """
        self._most = max_entries
        self._lock = Lock()
        self._answers: OrderedDict[bytes, CachedAnswer] = OrderedDict()

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """Return the answer about *cert_id*, or ``None``; see :meth:`Cache.get`."""
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
        Keep *evidence*, unless what stands is at least as new; see :meth:`Cache.put`.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is something else, or *expires* is naive.
        """
        answer = admit(cert_id, evidence, expires)
        if answer is None:
            return False
        key = evidence.canonical_cert_id.der
        with self._lock:
            standing = self._answers.get(key)
            if standing is not None and _rank(standing) >= _rank(answer):
                return False
            self._answers[key] = answer
            self._answers.move_to_end(key)
            self._shrink()
        return True

    def _shrink(self) -> None:
        most = limits.MAX_CACHED_ANSWERS if self._most is None else self._most
        while len(self._answers) > most:
            self._answers.popitem(last=False)

    def discard(self, cert_id: CertID) -> None:
        """Forget the answer about *cert_id*, if there is one."""
        with self._lock:
            self._answers.pop(cert_id.der, None)

    def __len__(self) -> int:
        return len(self._answers)


def _rank(answer: CachedAnswer) -> tuple[datetime.datetime, bool, datetime.datetime]:
    """Return what makes an answer newer than another."""
    evidence = answer.evidence
    revoked = evidence is not None and evidence.status is OCSPCertStatus.REVOKED
    return answer.this_update, revoked, answer.expires
