"""
R9 to R11: whether the certificate is in the scope of the CRL.

A certificate that is not listed is good only if this CRL would list it when revoked.
CRLs for certificates of other issuers (indirectCRL) are rejected.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from ocsp.asn1.certificates import decoded_extensions, serial_of
from ocsp.asn1.der import number_text
from ocsp.errors import (
    CRLScopeMismatch,
    DeltaCRLMismatch,
    ReasonsNotCovered,
    SchemaError,
)
from ocsp.verification.crl.case import CRLCase, ReadCRL
from ocsp.verification.facts import facts_of

__all__ = ["all_reasons", "check_delta", "in_scope"]


def in_scope(case: CRLCase) -> None:
    """R9: check that the certificate is in the scope of the CRL."""
    scope, serial = case.complete.scope, serial_of(case.cert)
    if serial < 0:
        case.fail(
            "R9",
            CRLScopeMismatch,
            f"the certificate has the negative serial number {number_text(serial)}, "
            "which a CRL cannot list",
            serial_number=serial,
        )
    if scope is None:
        return
    for why in _out_of_scope(case.cert, case.issuer, scope):
        case.fail("R9", CRLScopeMismatch, f"the CRL {why}")


def _out_of_scope(
    cert: x509.Certificate,
    issuer: x509.Certificate,
    scope: x509.IssuingDistributionPoint,
) -> Iterator[str]:
    facts = facts_of(cert)
    if scope.indirect_crl:
        yield "is an indirect CRL (of several issuers), which is not supported"
    if scope.only_contains_attribute_certs:
        yield "is for attribute certificates only"
    by_kind = scope.only_contains_user_certs or scope.only_contains_ca_certs
    if by_kind and facts.extension_error:
        yield (
            "is for one kind of certificates only, and the extensions of this "
            f"certificate cannot be decoded: {facts.extension_error}"
        )
    elif scope.only_contains_user_certs and facts.ca:
        yield "is for end entities only, and the certificate is a CA certificate"
    elif scope.only_contains_ca_certs and not facts.ca:
        yield "is for CAs only, and the certificate is an end-entity certificate"
    part = _names(issuer, scope.full_name, scope.relative_name)
    if part and part.isdisjoint(_distribution_points(cert, issuer)):
        listed = ", ".join(sorted(str(name.value) for name in part))
        yield f"is for a distribution point that the certificate lacks: {listed}"


def _distribution_points(
    cert: x509.Certificate, issuer: x509.Certificate
) -> set[x509.GeneralName]:
    """Return the distribution points of the certificate for CRLs of its issuer."""
    try:
        extensions = decoded_extensions(cert)
        points = extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except (SchemaError, x509.ExtensionNotFound):
        return set()
    return {
        name
        for point in points.value
        if point.crl_issuer is None
        for name in _names(issuer, point.full_name, point.relative_name)
    }


def _names(
    issuer: x509.Certificate,
    full: list[x509.GeneralName] | None,
    relative: x509.RelativeDistinguishedName | None,
) -> set[x509.GeneralName]:
    """Return the names of a distribution point, a relative one with the issuer's."""
    if relative is not None:
        whole = x509.Name([*issuer.subject.rdns, relative])
        return {x509.DirectoryName(whole)}
    return set(full or ())


def all_reasons(case: CRLCase) -> None:
    """R10: for a certificate that is not listed, require a CRL for all reasons."""
    scope = case.complete.scope
    if scope is not None and scope.only_some_reasons is not None:
        covered = sorted(reason.value for reason in scope.only_some_reasons)
        case.fail(
            "R10",
            ReasonsNotCovered,
            "the certificate is not listed, but the CRL covers some reasons only: "
            + ", ".join(covered),
            reasons=tuple(covered),
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
    if complete.scope != delta.scope:
        yield "the delta CRL has another scope than the CRL"
