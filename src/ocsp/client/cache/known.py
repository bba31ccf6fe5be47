"""
The newest known status of a certificate, and which of two answers is newer.

RFC 6960 §4.2.2.1: thisUpdate is the time for which the status is stated. The answer
with the later thisUpdate is newer. If both are equal, *revoked* is newer than *good*,
and then the response with the later producedAt. When an answer ends does not matter:
a longer life does not make it newer.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, Self

from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["KnownStatus"]


class KnownStatus(NamedTuple):
    """
    What is kept of the newest evidence about a certificate. It proves nothing itself.

    Attributes:
        this_update: thisUpdate, aware, in UTC, in whole seconds.

        is_revoked: Whether the status is *revoked*; otherwise it is *good*.

        produced_at: producedAt, aware, in UTC, in whole seconds; for a CRL thisUpdate.

        until: The end of the evidence, aware, in UTC. For an answer that a cache keeps,
            the end of its use.

        is_kept: Whether the cache keeps the answer itself.
    """

    this_update: datetime.datetime
    is_revoked: bool
    produced_at: datetime.datetime
    until: datetime.datetime
    is_kept: bool = False

    @classmethod
    def of(
        cls,
        evidence: VerifiedResponse | VerifiedRevocation,
        kept_until: datetime.datetime | None = None,
    ) -> Self:
        """Return the status of *evidence*; without a time the answer is not kept."""
        until = kept_until or evidence.holds_until
        return cls(*evidence.newness, until, is_kept=kept_until is not None)

    @property
    def rank(
        self,
    ) -> tuple[datetime.datetime, bool, datetime.datetime, bool, datetime.datetime]:
        """A key that is greater for what a cache prefers to keep: first the newer."""
        return (
            self.this_update,
            self.is_revoked,
            self.produced_at,
            self.is_kept,
            self.until,
        )

    def is_newer_than(self, evidence: VerifiedResponse | VerifiedRevocation) -> bool:
        """Tell whether *evidence* is older than this, and so proves nothing new."""
        if isinstance(evidence, VerifiedRevocation):  # a CRL has no producedAt
            return self[:2] > evidence.newness[:2]
        return self[:3] > evidence.newness
