"""Choose among several records about one certificate: the one farthest from *good*."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import StatusRecord

__all__ = ["worst_of"]


def worst_of(records: Iterable[StatusRecord]) -> StatusRecord | None:
    """Return a record that revokes for good, else a hold, else *good*, else none."""
    return max(records, key=_severity, default=None)


def _severity(record: StatusRecord) -> int:
    if record.status is OCSPCertStatus.GOOD:
        return 0
    return 1 if record.revocation_reason is x509.ReasonFlags.certificate_hold else 2
