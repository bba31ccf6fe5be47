"""
R2 and R6 to R8: the issuer, the times and the extensions of a CRL.

The same rules apply to the complete and to the delta CRL, except R7: only the newest
CRL has to be fresh, because both together equal a complete CRL of its time (RFC 5280
§5.2.4).
"""

from __future__ import annotations

import datetime

from ocsp.asn1 import oids
from ocsp.asn1.extensions import decode_crl_extension
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
from ocsp.errors import (
    CRLExpired,
    CRLIssuerMismatch,
    CRLNotYetValid,
    NextUpdateMissing,
    SchemaError,
    UnhandledCriticalExtension,
)
from ocsp.signing.issued import names_issuer
from ocsp.verification.crl.case import CRLCase
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.scope import points_of
from ocsp.verification.policy import MissingNextUpdate

__all__ = [
    "certificate_of_issuer",
    "check_freshness",
    "critical_extensions",
    "not_future",
    "of_issuer",
]


def of_issuer(case: CRLCase, each: ReadCRL) -> bool:
    """
    R2: check that the CRL is one of the issuer, or one that the certificate names.

    The return value says whether it is.
    """
    if points_of(case, each):
        return True
    subject = name_of_subject(case.asked.issuer)
    _mismatch(case, each.name, each.issuer, subject)
    return False


def certificate_of_issuer(case: CRLCase) -> None:
    """R2: check that the certificate names the issuer."""
    cert, issuer = case.asked.cert, case.asked.issuer
    if not names_issuer(cert, issuer):
        named, subject = name_of_issuer(cert), name_of_subject(issuer)
        _mismatch(case, "the certificate", named, subject)


def _mismatch(case: CRLCase, what: str, name: bytes, expected: bytes) -> None:
    case.fail(
        "R2",
        CRLIssuerMismatch,
        f"{what} names {text(name)} as its issuer, not {text(expected)}",
        issuer=text(name),
        expected=text(expected),
    )


def not_future(case: CRLCase, each: ReadCRL) -> None:
    """R6: check that thisUpdate is not in the future."""
    this_update, at = each.this_update, case.asked.at
    if this_update - at > case.asked.policy.clock_skew:
        case.fail(
            "R6",
            CRLNotYetValid,
            f"{each.name} is valid from {this_update} (thisUpdate); it is {at}",
            this_update=this_update,
            at=at,
        )


def check_freshness(case: CRLCase) -> None:
    """R7: check nextUpdate and age of the newest CRL."""
    newest, policy, at = case.newest, case.asked.policy, case.asked.at
    next_update = newest.next_update
    spans = [policy.max_age]
    if next_update is not None:
        if at - next_update >= policy.clock_skew:
            case.fail(
                "R7",
                CRLExpired,
                f"{newest.name} expired at {next_update} (nextUpdate); it is {at}",
                next_update=next_update,
                at=at,
            )
    elif policy.missing_next_update is MissingNextUpdate.REFUSE:
        case.fail(
            "R7",
            NextUpdateMissing,
            f"{newest.name} has no nextUpdate, and the policy requires it",
            this_update=newest.this_update,
        )
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        spans.append(policy.max_age_without_next_update)
    _check_age(case, min(spans))


def _check_age(case: CRLCase, most: datetime.timedelta) -> None:
    this_update, at = case.newest.this_update, case.asked.at
    if at - this_update > most:
        case.fail(
            "R7",
            CRLExpired,
            f"{case.newest.name} is {at - this_update} old; the policy allows {most}",
            this_update=this_update,
            at=at,
            max_age=most,
        )


def critical_extensions(case: CRLCase, each: ReadCRL) -> None:
    """R8: check that every critical extension of the CRL is known and well-formed."""
    for oid, extension in each.extensions.items():
        if not extension.critical:
            continue
        why = _why_not_processed(oid, each.data[extension.value])
        if why:
            case.fail(
                "R8",
                UnhandledCriticalExtension,
                f"the critical extension {oid} of {each.name} {why}",
                oid=oid,
            )


def _why_not_processed(oid: str, value: bytes) -> str:
    if oid in _READ_WITH_THE_CRL:
        return ""
    if oid not in _DECODED:
        return "is not known"
    try:
        decode_crl_extension(oid, value)
    except SchemaError as error:
        return f"cannot be decoded: {error}"
    return ""


_READ_WITH_THE_CRL = frozenset(
    {oids.CRL_NUMBER, oids.DELTA_CRL_INDICATOR, oids.ISSUING_DISTRIBUTION_POINT}
)
"""The extensions of RFC 5280 §5.2 that are well-formed in every :class:`ReadCRL`."""

_DECODED = frozenset(
    {
        oids.AUTHORITY_INFORMATION_ACCESS,
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.FRESHEST_CRL,
        oids.ISSUER_ALTERNATIVE_NAME,
    }
)
"""The other extensions of RFC 5280 §5.2."""
