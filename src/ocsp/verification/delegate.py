"""
V13, V14, V16 and V17: whether a certificate makes its key speak for the issuer.

Rules of this file: a delegate is issued directly, with the same key that issued the
certificate in question (RFC 6960 §4.2.2.2); no chain is built. What a certificate says
does not depend on the time or the policy, so it is worked out once and remembered, by
the octets of both certificates; the judgement is made each time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

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
from ocsp.verification.policy import (
    DelegateRevocation,
    IssuerKeyUsage,
    SignatureHashes,
)

__all__ = [
    "for_ocsp_signing",
    "issued_by_issuer",
    "may_sign",
    "not_revoked",
]


class Facts(NamedTuple):
    """
    What a certificate says of its key.

    Attributes:
        unreadable: Why its extensions cannot be read, or nothing.

        purposes: extendedKeyUsage.

        signs: Whether keyUsage, if there is one, has digitalSignature.

        ca: Whether it is that of a CA.

        unknown: A critical extension that is not known, or nothing.

        nocheck: Whether it has id-pkix-ocsp-nocheck.
    """

    unreadable: str = ""
    purposes: frozenset[x509.ObjectIdentifier] = frozenset()
    signs: bool = True
    ca: bool = False
    unknown: str = ""
    nocheck: bool = False


MAX_REMEMBERED = 256
"""Certificates of which the facts are kept: an issuer has one or two delegates."""


@lru_cache(maxsize=MAX_REMEMBERED)
def _facts(certificate: x509.Certificate) -> Facts:
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension) as error:
        return Facts(unreadable=str(error))
    found = {extension.oid: extension.value for extension in extensions}
    usage = found.get(x509.KeyUsage.oid)
    constraints = found.get(x509.BasicConstraints.oid)
    purposes = found.get(x509.ExtendedKeyUsage.oid)
    unknown = (
        extension.oid.dotted_string
        for extension in extensions
        if extension.critical
        and isinstance(extension.value, x509.UnrecognizedExtension)
    )
    return Facts(
        purposes=frozenset(
            purposes if isinstance(purposes, x509.ExtendedKeyUsage) else ()
        ),
        signs=not isinstance(usage, x509.KeyUsage) or usage.digital_signature,
        ca=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
        unknown=next(unknown, ""),
        nocheck=x509.OCSPNoCheck.oid in found,
    )


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
        return
    if case.policy.signature_hashes is SignatureHashes.STRONG:
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
    purposes = _facts(candidate.certificate).purposes
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
    facts = _facts(candidate.certificate)
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        if facts.ca:
            _unsuitable(candidate, "is that of a CA, which must not sign for another")
    elif case.policy.issuer_key_usage is IssuerKeyUsage.ANY:
        return
    if facts.unreadable:
        _unsuitable(candidate, f"has unreadable extensions: {facts.unreadable}")
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
    if (
        how is DelegateRevocation.HONOR_NOCHECK
        and _facts(candidate.certificate).nocheck
    ):
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
