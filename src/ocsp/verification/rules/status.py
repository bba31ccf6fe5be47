"""
V20, V23, V25 and V26: revoked and expired certificates.

No rule changes a status to a better one.
"""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp.asn1.certificates import validity_of
from ocsp.errors import (
    ResponseExpired,
    RevocationDateInvalid,
    RevokedButStale,
    StatusNotAvailable,
)
from ocsp.messages.extension_types import ArchiveCutoff
from ocsp.messages.reasons import REASONS
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.case import Case
from ocsp.verification.policy import ExpiredCertificate

__all__ = [
    "check_archive_cutoff",
    "check_expired",
    "report_stale_revocation",
    "revoked_in_the_past",
]


def report_stale_revocation(case: Case, entry: OCSPSingleResponse) -> None:
    """V20: report *revoked* even if the response is too old."""
    stale = all(failure.error is ResponseExpired for failure in case.failures)
    if stale and entry.certificate_status is OCSPCertStatus.REVOKED:
        since = entry.revocation_time_utc
        case.fail(
            "V20",
            RevokedButStale,
            f"the certificate was revoked at {since}, as stated by a response that is "
            "valid except for its age",
            revocation_time=since,
            this_update=entry.this_update_utc,
        )


def revoked_in_the_past(case: Case, entry: OCSPSingleResponse) -> None:
    """V23: warn of a revocation in the future or with an unknown reason."""
    since = entry.revocation_time_utc
    if since is not None and since - case.at > case.policy.clock_skew:
        case.warn(
            "V23",
            RevocationDateInvalid,
            f"the time of revocation {since} is after {case.at}; the certificate "
            "counts as revoked",
            revocation_time=since,
            at=case.at,
        )
    code = entry.revocation_reason_code
    if code is not None and code not in REASONS:
        case.warn(
            "V23",
            RevocationDateInvalid,
            f"the reason of the revocation has the unknown code {code}",
            reason=code,
        )


def check_expired(case: Case) -> datetime.datetime | None:
    """V26: warn of an expired certificate; return when it expired, or ``None``."""
    if not isinstance(case.cert, x509.Certificate):
        return None
    _, end = validity_of(case.cert)
    if end >= case.at:
        return None
    case.warn(
        "V26",
        StatusNotAvailable,
        f"the certificate expired at {end}",
        not_after=end,
        at=case.at,
    )
    return end


def check_archive_cutoff(
    case: Case, entry: OCSPSingleResponse, end: datetime.datetime
) -> None:
    """V25: check that the responder still keeps revocations from before *end*."""
    if entry.certificate_status is not OCSPCertStatus.GOOD:
        return
    cutoff = _archive_cutoff(entry)
    if cutoff is not None and cutoff <= end:
        return
    kept = (
        "the response has no archive cutoff"
        if cutoff is None
        else f"the archive cutoff of the response is {cutoff}"
    )
    strict = (
        cutoff is not None
        or case.policy.expired_certificate is ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF
    )
    report = case.fail if strict else case.warn
    report(
        "V25",
        StatusNotAvailable,
        f"the certificate expired at {end}, and {kept}: the responder may no longer "
        "keep its revocation",
        not_after=end,
        archive_cutoff=cutoff,
    )


def _archive_cutoff(entry: OCSPSingleResponse) -> datetime.datetime | None:
    for extension in entry._each_extension:
        if isinstance(extension.value, ArchiveCutoff):
            return extension.value.cutoff
    return None
