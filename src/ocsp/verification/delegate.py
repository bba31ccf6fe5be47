"""
V6, V13, V14, V16 and V17: whether a certificate makes its key speak for the issuer.

Rules of this file: a delegate is issued directly, with the same key that issued the
certificate in question (RFC 6960 §4.2.2.2); no chain is built.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.statuses import OCSPCertStatus
from ocsp.verification.case import Candidate, Case
from ocsp.verification.errors import (
    MissingOCSPSigningEKU,
    ResponderCertificateNotSuitable,
    ResponderNotAuthorized,
    ResponderRevocationUnknown,
    ResponderRevoked,
    SignatureAlgorithmNotAllowed,
)
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.facts import odd_size
from ocsp.verification.policy import DelegateRevocation, IssuerKeyUsage, SignatureHashes

__all__ = [
    "for_ocsp_signing",
    "issued_by_issuer",
    "may_sign",
    "not_revoked",
    "strong_enough",
]


def strong_enough(case: Case, candidate: Candidate) -> None:
    """V6: the key has as many bits as the policy asks for, and not absurdly many."""
    facts = candidate.facts
    odd = odd_size(facts, case.policy)
    if odd:
        candidate.fail(
            "V6",
            SignatureAlgorithmNotAllowed,
            f"the key of the signer {candidate.name} {odd}",
            bits=facts.bits,
        )


MAX_REMEMBERED = 256
"""Delegates of which it is known who issued them: an issuer has one or two."""


@lru_cache(maxsize=MAX_REMEMBERED)
def _why_not_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> str:
    """Return why *issuer* has not issued *certificate* itself, or nothing."""
    if certificate.issuer != issuer.subject:
        return (
            f"was issued by {certificate.issuer.rfc4514_string()!r}, "
            f"not by {issuer.subject.rfc4514_string()!r}"
        )
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return "names the issuer, whose key has not signed it"
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return f"was not issued by the issuer: {error}"
    return ""


def issued_by_issuer(case: Case, candidate: Candidate) -> None:
    """V13: the issuer's own key has issued the delegate; V6: and signed it well."""
    reason = _why_not_issued(candidate.certificate, case.issuer)
    if reason:
        candidate.fail(
            "V13",
            ResponderNotAuthorized,
            f"the signer {candidate.name} {reason}",
            issuer=candidate.certificate.issuer.rfc4514_string(),
            expected=case.issuer.subject.rfc4514_string(),
        )
    elif case.policy.signature_hashes is SignatureHashes.STRONG:
        _signed_well(candidate)


def _signed_well(candidate: Candidate) -> None:
    try:
        algorithm = candidate.certificate.signature_hash_algorithm
    except UnsupportedAlgorithm as error:
        name = str(error)
    else:
        if not isinstance(algorithm, (hashes.SHA1, hashes.MD5)):
            return
        name = algorithm.name
    candidate.fail(
        "V6",
        SignatureAlgorithmNotAllowed,
        f"the certificate of the signer {candidate.name} is itself signed with {name}",
        algorithm=name,
    )


def for_ocsp_signing(candidate: Candidate) -> None:
    """V14: extendedKeyUsage has id-kp-OCSPSigning; *any* usage does not count."""
    purposes = candidate.facts.purposes
    if ExtendedKeyUsageOID.OCSP_SIGNING in purposes:
        return
    listed = ", ".join(sorted(each.dotted_string for each in purposes)) or "none"
    candidate.fail(
        "V14",
        MissingOCSPSigningEKU,
        f"the certificate of the signer {candidate.name} is not for OCSP signing "
        f"(its extended key usage: {listed})",
        purposes=tuple(sorted(each.dotted_string for each in purposes)),
    )


def may_sign(case: Case, candidate: Candidate) -> None:
    """V16: a delegate is an end entity; its key, or the issuer's, may sign."""
    facts = candidate.facts
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        if facts.ca:
            _unsuitable(candidate, "is that of a CA, which must not sign for another")
    elif case.policy.issuer_key_usage is IssuerKeyUsage.ANY:
        return
    if facts.unreadable:
        _unsuitable(candidate, f"cannot be read: {facts.unreadable}")
    if facts.unknown:
        _unsuitable(
            candidate, f"has a critical extension that is not known: {facts.unknown}"
        )
    if not facts.signs:
        _unsuitable(candidate, "has a keyUsage without digitalSignature")


def _unsuitable(candidate: Candidate, why: str) -> None:
    candidate.fail(
        "V16",
        ResponderCertificateNotSuitable,
        f"the certificate of the signer {candidate.name} {why}",
    )


def not_revoked(case: Case, candidate: Candidate) -> None:
    """V17: nocheck or evidence says that the delegate is not revoked itself."""
    how = case.policy.delegate_revocation
    if how is DelegateRevocation.UNSAFE_SKIP:
        return
    nocheck = candidate.facts.nocheck
    if nocheck and how is DelegateRevocation.HONOR_NOCHECK:
        return
    statuses = {
        evidence.status
        for evidence in case.evidence
        # A delegate's word on itself proves nothing, so it ends here.
        if evidence.responder != candidate.certificate
        and evidence.is_about(candidate.certificate, case.issuer)
        and evidence.holds_at(case.at)
    }
    if OCSPCertStatus.REVOKED in statuses:
        candidate.fail(
            "V17",
            ResponderRevoked,
            f"the certificate of the signer {candidate.name} is revoked",
        )
    elif OCSPCertStatus.GOOD not in statuses:
        candidate.fail(
            "V17",
            ResponderRevocationUnknown,
            f"nothing says whether the signer {candidate.name} is revoked itself: it "
            "has no id-pkix-ocsp-nocheck that counts here, and there is no evidence",
            policy=how,
        )
