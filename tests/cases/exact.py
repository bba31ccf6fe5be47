"""
The exact findings of this package in each case, with the names of their values.

The document requires less, because other implementations may report more failures, or
only the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocsp.errors import Finding
from tests.cases.run import Outcome

__all__ = ["MORE", "VALUES", "surprises"]

MORE: dict[str, tuple[str, ...]] = {
    "cves::cve-2013-0166": ("V6", "V10"),
    "message::same-extension-twice": ("V4", "V22"),
    "pathological::key-of-an-unknown-kind": ("V6", "V10"),
    "pathological::key-of-twenty-thousand-bits": ("V6", "V10"),
    "pathological::many-decoys": ("V10",) * 8 + ("V12",),
    "signer::another-ca-signs": ("V14", "V16", "V13"),
    "signer::ca-above-the-issuer-signs": ("V14", "V16", "V13"),
}
"""All failures of the cases that have more than the document requires."""

VALUES: dict[tuple[str, str], set[tuple[str, ...]]] = {
    ("V1", "UnsuccessfulResponse"): {("status",)},
    ("V2", "MalformedResponse"): {("path", "offset")},
    ("V3", "MalformedResponse"): {("path",)},
    ("V4", "MalformedResponse"): {(), ("oid",)},
    ("V5", "UnhandledCriticalExtension"): {("oid",)},
    ("V5", "MalformedResponse"): {("oid",)},
    ("V6", "SignatureAlgorithmNotAllowed"): {
        ("algorithm",),
        ("bits",),
        ("issuer", "expected"),
    },
    ("V7", "CertIDMismatch"): {(), ("expected", "found")},
    ("V8", "ConflictingResponses"): {("entries",)},
    ("V9", "IncompleteResponse"): {("missing",)},
    ("V10", "ResponseSignatureInvalid"): {("algorithm",)},
    ("V11", "ResponderIDMismatch"): {("responder",)},
    ("V12", "NoResponderCertificate"): {("candidates",), ("responder", "candidates")},
    ("V13", "ResponderNotAuthorized"): {("issuer", "expected")},
    ("V14", "MissingOCSPSigningEKU"): {("purposes",)},
    ("V15", "ResponderCertificateExpired"): {("not_before", "not_after", "at")},
    ("V16", "ResponderCertificateNotSuitable"): {()},
    ("V17", "ResponderRevocationUnknown"): {("policy", "delegate")},
    ("V17", "ResponderRevoked"): {("delegate",)},
    ("V18", "ResponseNotYetValid"): {("this_update", "at")},
    ("V19", "MalformedResponse"): {("interval",)},
    ("V19", "NextUpdateMissing"): {("this_update",)},
    ("V19", "ResponseExpired"): {
        ("next_update", "at"),
        ("this_update", "at", "max_age"),
    },
    ("V19", "ValidityIntervalNotAllowed"): {
        ("interval", "min_interval", "max_interval")
    },
    ("V20", "RevokedButStale"): {("revocation_time", "this_update")},
    ("V21", "ProducedAtInvalid"): {("produced_at", "at")},
    ("V22", "NonceMismatch"): {(), ("octets",), ("sent", "received")},
    ("V22", "NonceMissing"): {("sent",)},
    ("V23", "RevocationDateInvalid"): {("reason",), ("revocation_time", "at")},
    ("V25", "StatusNotAvailable"): {("not_after", "archive_cutoff")},
    ("V26", "StatusNotAvailable"): {("not_after", "at")},
    ("V27", "RevocationUndetermined"): {("serial_number",)},
    ("V28", "MustStapleViolation"): {()},
    ("V30", "CertHashMismatch"): {()},
}
"""The names of the values that come with a finding, by rule and error."""


def surprises(case: dict[str, Any], outcome: Outcome) -> list[str]:
    """Return the differences between *outcome* and the exact findings."""
    expected = case["expected"]
    wanted = MORE.get(case["id"], tuple(expected.get("failures", ())))
    return [
        *_of_one({**expected, "failures": wanted}, outcome),
        *(
            each
            for one, other in zip(expected.get("chain", ()), outcome.chain, strict=True)
            for each in _of_one(one, other)
        ),
    ]


def _of_one(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    pairs = (("failures", outcome.failures), ("warnings", outcome.warnings))
    for kind, findings in pairs:
        rules = sorted(finding.rule for finding in findings)
        wanted = sorted(expected.get(kind, ()))
        if rules != wanted:
            yield f"{kind} {rules}, not {wanted}"
        yield from _unknown_values(findings)


def _unknown_values(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings:
        names = tuple(name for name, _ in finding.values)
        if names not in VALUES.get((finding.rule, finding.error.__name__), set()):
            yield f"{finding.rule}, {finding.error.__name__} has values {names}"
