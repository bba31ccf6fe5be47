"""
R9 to R11: whether the certificate is in the scope of the CRL (RFC 5280 §6.3.3).

A certificate that is not listed is good only if CRLs for all reasons would list it when
it is revoked.
"""

from __future__ import annotations

from collections.abc import Iterator

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import number_text
from ocsp.asn1.name_comparison import same_name
from ocsp.errors import CRLScopeMismatch, DeltaCRLMismatch, ReasonsNotCovered
from ocsp.verification.case import Findings
from ocsp.verification.crl.case import CRLCase
from ocsp.verification.crl.points import (
    ALL_REASONS,
    DistributionPoint,
    Scope,
    directory_names,
    distribution_points,
    has_same_name,
    point_of_issuer,
    reason_names,
    text_of,
)
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.facts import facts_of

__all__ = ["all_reasons", "check_delta", "has_same_scope", "in_scope", "points_of"]

_NO_SCOPE = Scope(())


def points_of(case: CRLCase, each: ReadCRL) -> list[DistributionPoint]:
    """
    Return the distribution points of the certificate whose CRLs have this issuer.

    These are the points that name the issuer of the CRL in cRLIssuer. If it is the
    issuer of the certificate, they are also the points without cRLIssuer, and one for
    CRLs that no point names.
    """
    issuer = parts_of(case.asked.issuer).subject
    points = distribution_points(case.asked.cert)
    found = [
        point
        for point in points
        if any(
            same_name(name, each.issuer) for name in directory_names(point.crl_issuer)
        )
    ]
    if same_name(each.issuer, issuer):
        found += [point for point in points if not point.crl_issuer]
        found.append(point_of_issuer(issuer))
    return found


def in_scope(case: CRLCase) -> None:
    """R9: check that the certificate is in the scope of the CRL."""
    scope = case.complete.scope or _NO_SCOPE
    for why in _wrong_kind(case, scope):
        case.fail("R9", CRLScopeMismatch, f"{case.complete.name} {why}")
    points = points_of(case, case.complete)
    matching = [point for point in points if _is_for(scope, point)]
    covered = frozenset[int]().union(*(point.reasons for point in matching))
    case.reasons = covered & scope.reasons
    if points and not matching:
        why = (
            "is for a distribution point that the certificate lacks: "
            + text_of(scope.names)
            if scope.indirect or case.is_direct
            else "is of another issuer than the certificate, but not an indirect CRL"
        )
        case.fail("R9", CRLScopeMismatch, f"{case.complete.name} {why}")


def _is_for(scope: Scope, point: DistributionPoint) -> bool:
    """Return whether a CRL with *scope* is for *point* (RFC 5280 §6.3.3 (b))."""
    if point.crl_issuer and not scope.indirect:
        return False
    return not scope.names or has_same_name(
        scope.names, point.names or point.crl_issuer
    )


def _wrong_kind(case: CRLCase, scope: Scope) -> Iterator[str]:
    facts = facts_of(case.asked.cert)
    if scope.only_attributes:
        yield "is for attribute certificates only"
    if (scope.only_users or scope.only_cas) and facts.ca_error:
        yield (
            "is for one kind of certificates only, and the basicConstraints of this "
            f"certificate cannot be decoded: {facts.ca_error}"
        )
    elif scope.only_users and facts.ca:
        yield "is for end entities only, and the certificate is a CA certificate"
    elif scope.only_cas and not facts.ca:
        yield "is for CAs only, and the certificate is an end-entity certificate"


def all_reasons(findings: Findings, covered: frozenset[int]) -> None:
    """R10: for a certificate that is not listed, require CRLs for all reasons."""
    if covered != ALL_REASONS:
        names = reason_names(covered)
        findings.fail(
            "R10",
            ReasonsNotCovered,
            "the certificate is not listed, but the CRL covers some reasons only: "
            + ", ".join(names),
            reasons=names,
        )


def check_delta(case: CRLCase) -> None:
    """R11: check that the CRL is complete and that the delta CRL applies to it."""
    if case.complete.base_number is not None:
        case.fail(
            "R11",
            DeltaCRLMismatch,
            "the CRL is a delta CRL; give the complete CRL, and this one as delta",
            base_number=case.complete.base_number,
        )
    if case.delta is not None:
        for why in _delta_problems(case.complete, case.delta):
            case.fail(
                "R11",
                DeltaCRLMismatch,
                why,
                crl_number=case.complete.number,
                delta_crl_number=case.delta.number,
                base_number=case.delta.base_number,
            )


def _delta_problems(complete: ReadCRL, delta: ReadCRL) -> Iterator[str]:
    base, number, newer = delta.base_number, complete.number, delta.number
    if base is None:
        yield "the delta CRL is a complete CRL"
    if number is None or newer is None:
        yield "the complete and the delta CRL need CRL numbers to be combined"
    else:
        if base is not None and base > number:
            yield (
                f"the delta CRL needs a CRL with number {number_text(base)} or later, "
                f"and the CRL has number {number_text(number)}"
            )
        if newer <= number:
            yield (
                f"the delta CRL, number {number_text(newer)}, is not newer than the "
                f"CRL, number {number_text(number)}"
            )
    if not has_same_scope(complete, delta):
        yield "the delta CRL has another issuer or scope than the CRL"
    if None is not complete.key_identifier != delta.key_identifier is not None:
        yield "the delta CRL is signed with another key than the CRL"


def has_same_scope(complete: ReadCRL, delta: ReadCRL) -> bool:
    """Return whether both CRLs have the same issuer and scope (§6.3.3 (c))."""
    if not same_name(complete.issuer, delta.issuer):
        return False
    one, other = complete.scope, delta.scope
    if one is None or other is None:
        return one is other
    return one._replace(names=()) == other._replace(names=()) and (
        one.names == other.names or has_same_name(one.names, other.names)
    )
