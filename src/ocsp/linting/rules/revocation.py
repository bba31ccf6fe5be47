"""
L4: reasons of revocation, certificates never issued, and archive cutoffs.

An entry *never issued* has the reason certificateHold and the revocationTime 1970-01-01
(RFC 6960 §2.2). Rules about reasons do not apply to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.asn1 import oids
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import RawExtension
from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint
from ocsp.messages.extension_types import ArchiveCutoff
from ocsp.messages.reasons import REASONS
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus

__all__ = [
    "archive_cutoff_in_the_past",
    "cutoff_for_expired_certificate",
    "extended_revoke_announced",
    "extended_revoke_well_placed",
    "known_reason",
    "never_issued_on_hold",
    "no_crl_extensions",
    "no_reason_among_extensions",
    "no_remove_from_crl",
    "permitted_reason",
    "reason_given",
    "reason_not_unspecified",
    "reason_of_ca_given",
]

_NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_UNSPECIFIED, _HOLD, _REMOVE_FROM_CRL = 0, 6, 8
_SUBSCRIBER_REASONS = frozenset({1, 3, 4, 5, 9})
"""keyCompromise, affiliationChanged, superseded, cessationOfOperation,
privilegeWithdrawn (BR 7.2.2). L402 reports *unspecified*."""

_CA_REASONS = _SUBSCRIBER_REASONS | {2}
"""The same and cACompromise."""

_CRL_ENTRY = "2.5.29."
"""The prefix of the OIDs of CRL entry extensions (RFC 5280 §5.3)."""


def _revoked(case: Case) -> Iterator[tuple[str, OCSPSingleResponse]]:
    """Return the entries for revoked certificates, without those *never issued*."""
    for where, entry in case.numbered():
        revoked = entry.certificate_status is OCSPCertStatus.REVOKED
        if revoked and not _is_never_issued(entry):
            yield where, entry


def _is_never_issued(entry: OCSPSingleResponse) -> bool:
    """Tell whether *entry* states that the CA never issued the certificate."""
    return entry.revocation_time_utc == _NEVER and entry.revocation_reason_code == _HOLD


def _reasons(case: Case) -> Iterator[tuple[str, OCSPSingleResponse, int]]:
    """Return the revoked entries that have a reason, and its code."""
    for where, entry in _revoked(case):
        code = entry.revocation_reason_code
        if code is not None:
            yield f"{where}.certStatus.revocationReason", entry, code


def known_reason(case: Case) -> Iterator[Complaint]:
    """L401: the reason of the revocation has a defined code."""
    for where, _, code in _reasons(case):
        if code not in REASONS:
            yield Complaint(where, f"has the undefined code {code}")


def reason_not_unspecified(case: Case) -> Iterator[Complaint]:
    """L402: the reason is absent instead of *unspecified*."""
    for where, _, code in _reasons(case):
        if code == _UNSPECIFIED:
            yield Complaint(where, "is unspecified; it should be absent")


def no_remove_from_crl(case: Case) -> Iterator[Complaint]:
    """L403: the reason is not removeFromCRL."""
    for where, _, code in _reasons(case):
        if code == _REMOVE_FROM_CRL:
            yield Complaint(where, "is removeFromCRL, which is for delta CRLs only")


def _never_issued(case: Case) -> Iterator[tuple[str, int]]:
    for i, entry in enumerate(case.entries):
        if _is_never_issued(entry):
            yield f"responses[{i}]", i


def extended_revoke_announced(case: Case) -> Iterator[Complaint]:
    """L404: a response with an entry *never issued* has extended-revoke."""
    announced = any(
        extension.oid == oids.EXTENDED_REVOKE
        for extension in case.parts.extensions or ()
    )
    for where, _ in _never_issued(case):
        if not announced:
            yield Complaint(
                "responseExtensions",
                f"has no extended-revoke, though {where} states *never issued*",
            )


def extended_revoke_well_placed(case: Case) -> Iterator[Complaint]:
    """L405: extended-revoke is not critical, and is in responseExtensions only."""
    for where, extensions in case.extension_lists():
        for extension in extensions:
            if extension.oid != oids.EXTENDED_REVOKE:
                continue
            if where != "responseExtensions":
                yield Complaint(
                    where, "has extended-revoke, which belongs in responseExtensions"
                )
            if extension.critical:
                yield Complaint(where, "has a critical extended-revoke")


def no_crl_extensions(case: Case) -> Iterator[Complaint]:
    """L406: an entry *never issued* has no CRL extension."""
    for where, i in _never_issued(case):
        for extension in case.parts.entries[i] or ():
            if extension.oid == oids.CRL or extension.oid.startswith(_CRL_ENTRY):
                yield Complaint(
                    f"{where}.singleExtensions[{extension.oid}]",
                    "is a CRL extension; no CRL lists a certificate never issued",
                )


def never_issued_on_hold(case: Case) -> Iterator[Complaint]:
    """L407: an entry revoked since 1970-01-01 has the reason certificateHold."""
    for where, entry in _revoked(case):
        if entry.revocation_time_utc == _NEVER:
            yield Complaint(
                f"{where}.certStatus",
                "is revoked since 1970-01-01 without certificateHold",
            )


def archive_cutoff_in_the_past(case: Case) -> Iterator[Complaint]:
    """L408: the archive cutoff is not after producedAt."""
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
                return None  # L110 reports it.
    return None


def cutoff_for_expired_certificate(case: Case) -> Iterator[Complaint]:
    """L409: an entry for an expired certificate has an archive cutoff."""
    produced = case.response.produced_at_utc
    if case.cert is None:
        return
    _, end = validity_of(case.cert)
    if end >= produced:
        return
    for i, entry in enumerate(case.entries):
        extensions = case.parts.entries[i] or ()
        if case.is_about(entry.cert_id) and not any(
            extension.oid == oids.ARCHIVE_CUTOFF for extension in extensions
        ):
            yield Complaint(
                f"responses[{i}].singleExtensions",
                f"has no archive cutoff, though the certificate expired at {end}",
            )


def reason_of_ca_given(case: Case) -> Iterator[Complaint]:
    """L410: a revoked CA certificate has a reason."""
    for where, entry in _revoked(case):
        if case.is_of_ca(entry) and entry.revocation_reason_code is None:
            yield Complaint(
                f"{where}.certStatus.revocationReason",
                "is absent, though the certificate is a CA certificate",
            )


def reason_given(case: Case) -> Iterator[Complaint]:
    """L411: a revoked subscriber certificate has a reason unless it is unspecified."""
    for where, entry in _revoked(case):
        if not case.is_of_ca(entry) and entry.revocation_reason_code is None:
            yield Complaint(
                f"{where}.certStatus.revocationReason",
                "is absent, which means unspecified",
            )


def permitted_reason(case: Case) -> Iterator[Complaint]:
    """L412: the reason is one that the Baseline Requirements permit."""
    for where, entry, code in _reasons(case):
        subscriber = case.is_of_ca(entry) is False
        permitted = _SUBSCRIBER_REASONS if subscriber else _CA_REASONS
        # L401 to L403 report the other codes.
        if code in REASONS and code not in permitted | {_UNSPECIFIED, _REMOVE_FROM_CRL}:
            name = REASONS[code].value
            yield Complaint(where, f"{name} is not permitted")


def no_reason_among_extensions(case: Case) -> Iterator[Complaint]:
    """L413: the reason is in certStatus, not in singleExtensions."""
    for i, extensions in enumerate(case.parts.entries):
        for extension in extensions or ():
            if extension.oid == oids.CRL_REASON:
                yield Complaint(
                    f"responses[{i}].singleExtensions", "has a reasonCode (2.5.29.21)"
                )
