"""The values that go into a store and come out of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

from cryptography import x509

from ocsp.asn1.times import utc
from ocsp.errors import StoreError
from ocsp.messages.reasons import REASON_CODES, REASONS
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord

__all__ = [
    "CertificateRow",
    "Change",
    "Entry",
    "ImportedBatch",
    "LateReader",
    "NewChanges",
    "Pruned",
    "StatusCounts",
    "StoredIssuer",
    "moment",
    "on_hold",
    "record_from",
    "seconds",
    "serial_from",
    "status_columns",
]

GOOD = StatusRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """
    One certificate to import.

    Attributes:
        serial_number: The serial number.

        subject: The subject name, for people, or empty.

        expires: notAfter, or ``None`` if it is not known. A naive time is UTC.

        record: The status.
    """

    serial_number: int
    subject: str = ""
    expires: datetime.datetime | None = None
    record: StatusRecord = field(default=GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One certificate in a store.

    Attributes:
        issuer: The name of the issuer (RFC 4514).

        issuer_key: The issuer, as in a :class:`ocsp.responder.StatusQuery`.

        serial_number: The serial number of the certificate.

        subject: Its subject name, or empty.

        expires: Its notAfter in UTC, or ``None`` if it was not given.

        record: Its status.

        version: The version of that status; it counts the changes.
    """

    issuer: str
    issuer_key: IssuerKey
    serial_number: int
    subject: str
    expires: datetime.datetime | None
    record: StatusRecord
    version: int


class StatusCounts(NamedTuple):
    """
    How many certificates of an issuer have which status.

    Attributes:
        good: Good.

        revoked: Revoked for good.

        on_hold: On hold: revoked with the reason certificateHold.
    """

    good: int
    revoked: int
    on_hold: int

    @property
    def total(self) -> int:
        """The number of all certificates."""
        return self.good + self.revoked + self.on_hold


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIssuer:
    """
    An issuer in a store.

    Attributes:
        key: The issuer, as in a :class:`ocsp.responder.StatusQuery`.

        subject: Its name (RFC 4514).

        certificate: Its certificate in DER, or ``None`` if it is not known.
    """

    key: IssuerKey
    subject: str
    certificate: bytes | None


class ImportedBatch(NamedTuple):
    """
    What the import of a batch changed.

    Attributes:
        added: How many certificates were not in the file.

        revoked: How many were in the file, and are revoked now.

        unchanged: How many were in the file, and stay as they were. A certificate that
            is revoked in the file stays revoked, also if the batch says *good*.

        event: The number of the last event of the batch, or ``None``.
    """

    added: int
    revoked: int
    unchanged: int
    event: int | None


class Pruned(NamedTuple):
    """
    What was deleted.

    Attributes:
        certificates: How many certificates.

        events: How many events.
    """

    certificates: int
    events: int


class LateReader(NamedTuple):
    """
    A process that has not seen a change yet: it may still give the old answer.

    Attributes:
        process: Its number in the operating system.

        seen: The number of the last event that it has seen.

        host: The name of its machine, or empty if it is this one.
    """

    process: int
    seen: int
    host: str = ""


class NewChanges(NamedTuple):
    """
    The changes of status after a place in the history.

    Attributes:
        queries: The certificates whose status changed, in order.

        cursor: The place after these changes.

        complete: ``False`` if changes are missing, because their events were deleted or
            the database was replaced: the status of any certificate may have changed.
    """

    queries: list[StatusQuery]
    cursor: str
    complete: bool


class Change(NamedTuple):
    """
    The result of a change of a certificate's status.

    Attributes:
        changed: ``False`` if the certificate had that status already.

        record: The status after the change.

        event: The number of the event, or ``None`` if nothing changed. Pass it to
            :meth:`ocsp.store.Store.wait_until_seen` after the transaction.
    """

    changed: bool
    record: StatusRecord
    event: int | None = None


def seconds(time: datetime.datetime | None) -> int | None:
    """Return *time* in whole seconds since 1970; a naive time is UTC."""
    return None if time is None else int(utc(time).timestamp())


@overload
def moment(second: int) -> datetime.datetime: ...


@overload
def moment(second: int | None) -> datetime.datetime | None: ...


def moment(second: int | None) -> datetime.datetime | None:
    """Return the time of *second*, which counts from 1970, in UTC."""
    if second is None:
        return None
    return datetime.datetime.fromtimestamp(second, datetime.UTC)


def serial_from(octets: bytes) -> int:
    """Return the serial number with the content *octets* in DER."""
    return int.from_bytes(octets, signed=True)


def status_columns(
    record: StatusRecord,
) -> tuple[int | None, int | None, int | None]:
    """Return the columns ``revoked``, ``reason`` and ``invalid`` of *record*."""
    reason = record.revocation_reason
    return (
        seconds(record.revocation_time),
        None if reason is None else REASON_CODES[reason],
        seconds(record.invalidity_date),
    )


def record_from(
    revoked: Any, reason: Any, invalid: Any, expires: Any = None, cert_hash: Any = None
) -> StatusRecord:
    """
    Return the record in the columns of a certificate, as the database has them.

    Raises:
        StoreError: If another program wrote values that mean nothing.
    """
    if revoked is None and expires is None and cert_hash is None:
        return GOOD
    try:
        if revoked is None:
            return StatusRecord(expires=moment(expires), cert_hash=cert_hash or b"")
        return StatusRecord(
            status=_REVOKED.status,
            revocation_time=moment(revoked),
            revocation_reason=None if reason is None else REASONS[reason],
            invalidity_date=moment(invalid),
            expires=moment(expires),
            cert_hash=cert_hash or b"",
        )
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise StoreError(
            f"the row of the certificate has values that mean nothing: revoked"
            f" {revoked!r}, reason {reason!r}, invalid {invalid!r}, expires {expires!r}"
        ) from error


_REVOKED = StatusRecord.revoked(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))


def on_hold(record: StatusRecord) -> bool:
    """Tell whether *record* is a revocation that can end (RFC 5280 §5.3.1)."""
    return record.revocation_reason is x509.ReasonFlags.certificate_hold
