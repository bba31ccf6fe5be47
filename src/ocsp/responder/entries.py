"""
Encode the entry of an answer for one certificate (RFC 6960 §4.2.1).

The record of the source decides the status; for a serial number without a record the
authority decides. An entry repeats the DER of the CertID octet for octet.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import validity_of
from ocsp.errors import RetentionOver, SourceUnavailable
from ocsp.messages.extension_types import ArchiveCutoff, CertHash
from ocsp.messages.extensions import SingleExtension
from ocsp.messages.responses.single_response import single_response_content
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.authority import Authority, UnknownSerialPolicy
from ocsp.responder.source import StatusRecord

__all__ = ["AnswerTimes", "Entry", "check_retention", "encode_entry"]


class AnswerTimes(NamedTuple):
    """
    The times of an answer, if the source does not limit them.

    Attributes:
        now: The time of the request, aware.

        this_update: thisUpdate, aware; producedAt is the same.

        next_update: nextUpdate, aware.
    """

    now: datetime.datetime
    this_update: datetime.datetime
    next_update: datetime.datetime


class Entry(NamedTuple):
    """
    One entry of an answer.

    Attributes:
        content: The content of the SingleResponse.

        this_update: Its thisUpdate, aware.

        next_update: Its nextUpdate, aware.

        never_issued: Whether it says *revoked* for a certificate that was never issued.
    """

    content: bytes
    this_update: datetime.datetime
    next_update: datetime.datetime
    never_issued: bool = False


_GOOD = StatusRecord()
_NEVER_ISSUED = StatusRecord.revoked(
    # RFC 6960 §2.2: *revoked* for a certificate that was never issued has this time
    # and reason.
    datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
    x509.ReasonFlags.certificate_hold,
)


def check_retention(
    record: StatusRecord, authority: Authority, now: datetime.datetime
) -> None:
    """
    Check that the responder still answers for the certificate of *record*.

    Raises:
        RetentionOver: If the certificate ended longer ago than the authority retains
            statuses.
    """
    if authority.retention is None or record.expires is None:
        return
    if now - record.expires > authority.retention:
        raise RetentionOver(
            f"the certificate ended at {record.expires}, and its status is retained for"
            f" {authority.retention}"
        )


def encode_entry(
    cert_id: bytes,
    record: StatusRecord | None,
    authority: Authority,
    times: AnswerTimes,
) -> Entry:
    """
    Return the entry for one certificate.

    Args:
        cert_id: The DER of its CertID.

        record: What the source knows about it, or ``None``.

        authority: The authority of its issuer.

        times: The times of the answer.

    Raises:
        SourceUnavailable: If the record has ended, or begins in the future.
    """
    if authority.compromised is not None:
        record = _by_compromised_ca(record, authority.compromised)
    if record is None:
        return _encode_unlisted(cert_id, authority.unlisted, times)
    return _encode(cert_id, record, authority, times)


def _by_compromised_ca(
    record: StatusRecord | None, since: datetime.datetime
) -> StatusRecord:
    """Return *revoked* because of the CA, unless it was revoked for good before."""
    if record is not None and record.revocation_time is not None:
        on_hold = record.revocation_reason is x509.ReasonFlags.certificate_hold
        if not on_hold and record.revocation_time <= since:
            return record
    return StatusRecord.revoked(since, x509.ReasonFlags.ca_compromise)


def _encode_unlisted(
    cert_id: bytes, policy: UnknownSerialPolicy, times: AnswerTimes
) -> Entry:
    _, this_update, next_update = times
    status, time, reason = OCSPCertStatus.UNKNOWN, None, None
    if policy is UnknownSerialPolicy.UNSAFE_GOOD:
        status = OCSPCertStatus.GOOD
    elif policy is UnknownSerialPolicy.REVOKED:
        status = OCSPCertStatus.REVOKED
        time, reason = _NEVER_ISSUED.revocation_time, _NEVER_ISSUED.revocation_reason
    content = single_response_content(
        cert_id, status, this_update, next_update, time, reason, ()
    )
    return Entry(
        content, this_update, next_update, policy is UnknownSerialPolicy.REVOKED
    )


def _encode(
    cert_id: bytes, record: StatusRecord, authority: Authority, times: AnswerTimes
) -> Entry:
    now, this_update, next_update = times
    if record.this_update is not None:
        this_update = _since(record.this_update, now)
    if record.next_update is not None:
        next_update = min(next_update, _until(record.next_update, now))
    reason = record.revocation_reason
    if reason is x509.ReasonFlags.unspecified:
        reason = None  # RFC 5280 §5.3.1: omit the reason instead of unspecified
    content = single_response_content(
        cert_id,
        record.status,
        this_update,
        next_update,
        record.revocation_time,
        reason,
        _extensions(record, authority, times.this_update),
    )
    return Entry(content, this_update, next_update)


def _since(begin: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    if begin > now:
        raise SourceUnavailable(f"the source's status begins at {begin}, after {now}")
    return begin


def _until(end: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    if end <= now:
        raise SourceUnavailable(f"the source's status ended at {end}")
    return end


def _extensions(
    record: StatusRecord, authority: Authority, produced_at: datetime.datetime
) -> tuple[SingleExtension, ...]:
    found: list[SingleExtension] = []
    if authority.retention is not None:
        found.append(_archive_cutoff(authority, authority.retention, produced_at))
    if authority.cert_hash and record.cert_hash:
        found.append(CertHash.of_digest(record.cert_hash, hashes.SHA256()))
    if record.invalidity_date is not None:
        found.append(x509.InvalidityDate(record.invalidity_date))
    return tuple(found)


def _archive_cutoff(
    authority: Authority, retention: datetime.timedelta, produced_at: datetime.datetime
) -> ArchiveCutoff:
    """Return producedAt minus the retention, not before the CA (RFC 6960 §4.4.4)."""
    begin, _ = validity_of(authority.issuer)
    if produced_at - begin <= retention:
        return ArchiveCutoff(begin)
    return ArchiveCutoff(produced_at - retention)
