"""Define a claim: answers that one process signs, and what it does with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, DueAnswer, NewAnswer

__all__ = ["Claim"]


class Claim(ABC):
    """
    Answers that are due, for one process to sign.

    A claim ends with the ``with`` block of :meth:`ocsp.store.Store.claim_due`, or with
    the process. What is not stored or postponed in it stays due. A claim belongs to one
    thread.

    Attributes:
        answers: The answers to sign. Their statuses were read after they were claimed.
    """

    def __init__(self, answers: Sequence[DueAnswer]) -> None:
        """Claim *answers*."""
        self.answers = answers

    @abstractmethod
    def store(self, new: Iterable[NewAnswer], now: int) -> int:
        """
        Store answers, and return how many were stored.

        The store omits an answer whose version is not the certificate's, one that
        another process has signed meanwhile, and one that outlives its signer.

        Args:
            new: The answers.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written, a signer was not added, or the
                claim has ended because it took too long.
        """

    @abstractmethod
    def postpone(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """
        Let answers that cannot be signed now be due at *until*.

        Args:
            postponed: The certificates, and the forms of their answers.

            until: When to try again, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written, or the claim has ended because
                it took too long.
        """
