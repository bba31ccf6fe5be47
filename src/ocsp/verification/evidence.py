"""
Evidence: what a verified response says.

Rules of this file: evidence comes from :func:`ocsp.verify` and from nowhere else. It
cannot be made by hand, changed, or restored from a file: keep the response, and verify
it again.
"""

from __future__ import annotations

import datetime
import enum
from typing import NoReturn, Self, final

from cryptography import x509

from ocsp.certid import CertID
from ocsp.response import OCSPResponse
from ocsp.statuses import OCSPCertStatus
from ocsp.verification.errors import (
    CertificateNotIssued,
    CertificateRevoked,
    CertificateStatusUnknown,
    Finding,
)

__all__ = ["AuthorizedBy", "VerifiedResponse", "as_evidence"]


class AuthorizedBy(enum.Enum):
    """Why a signer may speak for the issuer (RFC 6960 §4.2.2.2)."""

    ISSUER = "issuer"
    """It is the issuer."""

    DELEGATE = "delegate"
    """The issuer has issued it a certificate for that."""

    CONFIGURED = "configured"
    """The relying party has said so."""


@final
class VerifiedResponse:
    """
    Evidence of a certificate's status at a moment.

    :attr:`status` may be *revoked* or *unknown*: look at it, or call
    :meth:`require_good`. Not verified: anything about the issuer's own certificate;
    build and check its path before.

    Attributes:
        status: What the responder says of the certificate.

        cert_id: The CertID inside the verified entry; what a cache is to be keyed by.

        revocation_time: Since when it is revoked, aware, in UTC; or ``None``.

        revocation_reason: Why, or ``None`` where nothing is said.

        this_update: When the status was known to be right, aware, in UTC.

        next_update: When there will be newer information, or ``None``.

        holds_until: Until when this is evidence: nextUpdate, or the age that the policy
            allows.

        produced_at: When the response was signed.

        not_issued: Whether *revoked* is said because there is no such certificate
            (RFC 6960 §2.2).

        responder: The certificate of whoever signed.

        authorized_by: Why that may speak for the issuer.

        at: The moment of judgement, aware, in UTC.

        nonce_matched: Whether a nonce was sent and came back: then the response is an
            answer to that request, and no replay.

        warnings: What is worth to be known, and does not speak against the response.

        response: The response itself.
    """

    __slots__ = (
        "at",
        "authorized_by",
        "cert_id",
        "holds_until",
        "next_update",
        "nonce_matched",
        "not_issued",
        "produced_at",
        "responder",
        "response",
        "revocation_reason",
        "revocation_time",
        "status",
        "this_update",
        "warnings",
    )

    status: OCSPCertStatus
    cert_id: CertID
    revocation_time: datetime.datetime | None
    revocation_reason: x509.ReasonFlags | None
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    produced_at: datetime.datetime
    not_issued: bool
    responder: x509.Certificate
    authorized_by: AuthorizedBy
    at: datetime.datetime
    nonce_matched: bool
    warnings: tuple[Finding, ...]
    response: OCSPResponse
    holds_until: datetime.datetime

    def __init__(self) -> None:
        raise TypeError("VerifiedResponse comes from ocsp.verify()")

    def require_good(self) -> Self:
        """
        Return this evidence if the certificate is good.

        Raises:
            CertificateRevoked: If it is revoked; :class:`CertificateNotIssued` if that
                is so because there is no such certificate.
            CertificateStatusUnknown: If the responder does not know it.
        """
        if self.status is OCSPCertStatus.GOOD:
            return self
        if self.status is OCSPCertStatus.UNKNOWN:
            raise CertificateStatusUnknown
        error = CertificateNotIssued if self.not_issued else CertificateRevoked
        raise error(self.revocation_time, self.revocation_reason)

    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""
        return self.cert_id.matches(cert, issuer)

    def holds_at(self, moment: datetime.datetime) -> bool:
        """
        Tell whether this is still evidence at *moment*, by its own times.

        Args:
            moment: Aware.
        """
        return self.this_update <= moment < self.holds_until

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "evidence cannot be pickled: keep the response, verify it again"
        )

    def __repr__(self) -> str:
        until = self.next_update
        return (
            f"<VerifiedResponse({self.status.name}, "
            f"serial={self.cert_id.serial_number:#x},"
            f" {self.this_update:%Y-%m-%dT%H:%M:%SZ} to "
            f"{'?' if until is None else format(until, '%Y-%m-%dT%H:%M:%SZ')}, by "
            f"{self.authorized_by.value} {self.responder.subject.rfc4514_string()!r})>"
        )


def as_evidence(**fields: object) -> VerifiedResponse:
    """Return evidence with these attributes; for the judge, and nobody else."""
    evidence = object.__new__(VerifiedResponse)
    for name, value in fields.items():
        object.__setattr__(evidence, name, value)
    return evidence
