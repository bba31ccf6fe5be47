"""
R12 to R15: what the CRL states about the certificate.

A CRL with an unknown critical entry extension proves no status (RFC 5280 §5.3). Only
removeFromCRL in a delta CRL changes a revocation to *good*.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.certificates import decoded_extensions, serial_of
from ocsp.errors import (
    CRLExpired,
    MalformedCRL,
    RevocationDateInvalid,
    RevokedButStale,
    SchemaError,
    StatusNotAvailable,
    UnhandledCriticalExtension,
)
from ocsp.verification.crl.case import CRLCase, ReadCRL
from ocsp.verification.policy import ExpiredCertificate

__all__ = [
    "Revocation",
    "check_archive_cutoff",
    "check_entries",
    "report_stale_revocation",
    "revocation_of",
    "revoked_in_the_past",
]


class Revocation(NamedTuple):
    """
    What an entry of a CRL states.

    Attributes:
        time: revocationDate, aware, in UTC.

        reason: reasonCode, or ``None``.
    """

    time: datetime.datetime
    reason: x509.ReasonFlags | None


_CRITICAL = b"\x01\x01\xff\x04"
"""The DER encoding of ``critical TRUE``, and the tag of extnValue."""


def check_entries(case: CRLCase, each: ReadCRL) -> None:
    """
    R12: check that no entry has an unknown critical extension or names another issuer.

    Most CRLs have no critical entry extension. A search for its encoding shows that
    without decoding every entry.
    """
    entries = each.frame.entries
    if each.der.find(_CRITICAL, entries.start, entries.stop) < 0:
        return
    for entry in each.crl:
        before = len(case.failures)
        _check_entry(case, each, entry)
        if len(case.failures) > before:
            return


def _check_entry(
    case: CRLCase, each: ReadCRL, entry: x509.RevokedCertificate
) -> x509.Extensions | None:
    where = f"the entry {entry.serial_number:#x} of {each.name}"
    try:
        extensions = decoded_extensions(entry)
    except SchemaError as error:
        case.fail("R12", MalformedCRL, f"{where} is malformed: {error}")
        return None
    for extension in extensions:
        value, oid = extension.value, extension.oid.dotted_string
        if isinstance(value, x509.CertificateIssuer):
            case.fail(
                "R12", MalformedCRL, f"{where} is for a certificate of another issuer"
            )
        elif extension.critical and isinstance(value, x509.UnrecognizedExtension):
            case.fail(
                "R12",
                UnhandledCriticalExtension,
                f"the critical extension {oid} of {where} is not known",
                oid=oid,
            )
    return extensions


def revocation_of(case: CRLCase) -> Revocation | None:
    """Return the revocation of the certificate, or ``None`` if it is not listed."""
    if case.delta is not None:
        changed = _look_up(case, case.delta)
        if changed is not None:
            return (
                _other_revocation(case, case.delta) if _is_removal(changed) else changed
            )
    found = _look_up(case, case.complete)
    if found is not None and _is_removal(found):
        case.fail(
            "R12", MalformedCRL, "a complete CRL must not have reason removeFromCRL"
        )
    return found


def _is_removal(changed: Revocation) -> bool:
    return changed.reason is x509.ReasonFlags.remove_from_crl


def _look_up(case: CRLCase, each: ReadCRL) -> Revocation | None:
    entry = each.crl.get_revoked_certificate_by_serial_number(serial_of(case.cert))
    return None if entry is None else _revocation(case, each, entry)


def _other_revocation(case: CRLCase, each: ReadCRL) -> Revocation | None:
    """Return the first entry for the certificate that is not removeFromCRL."""
    serial = serial_of(case.cert)
    for entry in each.crl:
        if entry.serial_number == serial:
            found = _revocation(case, each, entry)
            if not _is_removal(found):
                return found
    return None


def _revocation(
    case: CRLCase, each: ReadCRL, entry: x509.RevokedCertificate
) -> Revocation:
    reason = None
    for extension in _check_entry(case, each, entry) or ():
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
    return Revocation(entry.revocation_date_utc, reason)


def report_stale_revocation(case: CRLCase, found: Revocation) -> None:
    """R13: report *revoked* even if the CRL is too old."""
    if all(failure.error is CRLExpired for failure in case.failures):
        case.fail(
            "R13",
            RevokedButStale,
            f"the certificate was revoked at {found.time}, as stated by a CRL that is "
            "valid except for its age",
            revocation_time=found.time,
        )


def revoked_in_the_past(case: CRLCase, found: Revocation) -> None:
    """R14: warn of a revocation in the future."""
    if found.time - case.at > case.policy.clock_skew:
        case.warn(
            "R14",
            RevocationDateInvalid,
            f"the time of revocation {found.time} is after {case.at}; the certificate "
            "counts as revoked",
            revocation_time=found.time,
            at=case.at,
        )


def check_archive_cutoff(case: CRLCase) -> None:
    """R15: report an expired certificate, because a CRL may omit its revocation."""
    end = case.cert.not_valid_after_utc
    if end >= case.at:
        return
    policy = case.policy.expired_certificate
    strict = policy is ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF
    (case.fail if strict else case.warn)(
        "R15",
        StatusNotAvailable,
        f"the certificate expired at {end}, and a CRL may omit expired certificates",
        not_after=end,
        at=case.at,
    )
