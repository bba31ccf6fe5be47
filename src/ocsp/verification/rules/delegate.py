"""
V6, V13, V14, V16 and V17: whether a certificate authorizes its key for responses.

The issuer has to issue a delegate's certificate directly, with the same key that issued
the certificate in question (RFC 6960 §4.2.2.2). No chain is built.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.certificates import (
    certificate_der,
    certificate_size,
    outer_algorithm,
    parts_of,
)
from ocsp.asn1.name_comparison import (
    name_of_issuer,
    name_of_subject,
    same_name,
    text,
)
from ocsp.errors import (
    MissingOCSPSigningEKU,
    ResponderCertificateNotSuitable,
    ResponderNotAuthorized,
    ResponderRevocationUnknown,
    ResponderRevoked,
    SignatureAlgorithmNotAllowed,
    SignatureInvalid,
    VerificationError,
)
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.signing.issued import check_issued
from ocsp.verification.case import Candidate, Case
from ocsp.verification.evidence import AuthorizedBy, Evidence
from ocsp.verification.facts import MAY_NOT_SIGN, facts_of, key_size_problem, needs_pss
from ocsp.verification.policy import DelegateRevocation, IssuerKeyUsage, SignatureHashes

__all__ = [
    "for_ocsp_signing",
    "issuance_error",
    "issued_by_issuer",
    "may_sign",
    "not_revoked",
    "strong_enough",
]


def strong_enough(case: Case, candidate: Candidate) -> None:
    """V6: check the key sizes against the policy and the upper limits."""
    certificates = [candidate.certificate]
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        # An attacker who breaks the issuer's key can issue delegates.
        certificates.append(case.issuer)
    for certificate in certificates:
        facts = facts_of(certificate)
        problem = key_size_problem(facts, case.policy)
        if problem:
            candidate.fail(
                "V6",
                SignatureAlgorithmNotAllowed,
                f"the key of {text(name_of_subject(certificate))} {problem}",
                bits=facts.bits,
            )


class IssuanceError(NamedTuple):
    """
    Why a certificate is not accepted as issued by a given issuer.

    Attributes:
        rule: The rule that fails.

        error: The class of the failure.

        message: What is wrong with the certificate.
    """

    rule: str
    error: type[VerificationError]
    message: str


class _Checked(NamedTuple):
    """A delegate that was checked, with its issuer, and what is wrong with it."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    error: IssuanceError | None


_checked: BoundedCache[tuple[bytes, int, SignatureHashes], _Checked] = BoundedCache()
"""
The delegates that were checked, by their signatures, which are at hand. Two
certificates can share a signature, so the whole certificates are compared.
"""


def issuance_error(
    certificate: x509.Certificate, issuer: x509.Certificate, accepted: SignatureHashes
) -> IssuanceError | None:
    """Return why *issuer* did not issue *certificate* directly, or ``None``; cached."""
    key = certificate.signature, id(issuer), accepted
    known = _checked[key]
    if known is None or known.certificate != certificate:
        error = _find_issuance_error(certificate, issuer, accepted)
        octets = 2 * (certificate_size(certificate) + certificate_size(issuer))
        known = _checked.keep(key, _Checked(certificate, issuer, error), octets)
    return known.error


def _find_issuance_error(
    certificate: x509.Certificate, issuer: x509.Certificate, accepted: SignatureHashes
) -> IssuanceError | None:
    parts = parts_of(certificate)
    if not same_name(parts.issuer, name_of_subject(issuer)):
        name, expected = name_of_issuer(certificate), name_of_subject(issuer)
        message = f"was issued by {text(name)}, not by {text(expected)}"
        return IssuanceError("V13", ResponderNotAuthorized, message)
    if parts.algorithm != outer_algorithm(certificate):
        message = "has two different signature algorithms (RFC 5280 §4.1.1.2)"
        return IssuanceError("V6", SignatureAlgorithmNotAllowed, message)
    if needs_pss(facts_of(issuer), parts.algorithm):
        message = "is not signed with PSS, but the key is for PSS only (RFC 4055 §1.2)"
        return IssuanceError("V6", SignatureAlgorithmNotAllowed, message)
    try:
        check_issued(
            certificate, issuer, unsafe_sha1=accepted is SignatureHashes.UNSAFE_SHA1
        )
    except SignatureInvalid:
        message = "names this issuer but is not signed by its key"
        return IssuanceError("V13", ResponderNotAuthorized, message)
    except UnsupportedAlgorithm as error:
        message = f"is signed with an algorithm that is not accepted: {error}"
        return IssuanceError("V6", SignatureAlgorithmNotAllowed, message)
    return None


def issued_by_issuer(case: Case, candidate: Candidate) -> None:
    """V13: check that the issuer's key signed the certificate; V6: and how."""
    certificate = candidate.certificate
    error = issuance_error(certificate, case.issuer, case.policy.signature_hashes)
    if error is not None:
        candidate.fail(
            error.rule,
            error.error,
            f"the certificate of the signer {candidate.name} {error.message}",
            issuer=text(name_of_issuer(certificate)),
            expected=text(name_of_subject(case.issuer)),
        )


_MAX_SHOWN = 16
"""Purposes that a message lists; certificates of public CAs have one to three."""


