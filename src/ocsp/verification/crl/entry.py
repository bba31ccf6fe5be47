"""
R12 to R15: what the CRL states about the certificate.

A CRL with an unknown critical entry extension proves no status (RFC 5280 §5.3). Only
removeFromCRL in a delta CRL changes a revocation to *good*.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.certificates import parts_of, validity_of
from ocsp.asn1.name_comparison import is_comparable, same_name
from ocsp.errors import (
    CRLExpired,
    DecodeError,
    MalformedCRL,
    RevocationDateInvalid,
    RevokedButStale,
    StatusNotAvailable,
    UnhandledCriticalExtension,
)
from ocsp.messages.reasons import REASONS
from ocsp.verification.crl.case import CRLCase
from ocsp.verification.crl.entries import CRLEntry
from ocsp.verification.crl.points import GeneralNames, directory_names
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.policy import ExpiredCertificate

__all__ = [
    "Revocation",
    "check_archive_cutoff",
    "check_entries",
    "report_stale_revocation",
    "revocation_of",
    "revoked_in_the_past",
]

_REMOVED = 8
"""The number of removeFromCRL (RFC 5280 §5.3.1)."""


class Revocation(NamedTuple):
    """
    What an entry of a CRL states.

    Attributes:
        time: revocationDate, aware, in UTC.

        reason: reasonCode; ``None`` if it is absent or has an unknown number.
    """

    time: datetime.datetime
    reason: x509.ReasonFlags | None


def check_entries(case: CRLCase, each: ReadCRL) -> bool:
    """R12: check the extensions of all entries; return whether they are right."""
    try:
        entries = each.entries
    except DecodeError as error:
        case.fail("R12", MalformedCRL, f"{each.name} is malformed: {error}")
        return False
    before = len(case.failures)
    if entries.unknown_critical:
        case.fail(
            "R12",
            UnhandledCriticalExtension,
            f"the critical extension {entries.unknown_critical} of an entry of "
            f"{each.name} is not known",
            oid=entries.unknown_critical,
        )
    indirect = each.scope is not None and each.scope.indirect
    if entries.names_issuers and not indirect:
        case.fail(
            "R12",
            MalformedCRL,
            f"an entry of {each.name} is for a certificate of another issuer, but the "
            "CRL is not an indirect CRL",
        )
    return len(case.failures) == before


def revocation_of(case: CRLCase) -> Revocation | None:
    """Return the revocation of the certificate, or ``None`` if it is not listed."""
    entries = [] if case.delta is None else _look_up(case, case.delta)
    if not entries:
        entries = _look_up(case, case.complete)
        if any(entry.reason == _REMOVED for entry in entries):
            case.fail(
                "R12", MalformedCRL, "a complete CRL must not have reason removeFromCRL"
            )
    # A CRL that lists the certificate twice revokes it if one entry does.
    revoked = [entry for entry in entries if entry.reason != _REMOVED]
    if not revoked:
        return None
    reason = revoked[0].reason
    return Revocation(revoked[0].time, None if reason is None else REASONS.get(reason))


def _look_up(case: CRLCase, each: ReadCRL) -> list[CRLEntry]:
    """Return the entries for the certificate; a malformed one is a failure (R12)."""
    serial = parts_of(case.asked.cert).serial
    try:
        found = list(each.entries.find(serial))
    except DecodeError as error:
        case.fail(
            "R12",
            MalformedCRL,
            f"the entry {serial.hex()} of {each.name} is malformed: {error}",
        )
        return []
    issuers = dict.fromkeys(entry.issuer for entry in found)
    own = {names for names in issuers if _is_issuer(case, each, names)}
    return [entry for entry in found if entry.issuer in own]


def _is_issuer(case: CRLCase, each: ReadCRL, named: GeneralNames | None) -> bool:
    """
    Return whether the issuer of an entry is that of the certificate (RFC 5280 §5.3.3).

    Args:
        case: The case.

        each: The CRL that has the entry.

        named: The names of the entry's issuer; ``None`` for the CRL issuer.
    """
    names = [case.complete.issuer] if named is None else directory_names(named)
    issuer = parts_of(case.asked.issuer).subject
    if any(same_name(name, issuer) for name in names):
        return True
    # A name with other octets may be that of the issuer, if one cannot be compared.
    if not all(map(is_comparable, (issuer, *names))):
        case.fail(
            "R12",
            MalformedCRL,
            f"{each.name} lists the serial number of the certificate for an issuer "
            "whose name cannot be compared: it is malformed, or too long",
        )
    return False


def report_stale_revocation(case: CRLCase, found: Revocation) -> None:
    """R13: report *revoked* even if the CRL is too old."""
    if all(failure.error is CRLExpired for failure in case.failures):
        case.fail(
            "R13",
            RevokedButStale,
            f"the certificate was revoked at {found.time}, as stated by a CRL that is "
            "valid except for its age",
            revocation_time=found.time,
            this_update=case.newest.this_update,
        )


def revoked_in_the_past(case: CRLCase, found: Revocation) -> None:
    """R14: warn of a revocation in the future."""
    if found.time - case.asked.at > case.asked.policy.clock_skew:
        case.warn(
            "R14",
            RevocationDateInvalid,
            f"the time of revocation {found.time} is after {case.asked.at}; the "
            "certificate counts as revoked",
            revocation_time=found.time,
            at=case.asked.at,
        )


def check_archive_cutoff(case: CRLCase) -> None:
    """R15: report an expired certificate, because a CRL may omit its revocation."""
    end = validity_of(case.asked.cert)[1]
    if end >= case.asked.at:
        return
    policy = case.asked.policy.expired_certificate
    strict = policy is ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF
    (case.fail if strict else case.warn)(
        "R15",
        StatusNotAvailable,
        f"the certificate expired at {end}, and a CRL may omit expired certificates",
        not_after=end,
        at=case.asked.at,
    )
