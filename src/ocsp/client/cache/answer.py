"""
The protocols of caches, and which answers they may keep.

A cache keeps only evidence from :func:`ocsp.verify`; every cache calls :func:`admit`
first. The key is the SHA-256 CertID of the certificate that was verified, so that
answers with either hash share one entry (RFC 9919 §3.1.1).
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.client.cache.known import KnownStatus
from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["Cache", "CachedAnswer", "RemembersNewest", "admit", "status_to_note"]


class CachedAnswer(NamedTuple):
    """
    A response as it was put into a cache.

    Attributes:
        der: The response in DER.

        this_update: Its thisUpdate, aware, in UTC.

        expires: Until when it may be used, aware, in UTC. A cache does not check this;
            its caller does.

        evidence: The evidence that was put in, or ``None`` if the answer comes from
            outside this process. Then the caller must verify it again.
    """

    der: bytes
    this_update: datetime.datetime
    expires: datetime.datetime
    evidence: VerifiedResponse | None


class Cache(Protocol):
    """
    Verified answers, by certificate.

    Threads may share a cache. No method raises because the store is damaged or cannot
    be reached: an answer that cannot be read counts as missing.
    """

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """
        Return the answer for *cert_id*, or ``None``.

        Not checked: whether it has expired. Compare ``expires`` with your clock.

        Args:
            cert_id: The CertID of the certificate, with SHA-256:
                ``CertID.for_certificate(cert, issuer, hashes.SHA256())``.
        """

    def put(
        self,
        cert_id: CertID,
        evidence: VerifiedResponse,
        expires: datetime.datetime,
    ) -> bool:
        """
        Keep *evidence*, unless the cache knows an answer that is at least as new.

        The answer with the later thisUpdate is newer. If they are equal, *revoked* wins
        over *good*, then the later producedAt and then the later *expires* wins. This
        is one step for all threads and processes: of two that put at the same time, the
        newer answer stays. So a replayed response replaces nothing, also after the
        newer answer has expired, and fetching a response again can extend its time in
        the cache.

        Responses with status *unknown* are not kept, nor are responses with a nonce,
        which answer one request only.

        Args:
            cert_id: ``evidence.canonical_cert_id``.

            evidence: The result of :func:`ocsp.verify`.

            expires: Until when the answer may be used, aware.

        Returns:
            Whether the cache keeps it.

        Raises:
            ConfigError: If *cert_id* is not ``evidence.canonical_cert_id``.
            TypeError: If *evidence* is not a :class:`ocsp.VerifiedResponse`, or
                *expires* is naive.
        """

    def discard(self, cert_id: CertID) -> None:
        """Remove what the cache knows about *cert_id*, if there is anything."""


@runtime_checkable
class RemembersNewest(Cache, Protocol):
    """
    A cache that also remembers the newest evidence whose answer it does not keep.

    Both caches of this package do. A client with a :class:`Cache` that does not
    remembers such evidence in its own memory.
    """

    def newest(self, cert_id: CertID) -> KnownStatus | None:
        """
        Return the newest status that is known for *cert_id*, or ``None``.

        It stays known after its answer has expired, until the cache removes it because
        it is full. ``get`` returns no answer that is older.

        Args:
            cert_id: As for :meth:`get`.
        """

    def note(self, evidence: VerifiedResponse | VerifiedRevocation) -> bool:
        """
        Remember thisUpdate and status of *evidence*, but not the answer.

        This is for answers that must not be kept: those with a nonce, those that HTTP
        headers forbid to keep, and CRLs. An older answer in the cache is removed.

        Args:
            evidence: The result of :func:`ocsp.verify` or :func:`ocsp.verify_crl`.
                *Unknown* states nothing about the certificate, and is ignored.

        Returns:
            Whether it is newer than everything that was known before.

        Raises:
            TypeError: If *evidence* is not evidence.
        """


def admit(
    cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
) -> CachedAnswer | None:
    """
    Return the answer that a cache may keep for *evidence*, or ``None``.

    Raises:
        ConfigError: As :meth:`Cache.put`.
        TypeError: As :meth:`Cache.put`.
    """
    if not isinstance(evidence, VerifiedResponse):
        raise TypeError(
            f"evidence must be a VerifiedResponse, not {type(evidence).__name__}"
        )
    if expires.utcoffset() is None:
        raise TypeError("expires must be aware: give it a time zone")
    if cert_id != evidence.canonical_cert_id:
        raise ConfigError("cert_id", "must be evidence.canonical_cert_id")
    if evidence.status is OCSPCertStatus.UNKNOWN:
        return None
    response = evidence.response
    if response._raw_extensions and nonce_of(response._each_extension) is not None:
        return None
    return CachedAnswer(
        response.public_bytes(Encoding.DER),
        evidence.this_update,
        expires.astimezone(datetime.UTC),
        evidence,
    )


def status_to_note(
    evidence: VerifiedResponse | VerifiedRevocation,
) -> KnownStatus | None:
    """
    Return what a cache may remember of *evidence*, or ``None`` for *unknown*.

    Raises:
        TypeError: As :meth:`RemembersNewest.note`.
    """
    if not isinstance(evidence, (VerifiedResponse, VerifiedRevocation)):
        raise TypeError(
            "evidence must be a VerifiedResponse or a VerifiedRevocation, not"
            f" {type(evidence).__name__}"
        )
    if evidence.status is OCSPCertStatus.UNKNOWN:
        return None
    return KnownStatus.of(evidence)
