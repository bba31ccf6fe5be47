"""
The state of one verification: its inputs, and the findings of the rules.

The rules read a :class:`Case` and add findings to it. Nothing here makes a decision.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cryptography import x509

from ocsp.asn1.der import MAX_DECIMAL_BITS, number_text
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
    The findings of the rules.

    Attributes:
        failures: The findings that make verification fail, in the order of discovery.

        warnings: The findings that do not.
    """

    __slots__ = ("failures", "warnings")

    def __init__(self) -> None:
        self.failures: list[Finding] = []
        self.warnings: list[Finding] = []

    def fail(
        self, rule: str, error: type[VerificationError], message: str, **values: object
    ) -> None:
        """Add a failure of *rule*, with the values that were compared."""
        self.failures.append(_finding(rule, error, message, values))

    def warn(
        self, rule: str, error: type[VerificationError], message: str, **values: object
    ) -> None:
        """Add a warning of *rule*, with the values that were compared."""
        self.warnings.append(_finding(rule, error, message, values))


def _finding(
    rule: str, error: type[VerificationError], message: str, values: dict[str, object]
) -> Finding:
    shown = tuple((name, _short(value)) for name, value in values.items())
    return Finding(rule, error, CLAUSES[rule].source, message, shown)


def _short(value: object) -> object:
    """Return *value* with long numbers as text, because Python refuses to show them."""
    if isinstance(value, tuple):
        return tuple(map(_short, value))
    if isinstance(value, int) and value.bit_length() > MAX_DECIMAL_BITS:
        return number_text(value)
    return value


def reason_rejected(error: Exception) -> str:
    """Describe why the data was rejected: too large, or malformed."""
    large = isinstance(error, LimitExceeded)
    return f"{'too large' if large else 'malformed'}: {error}"


class Candidate(Findings):
    """
    A certificate whose key may have signed the response.

    Attributes:
        certificate: The certificate.

        authorized_by: Why it might sign for the issuer.

        facts: The fields of the certificate that verification needs.

        evidence_until: When the evidence ends without which the rules would reject the
            certificate; ``None`` if they need none.
    """

    __slots__ = ("authorized_by", "certificate", "evidence_until", "facts")

    def __init__(
        self, certificate: x509.Certificate, authorized_by: AuthorizedBy
    ) -> None:
        self.failures = []
        self.warnings = []
        self.certificate = certificate
        self.authorized_by = authorized_by
        self.facts = facts_of(certificate)
        self.evidence_until: datetime.datetime | None = None

    @property
    def name(self) -> str:
        """The subject, as text for messages."""
        return text(name_of_subject(self.certificate))


class Case(Findings):
    """
    The state of one verification of a response.

    Attributes:
        response: The response, whose status is *successful*.

        cert: The certificate in question, or its CertID.

        issuer: The certificate of its issuer.

        at: The moment for which the verifier judges, aware, in UTC.

        nonce: The nonce of the request, or ``None``.

        request: The request that was sent, or ``None``.

        responders: The certificates that the caller configured as responders.

        candidates: More certificates that may be the signer's; they are not trusted.

        evidence: Evidence about the certificates of delegates.

        policy: What the relying party requires.

        refused: The certificate with whose key the fast path has checked the signature,
            and why it does not verify; ``None`` if it has not.

        signer: The signer, after it was found.

        signatures: The number of signatures that were budgeted so far.
    """

    __slots__ = (
        "at",
        "candidates",
        "cert",
        "evidence",
        "issuer",
        "nonce",
        "policy",
        "refused",
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
        candidates: Sequence[x509.Certificate],
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
        self.candidates = candidates
        self.evidence = evidence
        self.policy = policy
        self.refused: tuple[x509.Certificate, SignatureInvalid] | None = None
        self.signer: Candidate | None = None
        self.signatures = 0
