"""
V6, V13, V14, V16 and V17: whether a certificate makes its key speak for the issuer.

Rules of this file: a delegate is issued directly, with the same key that issued the
certificate in question (RFC 6960 §4.2.2.2); no chain is built.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1.certificates import outer_algorithm, parts_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
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
from ocsp.signing.issued import check_issued, names_issuer
from ocsp.verification.case import Candidate, Case
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.facts import facts_of, key_size_problem, needs_pss
from ocsp.verification.policy import DelegateRevocation, IssuerKeyUsage, SignatureHashes

__all__ = [
    "for_ocsp_signing",
    "issued_by_issuer",
    "may_sign",
    "not_revoked",
    "strong_enough",
]


def strong_enough(case: Case, candidate: Candidate) -> None:
    """V6: the keys have as many bits as the policy asks for, and not absurdly many."""
    certificates = [candidate.certificate]
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        # Whoever breaks the issuer's key makes delegates.
        certificates.append(case.issuer)
    for certificate in certificates:
        facts = facts_of(certificate)
        odd = key_size_problem(facts, case.policy)
        if odd:
            candidate.fail(
                "V6",
                SignatureAlgorithmNotAllowed,
                f"the key of {text(name_of_subject(certificate))} {odd}",
                bits=facts.bits,
            )


MAX_REMEMBERED = 256
"""Delegates of which it is known who issued them: an issuer has one or two."""


class Fault(NamedTuple):
    """
    Why a certificate does not count as issued by another's key.

    Attributes:
        rule: The rule that says so.

        error: What it reports.

        message: What is the matter with the certificate.
    """

    rule: str
    error: type[VerificationError]
    message: str


@lru_cache(maxsize=MAX_REMEMBERED)
def _fault(
    certificate: x509.Certificate, issuer: x509.Certificate, accepted: SignatureHashes
) -> Fault | None:
    """Return why *issuer* has not issued *certificate* itself, if so."""
    parts = parts_of(certificate)
    if not names_issuer(certificate, issuer):
        name, expected = name_of_issuer(certificate), name_of_subject(issuer)
        message = f"was issued by {text(name)}, not by {text(expected)}"
        return Fault("V13", ResponderNotAuthorized, message)
    if parts.algorithm != outer_algorithm(certificate):
        message = "names two algorithms of its signature (RFC 5280 §4.1.1.2)"
        return Fault("V6", SignatureAlgorithmNotAllowed, message)
    if needs_pss(facts_of(issuer), parts.algorithm):
        message = "is signed with a key for PSS only, and not with PSS (RFC 4055 §1.2)"
        return Fault("V6", SignatureAlgorithmNotAllowed, message)
    try:
        check_issued(
            certificate, issuer, unsafe_sha1=accepted is SignatureHashes.UNSAFE_SHA1
        )
    except SignatureInvalid:
        message = "names the issuer, whose key has not signed it"
        return Fault("V13", ResponderNotAuthorized, message)
    except UnsupportedAlgorithm as error:
        message = f"is not signed with an accepted algorithm: {error}"
        return Fault("V6", SignatureAlgorithmNotAllowed, message)
    return None


def issued_by_issuer(case: Case, candidate: Candidate) -> None:
    """V13: the issuer's own key has issued the delegate; V6: and signed it well."""
    certificate = candidate.certificate
    fault = _fault(certificate, case.issuer, case.policy.signature_hashes)
    if fault is not None:
        candidate.fail(
            fault.rule,
            fault.error,
            f"the certificate of the signer {candidate.name} {fault.message}",
            issuer=text(name_of_issuer(certificate)),
            expected=text(name_of_subject(case.issuer)),
        )


def for_ocsp_signing(candidate: Candidate) -> None:
    """V14: extendedKeyUsage has id-kp-OCSPSigning; *any* usage does not count."""
    purposes = candidate.facts.purposes
    if ExtendedKeyUsageOID.OCSP_SIGNING in purposes:
        return
    listed = ", ".join(sorted(each.dotted_string for each in purposes)) or (
        "cannot be read" if candidate.facts.extension_error else "none"
    )
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
    if facts.ca and candidate.authorized_by is AuthorizedBy.DELEGATE:
        _unsuitable(candidate, "is that of a CA, which must not sign for another")
    if facts.extension_error:
        _unsuitable(candidate, f"has unreadable extensions: {facts.extension_error}")
    if facts.unknown_critical:
        _unsuitable(
            candidate,
            f"has a critical extension that is not known: {facts.unknown_critical}",
        )
    if not facts.may_sign and not (
        candidate.authorized_by is AuthorizedBy.ISSUER
        and case.policy.issuer_key_usage is IssuerKeyUsage.ANY
    ):
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
    key_bits = parts_of(candidate.certificate).key_bits
    statuses = {
        evidence.status
        for evidence in case.evidence
        # A key's word on itself proves nothing, so it ends here.
        if parts_of(evidence.responder).key_bits != key_bits
        and evidence.is_about(candidate.certificate, case.issuer)
        and evidence.holds_at(case.at)
    }
    trusted = candidate.facts.nocheck and how is DelegateRevocation.HONOR_NOCHECK
    if OCSPCertStatus.REVOKED in statuses:
        candidate.fail(
            "V17",
            ResponderRevoked,
            f"the certificate of the signer {candidate.name} is revoked",
        )
    elif OCSPCertStatus.GOOD not in statuses and not trusted:
        candidate.fail(
            "V17",
            ResponderRevocationUnknown,
            f"nothing says whether the signer {candidate.name} is revoked itself: it "
            "has no id-pkix-ocsp-nocheck that counts here, and there is no evidence",
            policy=how,
        )
