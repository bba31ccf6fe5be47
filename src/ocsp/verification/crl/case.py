"""
The state of one verification of a CRL, and R1: whether the CRL can be read.

No other rule is applied to a CRL that cannot be read.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.name_comparison import same_name
from ocsp.errors import DecodeError, MalformedCRL
from ocsp.verification.case import Findings, reason_rejected
from ocsp.verification.crl.reader import CRLData, ReadCRL
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.policy import Policy

__all__ = ["CRLCase", "CRLQuestion", "CRLSigner", "read_crl", "report_malformed"]


class CRLQuestion(NamedTuple):
    """
    The certificate in question, and the conditions of an answer.

    Attributes:
        cert: The certificate in question.

        issuer: The certificate of its issuer.

        at: The moment for which the verifier judges, aware, in UTC.

        policy: What the relying party requires.

        crl_issuers: Certificates that the caller trusts to sign CRLs.

        candidates: Certificates that may be the signer's. The verifier uses those that
            the issuer has issued.
    """

    cert: x509.Certificate
    issuer: x509.Certificate
    at: datetime.datetime
    policy: Policy
    crl_issuers: tuple[x509.Certificate, ...] = ()
    candidates: tuple[x509.Certificate, ...] = ()


class CRLSigner(NamedTuple):
    """
    A certificate whose key may have signed a CRL.

    Attributes:
        certificate: The certificate.

        authorized_by: Why it may sign CRLs for the issuer.
    """

    certificate: x509.Certificate
    authorized_by: AuthorizedBy


class CRLCase(Findings):
    """
    The state of one verification of a complete CRL, with its delta CRL.

    Attributes:
        asked: The certificate in question, and the conditions.

        complete: The complete CRL.

        delta: The delta CRL, or ``None``.

        reasons: The bits of the reasons that the CRL covers for this certificate (R9).

        signer: Who signed the complete CRL (R5), or ``None``.
    """

    __slots__ = ("asked", "complete", "delta", "reasons", "signer")

    def __init__(
        self, asked: CRLQuestion, complete: ReadCRL, delta: ReadCRL | None
    ) -> None:
        super().__init__()
        self.asked = asked
        self.complete = complete
        self.delta = delta
        self.reasons: frozenset[int] = frozenset()
        self.signer: CRLSigner | None = None

    @property
    def crls(self) -> tuple[ReadCRL, ...]:
        """The complete CRL, and the delta CRL if there is one."""
        return (self.complete,) if self.delta is None else (self.complete, self.delta)

    @property
    def newest(self) -> ReadCRL:
        """The delta CRL if there is one, else the complete CRL."""
        return self.delta or self.complete

    @property
    def is_direct(self) -> bool:
        """Whether the certificate's issuer issued the CRL, by its name."""
        return same_name(self.complete.issuer, parts_of(self.asked.issuer).subject)


def read_crl(
    data: CRLData | x509.CertificateRevocationList, name: str, findings: Findings
) -> ReadCRL | None:
    """R1: read the CRL *data*; on failure, add a finding and return ``None``."""
    if isinstance(data, x509.CertificateRevocationList):
        data = data.public_bytes(Encoding.DER)
    try:
        return ReadCRL(data, name)
    except DecodeError as error:
        report_malformed(findings, name, error)
        return None


def report_malformed(findings: Findings, name: str, error: DecodeError) -> None:
    """R1: report that the CRL is not strict DER or exceeds a limit."""
    findings.fail(
        "R1", MalformedCRL, f"{name} is {reason_rejected(error)}", path=error.path
    )
