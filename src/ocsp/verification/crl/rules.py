"""
R2 to R8: a CRL by itself.

The same rules apply to the complete and to the delta CRL, except R7: only the newest
CRL has to be fresh, because both together equal a complete CRL of its time (RFC 5280
§5.2.4).
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name, text
from ocsp.errors import (
    CRLExpired,
    CRLIssuerMismatch,
    CRLNotYetValid,
    CRLSignatureInvalid,
    CRLSignerNotSuitable,
    NextUpdateMissing,
    SignatureAlgorithmNotAllowed,
    SignatureInvalid,
    UnhandledCriticalExtension,
)
from ocsp.signing.signatures import check_signature
from ocsp.verification.crl.case import CRLCase, ReadCRL
from ocsp.verification.facts import facts_of, key_size_problem, needs_pss
from ocsp.verification.policy import MissingNextUpdate, SignatureHashes

__all__ = [
    "check_freshness",
    "critical_extensions",
    "issuer_may_sign",
    "not_future",
    "of_issuer",
    "signature_is_right",
    "strong_enough",
]


def of_issuer(case: CRLCase) -> None:
    """R2: check that the certificate and the CRL name the issuer."""
    subject = name_of_subject(case.issuer)
    named = [("the certificate", name_of_issuer(case.cert))]
    named += [(each.name, each.crl.issuer) for each in case.crls]
    for what, name in named:
        if not same_name(name, subject):
            case.fail(
                "R2",
                CRLIssuerMismatch,
                f"{what} names {text(name)} as its issuer, not {text(subject)}",
                issuer=text(name),
                expected=text(subject),
            )


def issuer_may_sign(case: CRLCase) -> None:
    """R3: check that the issuer's certificate allows its key to sign CRLs."""
    facts = facts_of(case.issuer)
    whose = f"the certificate of the issuer {text(name_of_subject(case.issuer))}"
    why = ""
    if facts.extension_error:
        why = f"cannot be decoded: {facts.extension_error}"
    elif facts.unknown_critical:
        why = f"has a critical extension that is not known: {facts.unknown_critical}"
    elif not facts.may_sign_crls:
        why = "has a keyUsage without cRLSign"
    if why:
        case.fail("R3", CRLSignerNotSuitable, f"{whose} {why}")


def strong_enough(case: CRLCase, each: ReadCRL) -> None:
    """R4: check the key size against the policy and the upper limits."""
    facts = facts_of(case.issuer)
    problem = key_size_problem(facts, case.policy)
    if problem:
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the key that signed {each.name} {problem}",
            bits=facts.bits,
        )


def signature_is_right(case: CRLCase, each: ReadCRL) -> None:
    """R5: check the signature over tbsCertList; R4: and its algorithm."""
    oid = each.crl.signature_algorithm_oid.dotted_string
    facts = facts_of(case.issuer)
    if needs_pss(facts, each.frame.algorithm):
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the key that signed {each.name} is for PSS only",
            algorithm=oid,
        )
    try:
        check_signature(
            facts.key,
            each.frame.algorithm,
            each.crl.signature,
            each.crl.tbs_certlist_bytes,
            unsafe_sha1=case.policy.signature_hashes is SignatureHashes.UNSAFE_SHA1,
        )
    except SignatureInvalid as error:
        case.fail(
            "R5",
            CRLSignatureInvalid,
            f"the signature of {each.name} does not verify with the key of "
            f"{text(name_of_subject(case.issuer))}: {error}",
            algorithm=oid,
        )
    except UnsupportedAlgorithm as error:
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the signature algorithm of {each.name} is not accepted: {error}",
            algorithm=oid,
        )


def not_future(case: CRLCase, each: ReadCRL) -> None:
    """R6: check that thisUpdate is not in the future."""
    this_update = each.crl.last_update_utc
    if this_update - case.at > case.policy.clock_skew:
        case.fail(
            "R6",
            CRLNotYetValid,
            f"{each.name} is valid from {this_update} (thisUpdate); it is {case.at}",
            this_update=this_update,
            at=case.at,
        )


def check_freshness(case: CRLCase) -> None:
    """R7: check nextUpdate and age of the newest CRL."""
    newest, policy = case.newest, case.policy
    next_update = newest.crl.next_update_utc
    spans = [policy.max_age]
    if next_update is not None:
        if case.at - next_update >= policy.clock_skew:
            case.fail(
                "R7",
                CRLExpired,
                f"{newest.name} expired at {next_update} (nextUpdate); it is {case.at}",
                next_update=next_update,
                at=case.at,
            )
    elif policy.missing_next_update is MissingNextUpdate.REFUSE:
        case.fail(
            "R7",
            NextUpdateMissing,
            f"{newest.name} has no nextUpdate, and the policy requires it",
            this_update=newest.crl.last_update_utc,
        )
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        spans.append(policy.max_age_without_next_update)
    _check_age(case, min(spans))


def _check_age(case: CRLCase, most: datetime.timedelta) -> None:
    this_update = case.newest.crl.last_update_utc
    if case.at - this_update > most:
        case.fail(
            "R7",
            CRLExpired,
            f"{case.newest.name} is {case.at - this_update} old; the policy allows "
            f"{most}",
            this_update=this_update,
            at=case.at,
            max_age=most,
        )


def critical_extensions(case: CRLCase, each: ReadCRL) -> None:
    """R8: check that every critical extension of the CRL is known."""
    for extension in each.extensions:
        if extension.critical and isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            case.fail(
                "R8",
                UnhandledCriticalExtension,
                f"the critical extension {extension.oid.dotted_string} of {each.name} "
                "is not known",
                oid=extension.oid.dotted_string,
            )
