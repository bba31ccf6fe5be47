"""
Describe the result of ``ocsp verify`` as dictionaries, as ``--json`` prints them.

See :mod:`ocsp.inspection.documents`. A document has a status only if the response is
verified. A stale *revoked* is a failure, and is marked by a separate key.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from typing import Any, Literal

from cryptography import x509

from ocsp.asn1.certificates import serial_of
from ocsp.asn1.der import number_text
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.cli.documents.verdict import (
    EvidenceDocument,
    FindingDocument,
    SubjectDocument,
    VerdictDocument,
)
from ocsp.errors import Finding, RevokedButStale, VerificationError
from ocsp.inspection.certificates import certificate_document
from ocsp.inspection.documents import cert_id_document, response_status_name
from ocsp.inspection.parts import algorithm_document, serial_document
from ocsp.inspection.vocabulary import span
from ocsp.messages.certid import CertID
from ocsp.messages.reasons import reason_name
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.verification import UNBOUNDED, VerifiedResponse

__all__ = ["STATUS_NAMES", "finding_document", "subject_document", "verdict_document"]


def verdict_document(
    outcome: VerifiedResponse | VerificationError,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    at: datetime.datetime,
    policy: str,
) -> VerdictDocument:
    """
    Describe the result of a verification.

    Args:
        outcome: The evidence, or the error that lists the failures.

        cert: The certificate, or its CertID.

        issuer: The certificate of its issuer.

        at: The time of verification.

        policy: The name of the policy.
    """
    evidence = outcome if isinstance(outcome, VerifiedResponse) else None
    failures = () if isinstance(outcome, VerifiedResponse) else outcome.failures
    return {
        "type": "verdict",
        "verified": evidence is not None,
        "status": STATUS_NAMES[evidence.status] if evidence else None,
        "revoked_but_stale": isinstance(outcome, RevokedButStale),
        "certificate": subject_document(cert),
        "issuer": name_text(name_of_subject(issuer)),
        "at": timestamp(at),
        "policy": policy,
        "evidence": _evidence(evidence) if evidence else None,
        "failures": [finding_document(each) for each in failures],
        "warnings": [
            finding_document(each) for each in (evidence.warnings if evidence else ())
        ],
    }


STATUS_NAMES: Mapping[OCSPCertStatus, Literal["good", "revoked", "unknown"]] = {
    OCSPCertStatus.GOOD: "good",
    OCSPCertStatus.REVOKED: "revoked",
    OCSPCertStatus.UNKNOWN: "unknown",
}
"""The names of the statuses in documents."""


def subject_document(cert: x509.Certificate | CertID) -> SubjectDocument:
    """Describe the certificate in question."""
    if isinstance(cert, CertID):
        return {"subject": None, "serial_number": serial_document(cert.serial_number)}
    return {
        "subject": name_text(name_of_subject(cert)),
        "serial_number": serial_document(serial_of(cert)),
    }


def _evidence(evidence: VerifiedResponse) -> EvidenceDocument:
    reason = evidence.revocation_reason
    algorithm = evidence.response.signature_algorithm_oid
    return {
        "cert_id": cert_id_document(evidence.cert_id),
        "revocation_time": _moment(evidence.revocation_time),
        "revocation_reason": None if reason is None else reason_name(reason),
        "not_issued": evidence.not_issued,
        "this_update": timestamp(evidence.this_update),
        "next_update": _moment(evidence.next_update),
        "holds_until": timestamp(evidence.holds_until),
        "produced_at": timestamp(evidence.produced_at),
        "authorized_by": evidence.authorized_by.value,
        "responder": certificate_document(evidence.responder),
        "signature_algorithm": algorithm_document(algorithm.dotted_string),
        "nonce_matched": evidence.nonce_matched,
    }


def _moment(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def finding_document(finding: Finding) -> FindingDocument:
    """Describe one failure or warning."""
    return {
        "rule": finding.rule,
        "error": finding.error.__name__,
        "clause": finding.clause,
        "message": finding.message,
        "values": {name: _value(value) for name, value in finding.values},
    }


def _value(value: object) -> str | list[Any] | None:
    """Return a value of a finding as text, or as a list of texts."""
    match value:
        case None:
            return None
        case bytes():
            return value.hex()
        case tuple():
            return [_value(each) for each in value]
        case datetime.datetime():
            return timestamp(value)
        case datetime.timedelta():
            bounded = value != UNBOUNDED
            return span(int(value.total_seconds())) if bounded else "unbounded"
        case OCSPResponseStatus():
            return response_status_name(value)
        case enum.Enum():
            return str(value.value)
        case int():
            return number_text(value)
        case _:
            return str(value)
