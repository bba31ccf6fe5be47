"""
The protocol of caches, and which answers they may keep.

A cache keeps only evidence from :func:`ocsp.verify`; every cache calls :func:`admit`
first. The key is the SHA-256 CertID of the certificate that was verified, so that
answers with either hash share one entry (RFC 9919 §3.1.1).
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Cache", "CachedAnswer", "admit"]


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
        Keep *evidence*, unless the cache has an answer that is at least as new.

        The answer with the later thisUpdate is newer. If they are equal, *revoked* wins
        over *good*, and then the later *expires* wins. So a replayed response replaces
        nothing, and fetching a response again can extend its time in the cache.

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
        """Remove the answer for *cert_id*, if there is one."""


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
    if nonce_of(evidence.response._each_extension) is not None:
        return None
    return CachedAnswer(
        evidence.response.public_bytes(Encoding.DER),
        evidence.this_update,
        expires.astimezone(datetime.UTC),
        evidence,
    )
