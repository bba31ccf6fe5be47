"""
Decide what a change of a status means: what a repeated call does, and what is refused.

A revocation is permanent, except for a certificate on hold (RFC 5280 §5.3.1). The
databases refuse the same in triggers, for other programs.
"""

from __future__ import annotations

from cryptography import x509

from ocsp.errors import AlreadyRevoked, ConfigError, NotOnHold
from ocsp.responder.source import StatusRecord
from ocsp.store.values import on_hold

__all__ = ["released_record", "revoked_record"]


def revoked_record(
    known: StatusRecord,
    wanted: StatusRecord,
    serial_number: int,
    *,
    since_now: bool,
    change_reason: bool,
) -> StatusRecord:
    """
    Return the status after a revocation; it is *known* if nothing changes.

    Args:
        known: The status before.

        wanted: The revocation.

        serial_number: The serial number of the certificate.

        since_now: The time in *wanted* is only the present one: a revocation or a hold
            that is recorded already keeps its time.

        change_reason: Whether a revocation may get another reason.

    Raises:
        AlreadyRevoked: If the certificate is revoked otherwise, and not on hold.
        ConfigError: If the reason is for delta CRLs only.
    """
    if wanted.revocation_reason is x509.ReasonFlags.remove_from_crl:
        raise ConfigError("reason", "remove_from_crl is for delta CRLs only")
    since = known.revocation_time if since_now else None
    record = StatusRecord(
        status=wanted.status,
        revocation_time=since or wanted.revocation_time,
        revocation_reason=wanted.revocation_reason,
        invalidity_date=wanted.invalidity_date,
        expires=known.expires,
        cert_hash=known.cert_hash,
    )
    if known.revocation_time is None or on_hold(known):
        return record
    return _revoked_again(
        known, record, change_reason=change_reason, serial=serial_number
    )


def released_record(known: StatusRecord, serial_number: int) -> StatusRecord:
    """
    Return the status after a hold has ended (RFC 5280 §5.3.1).

    Raises:
        NotOnHold: If the certificate is not on hold.
    """
    if not on_hold(known):
        raise NotOnHold(serial_number)
    return StatusRecord(expires=known.expires, cert_hash=known.cert_hash)


def _revoked_again(
    known: StatusRecord, record: StatusRecord, *, change_reason: bool, serial: int
) -> StatusRecord:
    """Return what becomes of the revocation *known* if it is repeated by *record*."""
    if record.revocation_time != known.revocation_time:
        raise AlreadyRevoked(serial)
    same = record.revocation_reason is None or _reason(record) == _reason(known)
    if same and record.invalidity_date in {None, known.invalidity_date}:
        return known
    if not change_reason or on_hold(record):
        raise AlreadyRevoked(serial)
    return record


def _reason(record: StatusRecord) -> x509.ReasonFlags:
    """Return the reason; none means unspecified (RFC 5280 §5.3.1)."""
    return record.revocation_reason or x509.ReasonFlags.unspecified
