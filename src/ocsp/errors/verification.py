"""
The errors of verification: why a response or a CRL is rejected.

::

    VerificationError(OCSPError)
    ├─ UnsuccessfulResponse(ResponseStatusError)   V1   an OCSP error
    ├─ MalformedResponse(ValueError)               V2 V3 V4 V5 V19
    ├─ UnhandledCriticalExtension                  V5 R8 R12
    ├─ SignatureAlgorithmNotAllowed                V6 R4
    ├─ CertIDMismatch                              V7   no entry for the certificate
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
    ├─ CertHashMismatch                            V30
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

An error carries every failure as a :class:`Finding`, the most specific one first, and
has the class of the first one. No error states the status of the certificate, with one
exception: :class:`RevokedButStale`, for a response whose only failure is its age.
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
    "CertHashMismatch",
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
    One finding of a rule: a failure or a warning.

    Attributes:
        rule: The id of the rule (``V19``), as in ``docs/conformance.md``.

        error: The class of error that a failure raises. A warning has one too.

        clause: The clause that the rule implements (``RFC 6960 §4.2.2.1``).

        message: What is wrong, in a sentence.

        values: The values that were compared, as pairs of name and value. A number of
            more than 160 bits is text, in hexadecimal.
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
    A response or a CRL failed verification.

    Attributes:
        failures: All failures, the most specific one first; never empty.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        found = tuple(failures)
        super().__init__(found)
        self.failures = found

    def __str__(self) -> str:
        return "; ".join(map(str, self.failures))


class UnsuccessfulResponse(VerificationError, ResponseStatusError):
    """
    The responder returned an OCSP error, which is not signed (RFC 6960 §2.3).

    Attributes:
        status: The :class:`ocsp.OCSPResponseStatus`. It is not authenticated.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        VerificationError.__init__(self, failures)
        self.status = dict(self.failures[0].values)["status"]

    def __str__(self) -> str:
        return VerificationError.__str__(self)


class MalformedResponse(VerificationError, ValueError):
    """The response does not have the structure of RFC 6960 §4.2.1."""


class UnhandledCriticalExtension(VerificationError):
    """A critical extension is not known to this implementation."""


class SignatureAlgorithmNotAllowed(VerificationError):
    """The policy does not accept the signature algorithm or the key."""


class CertIDMismatch(VerificationError):
    """No entry of the response is for the certificate."""


class CertHashMismatch(VerificationError):
    """CertHash is that of another certificate, cannot be compared, or is missing."""


class ConflictingResponses(VerificationError):
    """Several current entries for the certificate state different statuses."""


class IncompleteResponse(VerificationError):
    """A certificate of the request has no entry in the response."""


class ResponseSignatureInvalid(VerificationError, SignatureInvalid):
    """The signature of the response does not verify with the signer's key."""


class ResponderIDMismatch(VerificationError):
    """The responderID does not name the signer of the response."""


class NoResponderCertificate(VerificationError):
    """The certificate of the responder was neither given nor found in the response."""


class ResponderNotAuthorized(VerificationError):
    """The signer may not sign responses for the issuer."""


class MissingOCSPSigningEKU(ResponderNotAuthorized):
    """The signer's certificate lacks the extended key usage id-kp-OCSPSigning."""


class ResponderCertificateExpired(VerificationError):
    """The signer's certificate is expired or not yet valid."""


class ResponderCertificateNotSuitable(VerificationError):
    """The signer's certificate must not be used to sign responses."""


class ResponderRevocationUnknown(VerificationError):
    """
    It is not known whether the signer's certificate is revoked.

    The value *delegate* of the finding is this certificate, in DER: verify again with
    evidence about it.
    """


class ResponderRevoked(ResponderRevocationUnknown):
    """The signer's certificate is revoked."""


class ResponseNotYetValid(VerificationError):
    """The thisUpdate of the response is in the future."""


class ResponseExpired(VerificationError):
    """The response is too old."""


class RevokedButStale(ResponseExpired):
    """
    The certificate was revoked, as stated by a response or CRL that is only too old.

    A revocation is permanent, except that the CA may have lifted *certificateHold*
    since, so a caller may safely reject the certificate.

    Attributes:
        revocation_time: The time of revocation, aware, in UTC.

        this_update: The thisUpdate of the response or CRL, aware, in UTC.
    """

    def __init__(self, failures: Iterable[Finding]) -> None:
        super().__init__(failures)
        values = dict(self.failures[0].values)
        self.revocation_time = values["revocation_time"]
        self.this_update = values.get("this_update")


class NextUpdateMissing(VerificationError):
    """The response has no nextUpdate, and the policy requires it."""


class ValidityIntervalNotAllowed(VerificationError):
    """The policy does not accept the time from thisUpdate to nextUpdate."""


class ProducedAtInvalid(VerificationError):
    """The producedAt of the response contradicts the other times."""


class NonceMismatch(VerificationError):
    """The nonce in the response differs from the one in the request."""


class NonceMissing(NonceMismatch):
    """The request had a nonce, and the response has none."""


class RevocationDateInvalid(VerificationError):
    """The time of revocation is in the future, or its reason has an unknown code."""


class RevocationUndetermined(VerificationError):
    """There is no response for a certificate of a chain."""


class StatusNotAvailable(VerificationError):
    """The certificate has expired, and its status may no longer be kept."""


class MustStapleViolation(VerificationError):
    """The certificate requires a staple, and the server sent none that is valid."""


class MalformedCRL(VerificationError, ValueError):
    """The CRL does not have the structure of RFC 5280 §5."""


class CRLIssuerMismatch(VerificationError):
    """The certificate or the CRL names another issuer."""


class CRLSignerNotSuitable(VerificationError):
    """The issuer's certificate must not be used to sign CRLs."""


class CRLSignatureInvalid(VerificationError, SignatureInvalid):
    """The signature of the CRL does not verify with the issuer's key."""


class CRLNotYetValid(VerificationError):
    """The thisUpdate of the CRL is in the future."""


class CRLExpired(VerificationError):
    """The CRL is too old."""


class CRLScopeMismatch(VerificationError):
    """The certificate is not in the scope of the CRL."""


class ReasonsNotCovered(CRLScopeMismatch):
    """The CRL does not cover all reasons of revocation."""


class DeltaCRLMismatch(VerificationError):
    """The delta CRL cannot be applied to the complete CRL."""


class CertificateNotGood(OCSPError):
    """Verified evidence states that a certificate is not good."""


class CertificateRevoked(CertificateNotGood):
    """
    The certificate is revoked.

    Attributes:
        revocation_time: The time of revocation, aware, in UTC.

        revocation_reason: The reason of revocation, or ``None`` if none is stated.
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
        return f"the certificate was revoked at {self.revocation_time}{why}"


class CertificateNotIssued(CertificateRevoked):
    """The CA never issued this certificate (RFC 6960 §2.2)."""

    def __str__(self) -> str:
        return "the issuer has never issued a certificate with this serial number"


class CertificateStatusUnknown(CertificateNotGood):
    """The responder does not know the certificate."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the responder does not know the certificate"
