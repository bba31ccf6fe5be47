"""
Evidence from a CRL.

Rules of this file: as for :mod:`ocsp.verification.evidence`; it comes from
:func:`ocsp.verify_crl` and from nowhere else.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, NoReturn, Self, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import serial_of
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.errors import CertificateRevoked, Finding
from ocsp.verification.names import name_of_subject, text
from ocsp.verification.policy import Policy
from ocsp.verification.timed import TimedEvidence

__all__ = ["CRLJudgement", "VerifiedRevocation", "as_revocation"]


class CRLJudgement(NamedTuple):
    """
    What the verification of a CRL has come to.

    Attributes:
        cert: The certificate that was asked about.

        issuer: Who issued it, and the CRL.

        revocation_time: Since when it is revoked, or ``None`` for *good*.

        revocation_reason: Why, or ``None``.

        this_update: That of the newest list.

        next_update: That of the newest list.

        crl_number: That of the complete CRL.

        delta_crl_number: That of the delta CRL.

        at: The moment of judgement.

        policy: What was insisted on.

        warnings: What does not speak against the CRL, and is worth to be known.
    """

    cert: x509.Certificate
    issuer: x509.Certificate
    revocation_time: datetime.datetime | None
    revocation_reason: x509.ReasonFlags | None
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    crl_number: int | None
    delta_crl_number: int | None
    at: datetime.datetime
    policy: Policy
    warnings: tuple[Finding, ...]


@final
class VerifiedRevocation(TimedEvidence):
    """
    Evidence from a CRL of a certificate's status at a moment.

    :attr:`status` may be *revoked*: look at it, or call :meth:`require_good`. *Good*
    means that the issuer does not list the certificate, not that it has issued it. Not
    verified: anything about the issuer's own certificate; build and check its path
    before.
    """

    __slots__ = ()

    _judgement: CRLJudgement

    def __init__(self) -> None:
        raise TypeError("VerifiedRevocation comes from ocsp.verify_crl()")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("VerifiedRevocation cannot be subclassed")

    @property
    def status(self) -> OCSPCertStatus:
        """*Good* or *revoked*; a CRL knows no *unknown*."""
        is_listed = self._judgement.revocation_time is not None
        return OCSPCertStatus.REVOKED if is_listed else OCSPCertStatus.GOOD

    @property
    def canonical_cert_id(self) -> CertID:
        """The CertID of the certificate with SHA-256."""
        judgement = self._judgement
        return CertID.for_certificate(judgement.cert, judgement.issuer, hashes.SHA256())

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """Since when the certificate is revoked, aware, in UTC; or ``None``."""
        return self._judgement.revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """Why, or ``None`` where nothing is said."""
        return self._judgement.revocation_reason

    @property
    def crl_number(self) -> int | None:
        """The number of the complete CRL (RFC 5280 §5.2.3), or ``None``."""
        return self._judgement.crl_number

    @property
    def delta_crl_number(self) -> int | None:
        """The number of the delta CRL, or ``None`` without one."""
        return self._judgement.delta_crl_number

    @property
    def responder(self) -> x509.Certificate:
        """The certificate of whoever signed: the issuer's."""
        return self._judgement.issuer

    def require_good(self) -> Self:
        """
        Return this evidence if the certificate is good.

        Raises:
            CertificateRevoked: If it is revoked.
        """
        if self.status is OCSPCertStatus.GOOD:
            return self
        raise CertificateRevoked(self.revocation_time, self.revocation_reason)

    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""
        return self.canonical_cert_id.matches(cert, issuer)

    def __repr__(self) -> str:
        return (
            f"<VerifiedRevocation({self.status.name}, "
            f"serial={serial_of(self._judgement.cert):#x},"
            f" {self._span()}, by "
            f"{text(name_of_subject(self.responder))})>"
        )


def as_revocation(judgement: CRLJudgement) -> VerifiedRevocation:
    """Return the evidence that a judgement has come to; for ``verify_crl`` only."""
    evidence = object.__new__(VerifiedRevocation)
    object.__setattr__(evidence, "_judgement", judgement)
    return evidence
