"""
Why a response, or a CRL, is not believed.

::

    VerificationError(OCSPError)
    ├─ UnsuccessfulResponse(ResponseStatusError)   V1   the responder did not answer
    ├─ MalformedResponse(ValueError)               V2 V3 V4 V19
    ├─ UnhandledCriticalExtension                  V5 R8 R12
    ├─ SignatureAlgorithmNotAllowed                V6 R4
    ├─ CertIDMismatch                              V7   nothing about the certificate
    ├─ ConflictingResponses                        V8   only as a warning
    ├─ IncompleteResponse                          V9
    ├─ ResponseSignatureInvalid(SignatureInvalid)  V10
    ├─ ResponderIDMismatch                         V11
    ├─ NoResponderCertificate                      V12
    ├─ ResponderNotAuthorized                      V13
    │  └─ MissingOCSPSigningEKU                    V14
    ├─ ResponderCertificateExpired                 V15
    ├─ ResponderCertificateNotSuitable             V16
    ├─ ResponderRevocationUnknown                  V17
    │  └─ ResponderRevoked                         V17
    ├─ ResponseNotYetValid                         V18
    ├─ ResponseExpired                             V19
    │  └─ RevokedButStale                          V20 R13
    ├─ NextUpdateMissing                           V19 R7
    ├─ ValidityIntervalNotAllowed                  V19
    ├─ ProducedAtInvalid                           V21
    ├─ NonceMismatch                               V22
    │  └─ NonceMissing                             V22
    ├─ RevocationDateInvalid                       V23 R14, only as a warning
    ├─ StatusNotAvailable                          V25 V26 R15
    ├─ RevocationUndetermined                      V27
    ├─ MustStapleViolation                         V28
    ├─ MalformedCRL(ValueError)                    R1 R12
    ├─ CRLIssuerMismatch                           R2
    ├─ CRLSignerNotSuitable                        R3
    ├─ CRLSignatureInvalid(SignatureInvalid)       R5
    ├─ CRLNotYetValid                              R6
    ├─ CRLExpired                                  R7
    ├─ CRLScopeMismatch                            R9
    │  └─ ReasonsNotCovered                        R10
    └─ DeltaCRLMismatch                            R11
    CertificateNotGood(OCSPError)                  V20  only from ``require_good``
    ├─ CertificateRevoked
    │  └─ CertificateNotIssued                     V24
    └─ CertificateStatusUnknown

Rules of this file: an error carries every :class:`Finding`, most specific first, and is
of the class of the first one. No error says what the status would have been; the one
exception is :class:`RevokedButStale`, where nothing but the age speaks against it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509

from ocsp.errors.general import OCSPError, ResponseStatusError, SignatureInvalid

__all__ = [
    "CRLExpired",
    "CRLIssuerMismatch",
    "CRLNotYetValid",
    "CRLScopeMismatch",
    "CRLSignatureInvalid",
    "CRLSignerNotSuitable",
    "CertIDMismatch",
    "CertificateNotGood",
    "CertificateNotIssued",
    "CertificateRevoked",
    "CertificateStatusUnknown",
    "ConflictingResponses",
    "DeltaCRLMismatch",
    "Finding",
    "IncompleteResponse",
    "MalformedCRL",
    "MalformedResponse",
    "MissingOCSPSigningEKU",
    "MustStapleViolation",
    "NextUpdateMissing",
    "NoResponderCertificate",
    "NonceMismatch",
    "NonceMissing",
    "ProducedAtInvalid",
    "ReasonsNotCovered",
    "ResponderCertificateExpired",
    "ResponderCertificateNotSuitable",
    "ResponderIDMismatch",
    "ResponderNotAuthorized",
    "ResponderRevocationUnknown",
    "ResponderRevoked",
    "ResponseExpired",
    "ResponseNotYetValid",
    "ResponseSignatureInvalid",
    "RevocationDateInvalid",
    "RevocationUndetermined",
    "RevokedButStale",
    "SignatureAlgorithmNotAllowed",
    "StatusNotAvailable",
    "UnhandledCriticalExtension",
    "UnsuccessfulResponse",
    "ValidityIntervalNotAllowed",
    "VerificationError",
]


class Finding(NamedTuple):
    """
    One thing that a rule has found, whether it fails the response or is a warning.

    Attributes:
        rule: The id of the rule (``V19``), as in ``docs/conformance.md``.

        error: The class of error that it is, or would be.

        clause: What the rule is taken from (``RFC 6960 §4.2.2.1``).

        message: What is the matter, a sentence for people.

        values: What was compared: pairs of a name and a value.
    """

    rule: str
    error: type[VerificationError]
    clause: str
    message: str
    values: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return f"{self.message} [{self.rule}, {self.clause}]"


class VerificationError(OCSPError):
    """
    A response is no evidence for the certificate that was asked about.

    Attributes:
        failures: All that speaks against it, most specific first; never empty.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        found = tuple(failures)
        super().__init__(found)
        self.failures = found

    def __str__(self) -> str:
        return "; ".join(map(str, self.failures))


