"""Define what the updater needs of a store, beyond what a responder needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from cryptography import x509

from ocsp.responder import AnswerStore, CertIDForm, IssuerKey, StatusQuery

__all__ = ["PresignStore"]


class PresignStore(AnswerStore, Protocol):
    """A store whose answers can be signed ahead."""

    def sign_ahead(
        self, issuer: x509.Certificate, forms: Collection[CertIDForm]
    ) -> None:
        """
        Let the answers of all certificates of *issuer* be due, now and in future.

        Args:
            issuer: The certificate of the issuer.

            forms: Which CertIDs these answers have. Answers in other forms are removed.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def postpone_answers(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """
        Let answers that cannot be signed now be due at *until*.

        Args:
            postponed: The certificates, and the forms of their answers.

            until: When to try again, in seconds since 1970.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def count_due(self, issuer: IssuerKey, now: int) -> int:
        """
        Return how many answers of *issuer* are due.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

        Raises:
            SourceUnavailable: If the store cannot answer now.
        """
        ...

    def has_changed(self) -> bool:
        """
        Return whether another connection has written since the last call.

        Raises:
            SourceUnavailable: If the store is gone or unreadable.
        """
        ...
