"""
Claim answers that are due in a status file.

One process signs ahead for a file, so a claim only reads. Signatures are made outside
of transactions: other writers wait for some milliseconds only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, DueAnswer, NewAnswer
from ocsp.store.claim import Claim
from ocsp.store.store import Store

__all__ = ["claim_due"]

MOST = 50
"""Answers of one claim: a revocation waits for the transaction that stores them."""


class _FileClaim(Claim):
    """Answers that were read from a file; each change is a transaction of its own."""

    def __init__(self, store: Store, answers: Sequence[DueAnswer]) -> None:
        """Claim *answers* of *store*."""
        super().__init__(answers)
        self._store = store

    def store(self, new: Iterable[NewAnswer], now: int) -> int:
        """Store answers in one transaction."""
        return self._store.store_answers(new, now)

    def postpone(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """Let answers be due at *until*, in one transaction."""
        self._store.postpone_answers(postponed, until)


@contextmanager
def claim_due(store: Store, issuer: IssuerKey, now: int, limit: int) -> Iterator[Claim]:
    """Yield at most *limit* answers of *issuer* that are due in *store*."""
    yield _FileClaim(store, store.due_answers(issuer, now, min(limit, MOST)))
