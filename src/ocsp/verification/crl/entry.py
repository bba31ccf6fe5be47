"""
R12 to R15: what the CRL says of the certificate.

Rules of this file: an entry that is not understood may mean anything, so a list that
has one says nothing (RFC 5280 §5.3). Nothing turns a revocation into *good* but
removeFromCRL in a delta CRL.
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
    "even_if_stale",
    "revocation_of",
    "revoked_in_the_past",
    "understood",
]


class Revocation(NamedTuple):
    """
    What an entry says.

    Attributes:
        time: revocationDate, aware, in UTC.

        reason: reasonCode, or ``None``.
    """

    time: datetime.datetime
    reason: x509.ReasonFlags | None


_CRITICAL = b"\x01\x01\xff\x04"
"""``critical TRUE`` and the tag of extnValue, as they stand in DER."""


def understood(case: CRLCase, each: ReadCRL) -> None:
    """
    R12: no entry has a critical extension that is not known, or names another issuer.

    Most lists have no critical extension in any entry, and are not walked: its octets
    would be found.
    """
    entries = each.frame.entries
    if each.der.find(_CRITICAL, entries.start, entries.stop) < 0:
        return
    for entry in each.crl:
        before = len(case.failures)
        _understood(case, each, entry)
        if len(case.failures) > before:
            return


def _understood(
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
                "R12", MalformedCRL, f"{where} means a certificate of another issuer"
            )
        elif extension.critical and isinstance(value, x509.UnrecognizedExtension):
            case.fail(
                "R12",
                UnhandledCriticalExtension,
                f"{oid} of {where} is critical, and not known",
                oid=oid,
            )
    return extensions


def revocation_of(case: CRLCase) -> Revocation | None:
    """Return the revocation of the certificate, or ``None`` where it is not listed."""
    if case.delta is not None:
        changed = _listed(case, case.delta)
        if changed is not None:
            return _lasting(case, case.delta) if _is_gone(changed) else changed
    found = _listed(case, case.complete)
    if found is not None and _is_gone(found):
        case.fail(
            "R12", MalformedCRL, "removeFromCRL stands in the CRL, which is no delta"
        )
    return found


def _is_gone(changed: Revocation) -> bool:
    return changed.reason is x509.ReasonFlags.remove_from_crl


def _listed(case: CRLCase, each: ReadCRL) -> Revocation | None:
    entry = each.crl.get_revoked_certificate_by_serial_number(serial_of(case.cert))
    return None if entry is None else _revocation(case, each, entry)


def _lasting(case: CRLCase, each: ReadCRL) -> Revocation | None:
    """Return the first that a delta says of the certificate, but that it is removed."""
    serial = serial_of(case.cert)
    for entry in each.crl:
        if entry.serial_number == serial:
            found = _revocation(case, each, entry)
            if not _is_gone(found):
                return found
    return None


def _revocation(
    case: CRLCase, each: ReadCRL, entry: x509.RevokedCertificate
) -> Revocation:
    reason = None
    for extension in _understood(case, each, entry) or ():
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
    return Revocation(entry.revocation_date_utc, reason)


def even_if_stale(case: CRLCase, found: Revocation) -> None:
    """R13: *revoked* is said even where the CRL has become too old."""
    if all(failure.error is CRLExpired for failure in case.failures):
        case.fail(
            "R13",
            RevokedButStale,
            "revoked, stale: nothing but its age speaks against a CRL that says the "
            f"certificate is revoked since {found.time}",
            revocation_time=found.time,
        )


def revoked_in_the_past(case: CRLCase, found: Revocation) -> None:
    """R14: a revocation in the future counts at once."""
    if found.time - case.at > case.policy.clock_skew:
        case.warn(
            "R14",
            RevocationDateInvalid,
            f"the revocation is dated {found.time}, and it is {case.at}; it counts at "
            "once",
            revocation_time=found.time,
            at=case.at,
        )


def check_archive_cutoff(case: CRLCase) -> None:
    """R15: of a certificate that has ended, a revocation may be forgotten."""
    end = case.cert.not_valid_after_utc
    if end >= case.at:
        return
    policy = case.policy.expired_certificate
    strict = policy is ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF
    (case.fail if strict else case.warn)(
        "R15",
        StatusNotAvailable,
        f"the certificate ended at {end}, and a CRL need not tell of it any more",
        not_after=end,
        at=case.at,
    )
