"""
R3 to R5: who signed a CRL, and whether this signer may sign it (RFC 5280 §6.3.3 (f)).

A CA may have several keys under one name, and an indirect CRL has another signer than
the certificate. So the verifier tries each certificate with the name of the CRL issuer:
that of the issuer, those that the caller trusts, and those that the issuer has issued.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1.algorithms import algorithm_identifier
from ocsp.asn1.certificates import parts_of, validity_of
from ocsp.asn1.name_comparison import name_of_subject, same_name, text
from ocsp.errors import (
    CRLSignatureInvalid,
    CRLSignerNotSuitable,
    Finding,
    SignatureAlgorithmNotAllowed,
    SignatureInvalid,
)
from ocsp.signing.signatures import check_signature
from ocsp.verification.case import Findings
from ocsp.verification.crl.case import CRLCase, CRLQuestion, CRLSigner
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.facts import facts_of, key_size_problem, needs_pss
from ocsp.verification.policy import SignatureHashes
from ocsp.verification.rules.delegate import issuance_error

__all__ = ["find_signer", "may_sign", "signature_is_right", "strong_enough"]


def find_signer(case: CRLCase, each: ReadCRL) -> CRLSigner | None:
    """R3 to R5: return who signed the CRL, or add why no known signer may sign it."""
    nearest: list[Finding] = []
    for signer in islice(_possible(case, each), limits.MAX_SIGNATURES_CHECKED):
        findings = Findings()
        may_sign(findings, case.asked, signer)
        strong_enough(findings, case.asked, each, signer)
        signature_is_right(findings, case.asked, each, signer)
        if not findings.failures:
            return signer
        # Report the certificate whose key has signed the CRL, if there is one.
        if not nearest or all(found.rule != "R5" for found in findings.failures):
            nearest = findings.failures
    case.failures += nearest
    if not nearest:
        case.fail(
            "R3",
            CRLSignerNotSuitable,
            f"{each.name} is one of {text(each.issuer)}, whose certificate is "
            "not known; give it in crl_issuers",
        )
    return None


def _possible(case: CRLCase, each: ReadCRL) -> Iterator[CRLSigner]:
    """Return the certificates with the name of the CRL issuer that may sign for it."""
    asked = case.asked
    if _has_name(asked.issuer, each):
        yield CRLSigner(asked.issuer, AuthorizedBy.ISSUER)
    for certificate in asked.crl_issuers:
        if _has_name(certificate, each):
            yield CRLSigner(certificate, AuthorizedBy.CONFIGURED)
    named = (one for one in asked.candidates if _has_name(one, each))
    for certificate in islice(named, limits.MAX_SIGNATURES_CHECKED):
        if _is_issued(asked, certificate):
            yield CRLSigner(certificate, AuthorizedBy.DELEGATE)


def _has_name(certificate: x509.Certificate, each: ReadCRL) -> bool:
    return same_name(parts_of(certificate).subject, each.issuer)


def _is_issued(asked: CRLQuestion, certificate: x509.Certificate) -> bool:
    """Return whether the issuer has issued *certificate*, as the policy requires."""
    accepted = asked.policy.signature_hashes
    return issuance_error(certificate, asked.issuer, accepted) is None


def may_sign(findings: Findings, asked: CRLQuestion, signer: CRLSigner) -> None:
    """R3: check that the certificate allows its key to sign CRLs."""
    certificate = signer.certificate
    facts = facts_of(certificate)
    role = "issuer" if signer.authorized_by is AuthorizedBy.ISSUER else "CRL issuer"
    whose = f"the certificate of the {role} {text(name_of_subject(certificate))}"
    begin, end = validity_of(certificate)
    why = ""
    if facts.unknown_critical:
        why = (
            f"has the critical extension {facts.unknown_critical}, which "
            f"{facts.critical_error}"
        )
    elif facts.usage_error:
        why = f"has a keyUsage that cannot be decoded: {facts.usage_error}"
    elif not facts.may_sign_crls:
        why = "has a keyUsage without cRLSign"
    elif role == "CRL issuer" and not begin <= asked.at <= end:
        why = f"is valid from {begin} to {end}; it is {asked.at}"
    if why:
        findings.fail("R3", CRLSignerNotSuitable, f"{whose} {why}")


def strong_enough(
    findings: Findings, asked: CRLQuestion, each: ReadCRL, signer: CRLSigner
) -> None:
    """R4: check the key sizes against the policy and the upper limits."""
    keys = {f"the key that signed {each.name}": signer.certificate}
    if signer.authorized_by is AuthorizedBy.DELEGATE:
        # An attacker who breaks the issuer's key can issue CRL issuers.
        keys["the key of the issuer"] = asked.issuer
    for what, certificate in keys.items():
        facts = facts_of(certificate)
        problem = key_size_problem(facts, asked.policy)
        if problem:
            findings.fail(
                "R4",
                SignatureAlgorithmNotAllowed,
                f"{what} {problem}",
                bits=facts.bits,
            )


def signature_is_right(
    findings: Findings, asked: CRLQuestion, each: ReadCRL, signer: CRLSigner
) -> None:
    """R5: check the signature over tbsCertList; R4: and its algorithm."""
    unsafe = asked.policy.signature_hashes is SignatureHashes.UNSAFE_SHA1
    oid = algorithm_identifier(each.algorithm).oid
    facts = facts_of(signer.certificate)
    if needs_pss(facts, each.algorithm):
        findings.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the key that signed {each.name} is for PSS only",
            algorithm=oid,
        )
    known = signer.certificate, unsafe
    if known in each.signers:
        return
    try:
        check_signature(
            facts.key, each.algorithm, each.signature, each.signed, unsafe_sha1=unsafe
        )
    except SignatureInvalid as error:
        findings.fail(
            "R5",
            CRLSignatureInvalid,
            f"the signature of {each.name} does not verify with the key of "
            f"{text(name_of_subject(signer.certificate))}: {error}",
            algorithm=oid,
        )
    except UnsupportedAlgorithm as error:
        findings.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the signature algorithm of {each.name} is not accepted: {error}",
            algorithm=oid,
        )
    else:
        each.signers.add(known)