class UnsuccessfulResponse(VerificationError, ResponseStatusError):
    """
    The responder did not answer *successful*. Nobody signs that (RFC 6960 §2.3).

    Attributes:
        status: The :class:`ocsp.OCSPResponseStatus`; anybody may have written it.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        VerificationError.__init__(self, failures)
        self.status = dict(self.failures[0].values)["status"]

    def __str__(self) -> str:
        return VerificationError.__str__(self)


class MalformedResponse(VerificationError, ValueError):
    """The response is not what RFC 6960 §4.2.1 describes."""


class UnhandledCriticalExtension(VerificationError):
    """An extension that must be understood is not known."""


class SignatureAlgorithmNotAllowed(VerificationError):
    """The signature is of an algorithm or with a key that the policy does not take."""


class CertIDMismatch(VerificationError):
    """No entry is about the certificate."""


class ConflictingResponses(VerificationError):
    """Several current entries about the certificate contradict each other."""


class IncompleteResponse(VerificationError):
    """A certificate that was asked about has no entry."""


class ResponseSignatureInvalid(VerificationError, SignatureInvalid):
    """The signature over the response is not that of its responder."""


class ResponderIDMismatch(VerificationError):
    """The responderID is not that of whoever has signed."""


class NoResponderCertificate(VerificationError):
    """There is no certificate of the responder to be found."""


class ResponderNotAuthorized(VerificationError):
    """Whoever has signed may not speak for the issuer."""


class MissingOCSPSigningEKU(ResponderNotAuthorized):
    """The signer's certificate is not for OCSP signing."""


class ResponderCertificateExpired(VerificationError):
    """The signer's certificate is not valid at the time in question."""


class ResponderCertificateNotSuitable(VerificationError):
    """The signer's certificate is of a kind that must not sign responses."""


class ResponderRevocationUnknown(VerificationError):
    """Nothing says whether the signer's certificate is revoked."""


class ResponderRevoked(ResponderRevocationUnknown):
    """The signer's certificate is revoked."""


class ResponseNotYetValid(VerificationError):
    """thisUpdate lies in the future."""


class ResponseExpired(VerificationError):
    """The response is too old."""


class RevokedButStale(ResponseExpired):
    """
    The certificate was revoked, says what is right in all but its age.

    A revocation does not end by itself, so whoever refuses the certificate does right;
    only *certificateHold* may have been lifted since.

    Attributes:
        revocation_time: Since when, aware, in UTC.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        super().__init__(failures)
        values = dict(self.failures[0].values)
        self.revocation_time = values["revocation_time"]


class NextUpdateMissing(VerificationError):
    """The response does not say until when it holds."""


class ValidityIntervalNotAllowed(VerificationError):
    """The response holds for longer or shorter than the policy takes."""


class ProducedAtInvalid(VerificationError):
    """The time of signing does not go with the other times."""


class NonceMismatch(VerificationError):
    """The nonce is not the one that was sent."""


class NonceMissing(NonceMismatch):
    """A nonce was sent, and none came back."""


class RevocationDateInvalid(VerificationError):
    """Date or reason of a revocation make no sense."""


class RevocationUndetermined(VerificationError):
    """There is no response to be verified."""


class StatusNotAvailable(VerificationError):
    """The responder keeps no status of certificates that ended so long ago."""


class MustStapleViolation(VerificationError):
    """A certificate that demands a staple came without a valid one."""


class MalformedCRL(VerificationError, ValueError):
    """The CRL is not what RFC 5280 §5 describes."""


class CRLIssuerMismatch(VerificationError):
    """The certificate or the CRL is not of this issuer."""


class CRLSignerNotSuitable(VerificationError):
    """The issuer's certificate is of a kind that must not sign CRLs."""


class CRLSignatureInvalid(VerificationError, SignatureInvalid):
    """The signature over the CRL is not that of the issuer."""


class CRLNotYetValid(VerificationError):
    """thisUpdate of the CRL lies in the future."""


class CRLExpired(VerificationError):
    """The CRL is too old."""


class CRLScopeMismatch(VerificationError):
    """The CRL is about other certificates."""


class ReasonsNotCovered(CRLScopeMismatch):
    """The CRL does not tell of revocations for all reasons."""


class DeltaCRLMismatch(VerificationError):
    """Complete CRL and delta CRL do not go together."""


class CertificateNotGood(OCSPError):
    """A verified response says that a certificate is not good."""


class CertificateRevoked(CertificateNotGood):
    """
    The certificate is revoked.

    Attributes:
        revocation_time: Since when, aware, in UTC.

        revocation_reason: Why, or ``None`` where nothing is said.
    """

    def __init__(
        self,
        revocation_time: datetime.datetime | None,
        revocation_reason: x509.ReasonFlags | None,
    ) -> None:
        super().__init__(revocation_time, revocation_reason)
        self.revocation_time = revocation_time
        self.revocation_reason = revocation_reason

    def __str__(self) -> str:
        reason = self.revocation_reason
        why = "" if reason is None else f" ({reason.value})"
        return f"the certificate is revoked since {self.revocation_time}{why}"


class CertificateNotIssued(CertificateRevoked):
    """*Revoked* is said because no such certificate was issued (RFC 6960 §2.2)."""

    def __str__(self) -> str:
        return "the issuer has never issued a certificate with this serial number"


class CertificateStatusUnknown(CertificateNotGood):
    """The responder does not know the certificate."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the responder does not know the certificate"