def for_ocsp_signing(candidate: Candidate) -> None:
    """V14: require id-kp-OCSPSigning; anyExtendedKeyUsage is not enough."""
    purposes = candidate.facts.purposes
    if ExtendedKeyUsageOID.OCSP_SIGNING in purposes:
        return
    shown = nsmallest(_MAX_SHOWN, (each.dotted_string for each in purposes))
    more = len(purposes) - len(shown)
    listed = ", ".join(shown) or (
        "cannot be decoded" if candidate.facts.purposes_error else "none"
    )
    candidate.fail(
        "V14",
        MissingOCSPSigningEKU,
        f"the certificate of the signer {candidate.name} lacks the extended key usage "
        f"OCSPSigning; it has: {listed}" + (f" and {more} more" if more else ""),
        purposes=tuple(shown),
    )


def may_sign(case: Case, candidate: Candidate) -> None:
    """V16: check that a delegate is not a CA, and that the signer's key may sign."""
    facts = candidate.facts
    if facts.ca and candidate.authorized_by is AuthorizedBy.DELEGATE:
        _report_unsuitable(
            candidate, "is a CA certificate, which must not be a delegate"
        )
    if facts.unknown_critical:
        _report_unsuitable(
            candidate,
            f"has the critical extension {facts.unknown_critical}, which "
            f"{facts.critical_error}",
        )
    elif facts.usage_error:
        _report_unsuitable(
            candidate, f"has a keyUsage that cannot be decoded: {facts.usage_error}"
        )
    elif facts.ca_error and candidate.authorized_by is AuthorizedBy.DELEGATE:
        _report_unsuitable(
            candidate, f"has basicConstraints that cannot be decoded: {facts.ca_error}"
        )
    if not (facts.may_sign or facts.usage_error):
        accepted = (
            candidate.authorized_by is AuthorizedBy.ISSUER
            and case.policy.issuer_key_usage is IssuerKeyUsage.WARN
            and facts.may_issue  # It could issue a delegate.
        )
        _report_unsuitable(candidate, MAY_NOT_SIGN, warn=accepted)


def _report_unsuitable(candidate: Candidate, why: str, *, warn: bool = False) -> None:
    report = candidate.warn if warn else candidate.fail
    report(
        "V16",
        ResponderCertificateNotSuitable,
        f"the certificate of the signer {candidate.name} {why}",
    )


def not_revoked(case: Case, candidate: Candidate) -> None:
    """V17: check that the delegate is not revoked, as far as the policy requires it."""
    how, facts = case.policy.delegate_revocation, candidate.facts
    counting = _counting(case, _evidence_about(case, candidate.certificate))
    statuses = {each.status for each in counting}
    if OCSPCertStatus.REVOKED in statuses:
        candidate.fail(
            "V17",
            ResponderRevoked,
            f"the certificate of the signer {candidate.name} is revoked",
            delegate=certificate_der(candidate.certificate),
        )
        return
    exempt = facts.nocheck and how is not DelegateRevocation.REQUIRE_EVIDENCE
    if exempt or how is DelegateRevocation.UNSAFE_SKIP:
        return
    if OCSPCertStatus.GOOD in statuses:
        candidate.evidence_until = max(
            each.holds_until for each in counting if each.status is OCSPCertStatus.GOOD
        )
        return
    unnamed = not (facts.names_status_place or statuses)
    accepted = how is DelegateRevocation.IF_NAMED and unnamed
    report = candidate.warn if accepted else candidate.fail
    report(
        "V17",
        ResponderRevocationUnknown,
        f"it is not known whether the signer {candidate.name} is revoked: "
        f"{_why_unknown(candidate, statuses, how)}",
        policy=how,
        delegate=certificate_der(candidate.certificate),
    )


def _evidence_about(case: Case, delegate: x509.Certificate) -> list[Evidence]:
    """Return the evidence about *delegate*, whether it has ended or not."""
    return [
        evidence
        for evidence in case.evidence
        if not evidence.is_signed_by_key_of(delegate)
        and evidence.is_about(delegate, case.issuer)
        and evidence.this_update - case.at <= case.policy.clock_skew
    ]


def _counting(case: Case, about: list[Evidence]) -> list[Evidence]:
    """
    Return the evidence about the delegate that counts at the moment.

    A revocation also counts after its end, until newer evidence states *good*.
    """
    current = [each for each in about if case.at < each.holds_until]
    good = [each.this_update for each in current if each.status is OCSPCertStatus.GOOD]
    revoked = [each for each in about if each.status is OCSPCertStatus.REVOKED]
    return current + [
        each for each in revoked if not good or max(good) <= each.this_update
    ]


def _why_unknown(
    candidate: Candidate, statuses: set[OCSPCertStatus], how: DelegateRevocation
) -> str:
    if statuses:
        return "the evidence about it states the status unknown"
    if how is DelegateRevocation.REQUIRE_EVIDENCE:
        return "the policy requires evidence about it, and none was given"
    place = "a place" if candidate.facts.names_status_place else "no place"
    return (
        f"its certificate has no id-pkix-ocsp-nocheck and names {place} for its "
        "status, and no evidence about it was given"
    )
