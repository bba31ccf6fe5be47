"""Compare a row of a file with what is stored about the certificate."""

from __future__ import annotations

import datetime
import enum

from cryptography import x509

from ocsp.asn1.times import timestamp
from ocsp.messages.reasons import reason_name
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.importing.formats.rows import IssuedRow
from ocsp.store import CertificateRow, Entry

__all__ = ["Outcome", "difference", "outcome_of"]


class Outcome(enum.Enum):
    """What an import does with a row."""

    ADDED = enum.auto()
    """The certificate was not stored."""

    REVOKED = enum.auto()
    """It was stored as good or on hold, and is revoked."""

    ON_HOLD = enum.auto()
    """It is stored on hold, and the row says good: the operator decides."""

    UNCHANGED = enum.auto()
    """An import changes nothing, also if the row says something else."""


def outcome_of(row: CertificateRow, stored: Entry | None) -> Outcome:
    """Return what an import does with *row*."""
    if stored is None:
        return Outcome.ADDED
    if isinstance(row, IssuedRow):
        return Outcome.UNCHANGED
    revoked = row.record.status is OCSPCertStatus.REVOKED
    if stored.record.status is OCSPCertStatus.GOOD:
        return Outcome.REVOKED if revoked else Outcome.UNCHANGED
    if not _on_hold(stored.record):
        return Outcome.UNCHANGED
    if not revoked:
        return Outcome.ON_HOLD
    return Outcome.UNCHANGED if _on_hold(row.record) else Outcome.REVOKED


def difference(row: CertificateRow, stored: Entry) -> str:
    """
    Return how *row* differs from what is stored, or an empty text.

    What only one of the two knows is no difference, and neither is the subject, which
    each software writes in its own way.
    """
    if row.expires and stored.expires and row.expires != stored.expires:
        return (
            f"expires at {timestamp(row.expires)}, but the database has "
            f"{timestamp(stored.expires)}: another certificate with the same number?"
        )
    if isinstance(row, IssuedRow):
        return ""
    mine, theirs = _words(row.record), _words(stored.record)
    return "" if mine == theirs else f"is {mine}, but the database has {theirs}"


def _words(record: StatusRecord) -> str:
    if record.revocation_time is None:
        return "good"
    reason = record.revocation_reason or x509.ReasonFlags.unspecified
    since = timestamp(record.revocation_time)
    return f"revoked ({reason_name(reason)}) since {since}{_invalid(record)}"


def _invalid(record: StatusRecord) -> str:
    moment: datetime.datetime | None = record.invalidity_date
    return "" if moment is None else f", invalid since {timestamp(moment)}"


def _on_hold(record: StatusRecord) -> bool:
    return record.revocation_reason is x509.ReasonFlags.certificate_hold
