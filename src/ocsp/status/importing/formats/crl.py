"""
Read a CRL as rows: the certificates that it revokes (RFC 5280 §5).

A CRL does not name the other certificates. So a CRL-only CA also needs a list of the
certificates that it issued, or the responder does not answer *good*.
"""

from __future__ import annotations

import datetime
from typing import BinaryIO

from ocsp import limits
from ocsp.asn1.name_comparison import same_name, text
from ocsp.errors import ImportRefused, VerificationError
from ocsp.guarded.files import read_stream
from ocsp.messages.reasons import REASONS
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.importing.formats.rows import Items, Oddity, OddityKind, ReadOptions
from ocsp.store import CertificateRow
from ocsp.verification.crl.entries import CRLEntry
from ocsp.verification.crl.points import directory_names
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.whole import CRLIssuers, verify_whole
from ocsp.verification.policy import Policy

__all__ = ["read_crl"]

_REMOVED = 8
"""removeFromCRL: the certificate was on hold, or has expired (§5.3.1)."""


def read_crl(file: BinaryIO, options: ReadOptions) -> Items:
    """
    Return the entries of the CRL *file*, which the issuer has to have signed.

    It may have ended: what it revokes stays revoked.

    Raises:
        ImportRefused: If it is no CRL of the issuer, or its signature is wrong.
    """
    issuers = CRLIssuers(options.issuer, (), Policy())
    now = datetime.datetime.now(datetime.UTC)
    data = read_stream(file, options.name, limits.MAX_CRL_BYTES)
    try:
        crl = verify_whole(data, options.name, issuers, now)
    except VerificationError as error:
        raise ImportRefused(options.name, str(error)) from error
    if crl.next_update is not None and crl.next_update < now:
        reason = f"has ended on {crl.next_update}: newer revocations are not in it"
        yield Oddity("the CRL", OddityKind.DETAIL, reason)
    for number, entry in crl.entries.all():
        yield from _items(crl, number, entry, issuers)


def _items(crl: ReadCRL, number: int, entry: CRLEntry, issuers: CRLIssuers) -> Items:
    place = f"serial number {number:#x}"
    names = [crl.issuer] if entry.issuer is None else directory_names(entry.issuer)
    if not any(same_name(name, issuers.name) for name in names):
        named = ", ".join(map(text, names))
        reason = f"is an entry about the issuer {named}"
        yield Oddity(place, OddityKind.OTHER_ISSUER, reason)
    elif entry.reason == _REMOVED:
        reason = "is removed from the CRL: if it is on hold, release the hold"
        yield Oddity(place, OddityKind.CONFLICT, reason)
    else:
        yield from _revoked(place, number, entry)


def _revoked(place: str, number: int, entry: CRLEntry) -> Items:
    reason = None if entry.reason is None else REASONS.get(entry.reason)
    if entry.reason is not None and reason is None:
        why = f"has the reason {entry.reason}, which is not known: omitted"
        yield Oddity(place, OddityKind.DETAIL, why)
    if number <= 0:
        why = "is not positive"
        yield Oddity(place, OddityKind.SERIAL_NUMBER, why)
    record = StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=entry.time,
        revocation_reason=reason,
        invalidity_date=entry.invalidity_date,
    )
    yield CertificateRow(serial_number=number, record=record)
