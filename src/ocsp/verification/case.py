"""
One verification: what is known, and what the rules find.

Rules of this file: no judgement; rules read a :class:`Case` and add findings to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import Finding, LimitExceeded, SignatureInvalid, VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.responses.response import OCSPResponse
from ocsp.verification.clauses import CLAUSES
from ocsp.verification.evidence import AuthorizedBy, Evidence
from ocsp.verification.facts import facts_of
from ocsp.verification.policy import Policy

__all__ = ["Candidate", "Case", "Findings", "reason_rejected"]


class Findings:
    """
    What rules have found.

    Attributes:
        failures: What speaks against the response, in the order it was found.

        warnings: What is worth to be known.
    """

    __slots__ = ("failures", "warnings")

    def __init__(self) -> None:
        self.failures: list[Finding] = []
        self.warnings: list[Finding] = []

    def fail(
        self, rule: str, error: type[VerificationError], message: str, **values: object
    ) -> None:
        """Add a failure of *rule*, with what was compared."""
        self.failures.append(_finding(rule, error, message, values))

    def warn(
        self, rule: str, error: type[VerificationError], message: str, **values: object
    ) -> None:
        """Add a warning of *rule*, with what was compared."""
        self.warnings.append(_finding(rule, error, message, values))


def _finding(
    rule: str, error: type[VerificationError], message: str, values: dict[str, object]
) -> Finding:
    return Finding(rule, error, CLAUSES[rule].source, message, tuple(values.items()))


def reason_rejected(error: Exception) -> str:
    """Say of octets why they are not taken: they are too many, or no such message."""
    large = isinstance(error, LimitExceeded)
    return f"{'larger than what is verified' if large else 'malformed'}: {error}"


class Candidate(Findings):
    """
    A certificate whose key may have signed the response.

    Attributes:
        certificate: The certificate.

        authorized_by: Why it might speak for the issuer.

        facts: What the certificate says of its key.
    """

    __slots__ = ("authorized_by", "certificate", "facts")

    def __init__(
        self, certificate: x509.Certificate, authorized_by: AuthorizedBy
    ) -> None:
        self.failures = []
        self.warnings = []
        self.certificate = certificate
        self.authorized_by = authorized_by
        self.facts = facts_of(certificate)

    @property
    def name(self) -> str:
        """The subject, for sentences."""
        return text(name_of_subject(self.certificate))


class Case(Findings):
    """
    What one verification knows.

    Attributes:
        response: The response, successful.

        cert: The certificate that was asked about, or its CertID.

        issuer: Who issued it.

        at: The time of judgement, aware, in UTC.

        nonce: The nonce that was sent, or ``None``.

        request: The request that was sent, or ``None``.

        responders: Whom the relying party has configured.

        evidence: What is known of the delegates' own certificates.

        policy: What the relying party insists on.

        refuted: Why the issuer has not signed, where that has been tried already.

        signer: Who signed, once it is found.

        signatures: How many signatures have been checked.
    """

    __slots__ = (
        "at",
        "cert",
        "evidence",
        "issuer",
        "issuer_signature_error",
        "nonce",
        "policy",
        "request",
        "responders",
        "response",
        "signatures",
        "signer",
    )

    def __init__(
        self,
        response: OCSPResponse,
        cert: x509.Certificate | CertID,
        issuer: x509.Certificate,
        at: datetime.datetime,
        *,
        nonce: bytes | None,
        request: OCSPRequest | None,
        responders: Sequence[x509.Certificate],
        evidence: Sequence[Evidence],
        policy: Policy,
    ) -> None:
        self.failures = []
        self.warnings = []
        self.response = response
        self.cert = cert
        self.issuer = issuer
        self.at = at
        self.nonce = nonce
        self.request = request
        self.responders = responders
        self.evidence = evidence
        self.policy = policy
        self.issuer_signature_error: SignatureInvalid | None = None
        self.signer: Candidate | None = None
        self.signatures = 0
