"""
Evidence: what a verified response says.

Rules of this file: evidence comes from :func:`ocsp.verify` and from nowhere else. It
cannot be made by hand, changed, or restored from a file: keep the response, and verify
it again.
"""

from __future__ import annotations

import datetime
import enum
from typing import NamedTuple, NoReturn, Protocol, Self, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.messages.certid import CertID
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import REASONS, OCSPCertStatus
from ocsp.verification.errors import (
    CertificateNotIssued,
    CertificateRevoked,
    CertificateStatusUnknown,
    Finding,
)
from ocsp.verification.names import name_of_subject, text
from ocsp.verification.policy import Policy
from ocsp.verification.timed import TimedEvidence

__all__ = [
    "AuthorizedBy",
    "Evidence",
    "Judgement",
    "VerifiedResponse",
    "as_evidence",
]


class AuthorizedBy(enum.Enum):
    """Why a signer may speak for the issuer (RFC 6960 §4.2.2.2)."""

    ISSUER = "issuer"
    """It is the issuer."""

    DELEGATE = "delegate"
    """The issuer has issued it a certificate for that."""

    CONFIGURED = "configured"
    """The relying party has said so."""


class Evidence(Protocol):
    """What is asked of evidence about a delegate, whatever it comes from (V17)."""

    @property
    def status(self) -> OCSPCertStatus:
        """What is said of the certificate."""

    @property
    def responder(self) -> x509.Certificate:
        """The certificate of whoever says so."""

    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""

    def holds_at(self, moment: datetime.datetime) -> bool:
        """Tell whether this is still evidence at *moment*, which is aware."""


class Judgement(NamedTuple):
    """
    What a verification has come to.

    Attributes:
        cert: The certificate that was asked about, or its CertID.

        issuer: Who issued it.

        response: The response.

        entry: The entry that counts.

        responder: The certificate of whoever signed.

        authorized_by: Why that may speak for the issuer.

        at: The moment of judgement.

        policy: What was insisted on.

        nonce_matched: Whether a nonce was sent and came back.

        warnings: What does not speak against the response, and is worth to be known.
    """

    cert: x509.Certificate | CertID
    issuer: x509.Certificate
    response: OCSPResponse
    entry: OCSPSingleResponse
    responder: x509.Certificate
    authorized_by: AuthorizedBy
    at: datetime.datetime
    policy: Policy
    nonce_matched: bool
    warnings: tuple[Finding, ...]

    @property
    def this_update(self) -> datetime.datetime:
        """That of the entry."""
        return self.entry.this_update_utc

    @property
    def next_update(self) -> datetime.datetime | None:
        """That of the entry."""
        return self.entry.next_update_utc


_NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@final
class VerifiedResponse(TimedEvidence):
    """
    Evidence of a certificate's status at a moment.

    :attr:`status` may be *revoked* or *unknown*: look at it, or call
    :meth:`require_good`. Not verified: anything about the issuer's own certificate;
    build and check its path before.
    """

    __slots__ = ()

    _judgement: Judgement

    def __init__(self) -> None:
        raise TypeError("VerifiedResponse comes from ocsp.verify()")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("VerifiedResponse cannot be subclassed")

    @property
    def status(self) -> OCSPCertStatus:
        """What the responder says of the certificate."""
        return self._judgement.entry.certificate_status

    @property
    def cert_id(self) -> CertID:
        """The CertID inside the verified entry, with the hash the responder chose."""
        return self._judgement.entry.cert_id

    @property
    def canonical_cert_id(self) -> CertID:
        """The CertID of the same certificate with SHA-256: the key for a cache."""
        cert, issuer = self._judgement.cert, self._judgement.issuer
        if isinstance(cert, CertID):
            return CertID.for_serial(issuer, cert.serial_number, hashes.SHA256())
        return CertID.for_certificate(cert, issuer, hashes.SHA256())

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """Since when the certificate is revoked, aware, in UTC; or ``None``."""
        return self._judgement.entry.revocation_time_utc

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """Why, or ``None`` where nothing is said, or nothing that has a meaning."""
        code = self._judgement.entry.revocation_reason_code
        return None if code is None else REASONS.get(code)

    @property
    def produced_at(self) -> datetime.datetime:
        """When the response was signed, aware, in UTC."""
        return self._judgement.response.produced_at_utc

    @property
    def not_issued(self) -> bool:
        """
        Whether *revoked* is said because no such certificate was ever issued (V24).

        RFC 6960 §2.2: certificateHold, since 1970.
        """
        return (
            self.revocation_time == _NEVER
            and self.revocation_reason is x509.ReasonFlags.certificate_hold
        )

    @property
    def responder(self) -> x509.Certificate:
        """The certificate of whoever signed."""
        return self._judgement.responder

    @property
    def authorized_by(self) -> AuthorizedBy:
        """Why that may speak for the issuer."""
        return self._judgement.authorized_by

    @property
    def nonce_matched(self) -> bool:
        """
        Whether a nonce was sent and came back.

        Then the response answers that request, and is no replay.
        """
        return self._judgement.nonce_matched

    @property
    def response(self) -> OCSPResponse:
        """The response itself."""
        return self._judgement.response

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

    def __repr__(self) -> str:
        return (
            f"<VerifiedResponse({self.status.name}, "
            f"serial={self.cert_id.serial_number:#x},"
            f" {self._span()}, by "
            f"{self.authorized_by.value} {text(name_of_subject(self.responder))})>"
        )


def as_evidence(judgement: Judgement) -> VerifiedResponse:
    """Return the evidence that a judgement has come to; for the judge only."""
    evidence = object.__new__(VerifiedResponse)
    object.__setattr__(evidence, "_judgement", judgement)
    return evidence
