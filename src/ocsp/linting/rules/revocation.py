"""
L4: revocations: reasons, certificates never issued, and how long status is kept.

Rules of this file: *never issued* is certificateHold since 1970 (RFC 6960 §2.2); rules
about reasons of revocation do not mean that.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.asn1 import oids
from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint
from ocsp.messages.extension_types import ArchiveCutoff
from ocsp.messages.raw_fields import RawExtension
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import REASONS, OCSPCertStatus

__all__ = [
    "archive_cutoff_in_the_past",
    "cutoff_of_an_ended_certificate",
    "extended_revoke_announced",
    "extended_revoke_well_placed",
    "known_reason",
    "never_issued_in_full",
    "no_reason_among_extensions",
    "nothing_of_a_crl",
    "permitted_reason",
    "reason_not_unspecified",
    "reason_of_ca_given",
    "reason_said",
    "still_revoked",
]

_NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_UNSPECIFIED, _HOLD, _REMOVE_FROM_CRL = 0, 6, 8
_SUBSCRIBER_REASONS = frozenset({1, 3, 4, 5, 9})
"""keyCompromise, affiliationChanged, superseded, cessationOfOperation,
privilegeWithdrawn (BR 7.2.2); unspecified is left out."""

_CA_REASONS = _SUBSCRIBER_REASONS | {2}
"""And cACompromise."""

_CRL_ENTRY = "2.5.29."
"""Where the extensions of CRL entries have their object identifiers (RFC 5280 §5.3)."""


def _revoked(case: Case) -> Iterator[tuple[str, OCSPSingleResponse]]:
    """Return the entries about certificates that were issued and revoked."""
    for where, entry in case.numbered():
        revoked = entry.certificate_status is OCSPCertStatus.REVOKED
        if revoked and not _is_never_issued(entry):
            yield where, entry


def _is_never_issued(entry: OCSPSingleResponse) -> bool:
    """Tell whether *entry* means that there is no such certificate."""
    return entry.revocation_time_utc == _NEVER and entry.revocation_reason_code == _HOLD


def _reasons(case: Case) -> Iterator[tuple[str, OCSPSingleResponse, int]]:
    """Return those with a reason, and its number."""
    for where, entry in _revoked(case):
        code = entry.revocation_reason_code
        if code is not None:
            yield f"{where}.certStatus.revocationReason", entry, code


def known_reason(case: Case) -> Iterator[Complaint]:
    """L401: the reason has one of the numbers that there are."""
    for where, _, code in _reasons(case):
        if code not in REASONS:
            yield Complaint(where, f"{code} means nothing")


def reason_not_unspecified(case: Case) -> Iterator[Complaint]:
    """L402: the reason is left out where it is unspecified."""
    for where, _, code in _reasons(case):
        if code == _UNSPECIFIED:
            yield Complaint(where, "is unspecified, which is to be left out")


def still_revoked(case: Case) -> Iterator[Complaint]:
    """L403: removeFromCRL is no reason to be revoked."""
    for where, _, code in _reasons(case):
        if code == _REMOVE_FROM_CRL:
            yield Complaint(where, "is removeFromCRL, which only a delta CRL has")


def _never_issued(case: Case) -> Iterator[tuple[str, int]]:
    for i, entry in enumerate(case.entries):
        if _is_never_issued(entry):
            yield f"responses[{i}]", i


def extended_revoke_announced(case: Case) -> Iterator[Complaint]:
    """L404: with an entry *never issued* comes extended-revoke."""
    announced = any(
        extension.oid == oids.EXTENDED_REVOKE
        for extension in case.parts.extensions or ()
    )
    for where, _ in _never_issued(case):
        if not announced:
            yield Complaint(
                "responseExtensions",
                f"has no extended-revoke, and {where} says *never issued*",
            )


def extended_revoke_well_placed(case: Case) -> Iterator[Complaint]:
    """L405: extended-revoke is not critical, and only among responseExtensions."""
    for where, extensions in case.lists():
        for extension in extensions:
            if extension.oid != oids.EXTENDED_REVOKE:
                continue
            if where != "responseExtensions":
                yield Complaint(where, "has extended-revoke, which is of the response")
            if extension.critical:
                yield Complaint(where, "has an extended-revoke that is critical")


def nothing_of_a_crl(case: Case) -> Iterator[Complaint]:
    """L406: an entry *never issued* refers to no CRL."""
    for where, i in _never_issued(case):
        for extension in case.parts.entries[i] or ():
            if extension.oid == oids.CRL or extension.oid.startswith(_CRL_ENTRY):
                yield Complaint(
                    f"{where}.singleExtensions[{extension.oid}]",
                    "is of a CRL, where no certificate is that never was",
                )


def never_issued_in_full(case: Case) -> Iterator[Complaint]:
    """L407: revoked since 1970 means *never issued*, and has certificateHold then."""
    for where, entry in _revoked(case):
        if entry.revocation_time_utc == _NEVER:
            yield Complaint(
                f"{where}.certStatus",
                "is revoked since 1970-01-01 without certificateHold",
            )


def archive_cutoff_in_the_past(case: Case) -> Iterator[Complaint]:
    """L408: the archive cutoff lies before producedAt."""
    produced = case.response.produced_at_utc
    for i, extensions in enumerate(case.parts.entries):
        cutoff = _cutoff(extensions)
        if cutoff is not None and cutoff > produced:
            yield Complaint(
                f"responses[{i}].singleExtensions[{oids.ARCHIVE_CUTOFF}]",
                f"{cutoff} is after producedAt {produced}",
            )


def _cutoff(extensions: list[RawExtension] | None) -> datetime.datetime | None:
    for extension in extensions or ():
        if extension.oid == oids.ARCHIVE_CUTOFF:
            try:
                return ArchiveCutoff.read(extension.value).cutoff
            except DecodeError:
                return None  # which L110 has found
    return None


def cutoff_of_an_ended_certificate(case: Case) -> Iterator[Complaint]:
    """L409: of a certificate that has ended, it is said how long status is kept."""
    produced = case.response.produced_at_utc
    if case.cert is None or case.cert.not_valid_after_utc >= produced:
        return
    for i, entry in enumerate(case.entries):
        extensions = case.parts.entries[i] or ()
        if case.is_about(entry.cert_id) and not any(
            extension.oid == oids.ARCHIVE_CUTOFF for extension in extensions
        ):
            yield Complaint(
                f"responses[{i}].singleExtensions",
                f"has no archive cutoff, and the certificate ended at "
                f"{case.cert.not_valid_after_utc}",
            )


def reason_of_ca_given(case: Case) -> Iterator[Complaint]:
    """L410: a CA's certificate is revoked for a reason."""
    for where, entry in _revoked(case):
        if case.is_of_ca(entry) and entry.revocation_reason_code is None:
            yield Complaint(
                f"{where}.certStatus.revocationReason",
                "is absent, and the certificate is that of a CA",
            )


