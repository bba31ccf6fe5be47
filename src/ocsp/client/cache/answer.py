"""
What a cache keeps, and what may get in.

Rules of this file: only evidence gets in, and every cache asks :func:`admit` first. A
cache is keyed by the SHA-256 CertID of the certificate that was verified, so that
answers with either hash are one entry (RFC 9919 §3.1.1), and never by what was hoped
for.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.messages.extensions import nonce_of
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Cache", "CachedAnswer", "admit"]


class CachedAnswer(NamedTuple):
    """
    A response as it was put into a cache.

    Attributes:
        der: The response.

        this_update: When its status was known to be right, aware, in UTC.

        expires: Until when it may be used, aware, in UTC. No cache looks at it.

        evidence: What was put in, or ``None`` where the answer comes from outside of
            this process: then it has to be verified again.
    """

    der: bytes
    this_update: datetime.datetime
    expires: datetime.datetime
    evidence: VerifiedResponse | None


class Cache(Protocol):
    """
    Verified answers by certificate.

    Safe to use from several threads. None of the methods raises because of what the
    store of a cache has become: what cannot be read is not there.
    """

    def get(self, cert_id: CertID) -> CachedAnswer | None:
        """
        Return the answer about *cert_id*, or ``None``.

        Not checked: whether it has expired; compare ``expires`` with your clock.

        Args:
            cert_id: The certificate, with SHA-256:
                ``CertID.for_certificate(cert, issuer, hashes.SHA256())``.
        """

    def put(
        self,
        cert_id: CertID,
        evidence: VerifiedResponse,
        expires: datetime.datetime,
    ) -> bool:
        """
        Keep *evidence*, unless what stands is at least as new.

        Newer is what has the later thisUpdate; of two with the same, a *revoked* beats
        a *good*, and then the later *expires* counts. So no answer is undone by one
        that was replayed, and one that was fetched again may be kept for longer.

        Not kept either: *unknown*, and answers with a nonce, which are for one request.

        Args:
            cert_id: ``evidence.canonical_cert_id``.

            evidence: What :func:`ocsp.verify` returned.

            expires: Until when it may be used, aware.

        Returns:
            Whether it was kept.

        Raises:
            ConfigError: If *cert_id* is another one.
            TypeError: If *evidence* is something else, or *expires* is naive.
        """

    def discard(self, cert_id: CertID) -> None:
        """Forget the answer about *cert_id*, if there is one."""


def admit(
    cert_id: CertID, evidence: VerifiedResponse, expires: datetime.datetime
) -> CachedAnswer | None:
    """
    Return what a cache may keep of *evidence*, or ``None``.

    Raises:
        ConfigError: As :meth:`Cache.put`.
        TypeError: As :meth:`Cache.put`.
    """
    if not isinstance(evidence, VerifiedResponse):
        raise TypeError("evidence must be a VerifiedResponse")
    if expires.utcoffset() is None:
        raise TypeError("expires must be aware")
    if cert_id != evidence.canonical_cert_id:
        raise ConfigError("cert_id", "must be evidence.canonical_cert_id")
    if evidence.status is OCSPCertStatus.UNKNOWN:
        return None
    if nonce_of(evidence.response.extensions) is not None:
        return None
    return CachedAnswer(
        evidence.response.public_bytes(Encoding.DER),
        evidence.this_update,
        expires.astimezone(datetime.UTC),
        evidence,
    )
