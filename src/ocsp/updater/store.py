"""Define what the updater needs of a store, beyond what a responder needs."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from cryptography import x509

from ocsp.responder import AnswerStore, CertIDForm, IssuerKey
from ocsp.store import Claim

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

    def claim_due(
        self, issuer: IssuerKey, now: int, limit: int
    ) -> AbstractContextManager[Claim]:
        """
        Claim answers of *issuer* to sign, changed ones first, then by their time.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

            limit: How many at most; the store may give fewer.

        Raises:
            SourceUnavailable: If the store cannot answer now.
            StoreError: If the store cannot be written.
        """
        ...

    def take_signatures(self, signer: bytes, rate: float, wanted: int) -> int:
        """
        Return how many signatures a signer may make now, on this machine.

        Args:
            signer: SHA-256 of the DER of its certificate.

            rate: How many signatures a second it may make, on all machines together.

            wanted: How many at most.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def return_signatures(self, signer: bytes, unused: int) -> None:
        """
        Give signatures back that were taken and not made.

        Args:
            signer: SHA-256 of the DER of its certificate.

            unused: How many.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def has_due(self, issuer: IssuerKey, now: int) -> bool:
        """
        Return whether answers of *issuer* are due, also those that are claimed.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

        Raises:
            SourceUnavailable: If the store cannot answer now.
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
