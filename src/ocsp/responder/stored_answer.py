"""
Define a signed answer that is kept and reused, and what keeps it.

What is stored is what was signed (the DER of ResponseData) and the signature. The
responder puts the rest around them when it answers. Every stored answer has the version
of the status that it was made from: a store returns it only while that still is the
version of the certificate's status.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol, runtime_checkable

from cryptography import x509

from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord

__all__ = [
    "AnswerStore",
    "AnswerWriter",
    "CertIDForm",
    "ChangedStatus",
    "Changes",
    "CheckedAnswer",
    "CurrentAnswer",
    "DueAnswer",
    "LookupResult",
    "NewAnswer",
    "PolledSource",
    "RemoteAnswerStore",
    "SharedAnswerReader",
    "StoredAnswer",
]


class CertIDForm(enum.IntEnum):
    """Which CertIDs a stored answer has; the values are those in the database."""

    SHA1 = 1
    """One entry, with hashes by SHA-1."""

    SHA256 = 2
    """One entry, with hashes by SHA-256."""

    BOTH = 3
    """Two entries for the same certificate, SHA-1 first (RFC 9919 §3.2.1)."""


class StoredAnswer(NamedTuple):
    """
    A signed answer about one certificate, without a nonce.

    Attributes:
        version: The version of the status that it was made from.

        signer: SHA-256 of the DER of the certificate of the signer.

        due: When to sign again, in seconds since 1970.

        this_update: thisUpdate, in seconds since 1970.

        next_update: nextUpdate, in seconds since 1970.

        tbs: The DER of ResponseData, which was signed.

        signature: The signature over it.
    """

    version: int
    signer: bytes
    due: int
    this_update: int
    next_update: int
    tbs: bytes
    signature: bytes


class CurrentAnswer(NamedTuple):
    """
    A stored answer that was made from the present version of the status.

    Attributes:
        answer: The answer.

        revoked: Whether it says *revoked*.
    """

    answer: StoredAnswer
    revoked: bool


class LookupResult(NamedTuple):
    """
    What a store has about one certificate.

    Attributes:
        record: Its status.

        version: The version of that status; it counts the changes.

        stored: The answer that was made from this version, or ``None``.
    """

    record: StatusRecord
    version: int
    stored: StoredAnswer | None


class NewAnswer(NamedTuple):
    """
    An answer to store.

    Attributes:
        query: The certificate that it is about.

        form: Which CertIDs it has.

        answer: The answer.

        record: The status that it states.
    """

    query: StatusQuery
    form: CertIDForm
    answer: StoredAnswer
    record: StatusRecord


class DueAnswer(NamedTuple):
    """
    An answer to sign: it is missing, its status has changed, or it is due.

    Attributes:
        query: The certificate.

        form: Which CertIDs the answer has.

        record: The status of the certificate.

        version: The version of that status.
    """

    query: StatusQuery
    form: CertIDForm
    record: StatusRecord
    version: int


class ChangedStatus(NamedTuple):
    """
    What a change of status has led to. A later one of the same certificate is greater.

    Attributes:
        version: The version of the status.

        revoked: Whether it is *revoked*.
    """

    version: int
    revoked: bool


class Changes(NamedTuple):
    """
    What changed since the last poll.

    Attributes:
        everything: Whatever was known before may be wrong, for example because the
            file was replaced.

        queries: The certificates whose status changed. With *everything* they are
            those of which that is known.

        age: How many seconds ago the store was read for this; 0 for a local store,
            which is read by the poll itself. Later changes are not known yet.

        ahead: By how many seconds the clock of this machine is ahead of that of the
            store, negative if it is behind; 0 for a local store, and ``None`` for one
            that was not asked yet.

        statuses: What the certificates changed to, if the store tells it.
    """

    everything: bool
    queries: Sequence[StatusQuery]
    age: float = 0.0
    ahead: float | None = 0.0
    statuses: Mapping[StatusQuery, ChangedStatus] = MappingProxyType({})


@runtime_checkable
class PolledSource(Protocol):
    """A source that says what changed, so that answers can be kept in memory."""

    def poll_changes(self) -> Changes:
        """
        Return what changed since the last call; some microseconds.

        Raises:
            SourceUnavailable: If the source is gone or unreadable.
        """
        ...


@runtime_checkable
class AnswerWriter(Protocol):
    """
    Keeps signed answers.

    Its methods may wait for the store: an event loop calls them in a thread.
    """

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """
        Store *answers* in one transaction, and return how many were stored.

        The store omits an answer whose version or status is not the certificate's, and
        one that another process has signed meanwhile. The same version can be another
        status, after the database was replaced or a certificate was deleted and added.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...

    def add_signer(self, certificate: x509.Certificate) -> None:
        """
        Record the certificate of a signer, before its answers are stored.

        Raises:
            StoreError: If the store cannot be written.
        """
        ...


@runtime_checkable
class AnswerStore(AnswerWriter, Protocol):
    """
    A source of status on this machine that also keeps signed answers.

    No method waits for another process for longer than some milliseconds.
    """

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the store cannot answer now.
        """
        ...

    def look_up_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> CurrentAnswer | None:
        """
        Return the stored answer about the present status; ``None`` if there is none.

        Raises:
            SourceUnavailable: If the store cannot answer now.
        """
        ...

    def due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        """
        Return answers of *issuer* to sign, changed ones first, then by their time.

        Args:
            issuer: The issuer.

            now: The current time, in seconds since 1970.

            limit: How many at most.

        Raises:
            SourceUnavailable: If the store cannot answer now.
        """
        ...

    def poll_changes(self) -> Changes:
        """
        Return what other connections changed since the last call; some microseconds.

        Raises:
            SourceUnavailable: If the store is gone or unreadable.
        """
        ...


@runtime_checkable
class RemoteAnswerStore(AnswerWriter, Protocol):
    """
    A source of status on another machine that also keeps signed answers.

    It follows the changes in the background. While it cannot reach the store, the
    answers in memory remain valid, and are used until they end.
    """

    async def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer from one snapshot; ``None`` if not issued.

        The snapshot is newer than the call.

        Raises:
            SourceUnavailable: If the store cannot be asked, or does not answer in time.
        """
        ...

    def poll_changes(self) -> Changes:
        """
        Return what it has noticed since the last call; never waits.

        :attr:`Changes.age` grows while the store cannot be reached. After that the
        first poll says that everything may have changed.
        """
        ...


class CheckedAnswer(NamedTuple):
    """
    A copy of a stored answer that was verified.

    Attributes:
        version: The version of the status that it is about.

        answer: The answer; ``None`` if the status has changed to this version, and the
            new answer is not there yet.

        revoked: Whether it says *revoked*.
    """

    version: int
    answer: StoredAnswer | None
    revoked: bool


class SharedAnswerReader(Protocol):
    """Where copies of stored answers are, for the time when the database is away."""

    async def get(
        self, query: StatusQuery, form: CertIDForm, issuer: x509.Certificate
    ) -> CheckedAnswer | None:
        """
        Return the answer about a certificate that clients accept, or ``None``.

        It never raises, and waits for some milliseconds at most.

        Args:
            query: The certificate.

            form: Which CertIDs the answer has.

            issuer: The certificate of the issuer.
        """
        ...