def reason_said(case: Case) -> Iterator[Complaint]:
    """L411: no reason means that it is unspecified, or unknown to the responder."""
    for where, entry in _revoked(case):
        if not case.is_of_ca(entry) and entry.revocation_reason_code is None:
            yield Complaint(
                f"{where}.certStatus.revocationReason", "is absent: unspecified"
            )


def permitted_reason(case: Case) -> Iterator[Complaint]:
    """L412: the reason is one that the Baseline Requirements permit."""
    for where, entry, code in _reasons(case):
        subscriber = case.is_of_ca(entry) is False
        permitted = _SUBSCRIBER_REASONS if subscriber else _CA_REASONS
        # What L401 to L403 say of all responses is not said again.
        if code in REASONS and code not in permitted | {_UNSPECIFIED, _REMOVE_FROM_CRL}:
            name = REASONS[code].value
            yield Complaint(where, f"{name} is not permitted")


def no_reason_among_extensions(case: Case) -> Iterator[Complaint]:
    """L413: the reason stands in certStatus, not among singleExtensions."""
    for i, extensions in enumerate(case.parts.entries):
        for extension in extensions or ():
            if extension.oid == oids.CRL_REASON:
                yield Complaint(
                    f"responses[{i}].singleExtensions", "has a reasonCode (2.5.29.21)"
                )
