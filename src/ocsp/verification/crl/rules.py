"""
R2 to R8: a CRL by itself.

Rules of this file: complete and delta CRL meet the same demands; only how recent they
are is asked of the newest, which is as good as a complete CRL of its time (RFC 5280
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
    """R2: certificate and CRL name the issuer."""
    subject = name_of_subject(case.issuer)
    named = [("the certificate", name_of_issuer(case.cert))]
    named += [(each.name, each.crl.issuer) for each in case.lists]
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
    """R3: the issuer's certificate is understood, and its key may sign CRLs."""
    facts = facts_of(case.issuer)
    whose = f"the certificate of the issuer {text(name_of_subject(case.issuer))}"
    why = ""
    if facts.extension_error:
        why = f"cannot be read: {facts.extension_error}"
    elif facts.unknown_critical:
        why = f"has a critical extension that is not known: {facts.unknown_critical}"
    elif not facts.signs_crls:
        why = "has a keyUsage without cRLSign"
    if why:
        case.fail("R3", CRLSignerNotSuitable, f"{whose} {why}")


def strong_enough(case: CRLCase, each: ReadCRL) -> None:
    """R4: the key has as many bits as the policy asks for, and not absurdly many."""
    facts = facts_of(case.issuer)
    odd = key_size_problem(facts, case.policy)
    if odd:
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the key that signed {each.name} {odd}",
            bits=facts.bits,
        )


def signature_is_right(case: CRLCase, each: ReadCRL) -> None:
    """R5: the issuer's key has signed tbsCertList; R4: the algorithm counts."""
    oid = each.crl.signature_algorithm_oid.dotted_string
    facts = facts_of(case.issuer)
    if needs_pss(facts, each.frame.algorithm):
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the key that signed {each.name} signs with PSS only",
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
            f"the signature of {each.name} is not that of "
            f"{text(name_of_subject(case.issuer))}: {error}",
            algorithm=oid,
        )
    except UnsupportedAlgorithm as error:
        case.fail(
            "R4",
            SignatureAlgorithmNotAllowed,
            f"the algorithm of the signature of {each.name} is not accepted: {error}",
            algorithm=oid,
        )


def not_future(case: CRLCase, each: ReadCRL) -> None:
    """R6: thisUpdate is not in the future."""
    this_update = each.crl.last_update_utc
    if this_update - case.at > case.policy.clock_skew:
        case.fail(
            "R6",
            CRLNotYetValid,
            f"{each.name} holds from {this_update} on, and it is {case.at}",
            this_update=this_update,
            at=case.at,
        )


def check_freshness(case: CRLCase) -> None:
    """R7: the newest list is recent: nextUpdate and age."""
    newest, policy = case.newest, case.policy
    next_update = newest.crl.next_update_utc
    spans = [policy.max_age]
    if next_update is not None:
        if case.at - next_update >= policy.clock_skew:
            case.fail(
                "R7",
                CRLExpired,
                f"{newest.name} held until {next_update}, and it is {case.at}",
                next_update=next_update,
                at=case.at,
            )
    elif policy.missing_next_update is MissingNextUpdate.REFUSE:
        case.fail(
            "R7",
            NextUpdateMissing,
            f"{newest.name} does not say until when it holds (nextUpdate)",
            this_update=newest.crl.last_update_utc,
        )
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        spans.append(policy.max_age_without_next_update)
    _young(case, min(spans))


def _young(case: CRLCase, most: datetime.timedelta) -> None:
    this_update = case.newest.crl.last_update_utc
    if case.at - this_update > most:
        case.fail(
            "R7",
            CRLExpired,
            f"{case.newest.name} is {case.at - this_update} old, and the policy takes "
            f"{most}",
            this_update=this_update,
            at=case.at,
            max_age=most,
        )


def critical_extensions(case: CRLCase, each: ReadCRL) -> None:
    """R8: every critical extension of the CRL is understood."""
    for extension in each.extensions:
        if extension.critical and isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            case.fail(
                "R8",
                UnhandledCriticalExtension,
                f"{extension.oid.dotted_string} of {each.name} is critical, and not "
                "known",
                oid=extension.oid.dotted_string,
            )
