"""
R9 to R11: whether the CRL tells of the certificate at all.

Rules of this file: what is not on a list is good only if it would be on that list.
Lists of other issuers' certificates (indirectCRL) are refused whole.
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

__all__ = ["all_reasons", "fits_delta", "in_scope"]


def in_scope(case: CRLCase) -> None:
    """R9: the certificate is of the kind, and of the part, that the CRL is about."""
    scope, serial = case.complete.scope, serial_of(case.cert)
    if serial < 0:
        case.fail(
            "R9",
            CRLScopeMismatch,
            f"the certificate has the serial number {number_text(serial)}, which no "
            "CRL can list",
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
        yield "may be about certificates of other issuers, which is not supported"
    if scope.only_contains_attribute_certs:
        yield "is about attribute certificates"
    by_kind = scope.only_contains_user_certs or scope.only_contains_ca_certs
    if by_kind and facts.extension_error:
        yield (
            "is about some kind of certificates only, and this one cannot be read: "
            f"{facts.extension_error}"
        )
    elif scope.only_contains_user_certs and facts.ca:
        yield "is about end entities, and the certificate is that of a CA"
    elif scope.only_contains_ca_certs and not facts.ca:
        yield "is about CAs, and the certificate is that of an end entity"
    part = _names(issuer, scope.full_name, scope.relative_name)
    if part and part.isdisjoint(_distribution_points(cert, issuer)):
        listed = ", ".join(sorted(str(name.value) for name in part))
        yield f"is that of a distribution point which the certificate lacks: {listed}"


def _distribution_points(
    cert: x509.Certificate, issuer: x509.Certificate
) -> set[x509.GeneralName]:
    """Return the names that the certificate has for lists of its own issuer."""
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
    """Return the names of a distribution point; a relative one is below the issuer."""
    if relative is not None:
        whole = x509.Name([*issuer.subject.rdns, relative])
        return {x509.DirectoryName(whole)}
    return set(full or ())


def all_reasons(case: CRLCase) -> None:
    """R10: of a certificate that is not listed, the CRL tells for all reasons."""
    scope = case.complete.scope
    if scope is not None and scope.only_some_reasons is not None:
        covered = sorted(reason.value for reason in scope.only_some_reasons)
        case.fail(
            "R10",
            ReasonsNotCovered,
            "the certificate is not listed, and the CRL tells of some reasons only: "
            + ", ".join(covered),
            reasons=tuple(covered),
        )


def fits_delta(case: CRLCase) -> None:
    """R11: the delta CRL changes this CRL, which is complete itself."""
    if case.complete.base_number is not None:
        case.fail(
            "R11",
            DeltaCRLMismatch,
            "the CRL is a delta CRL, which tells only of changes",
            base_number=case.complete.base_number,
        )
    if case.delta is not None:
        for why in _misfits(case.complete, case.delta):
            case.fail(
                "R11",
                DeltaCRLMismatch,
                why,
                crl_number=case.complete.number,
                delta_crl_number=case.delta.number,
                base_number=case.delta.base_number,
            )


def _misfits(complete: ReadCRL, delta: ReadCRL) -> Iterator[str]:
    base, number, newer = delta.base_number, complete.number, delta.number
    if base is None:
        yield "what was given as delta CRL is a complete one"
    if number is None or newer is None:
        yield "complete and delta CRL need numbers to be put together"
    else:
        if base is not None and base > number:
            yield (
                f"the delta CRL tells of changes since number {number_text(base)}, and "
                f"the CRL has number {number_text(number)}"
            )
        if newer <= number:
            yield (
                f"the delta CRL has number {number_text(newer)}, and the CRL "
                f"{number_text(number)}"
            )
    if complete.scope != delta.scope:
        yield "the delta CRL is about other certificates than the CRL"
