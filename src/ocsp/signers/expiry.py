"""Decide when to warn of the end of a certificate."""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp.asn1.certificates import validity_of

__all__ = ["DEFAULT_ALARM", "days_left", "ends_soon", "warning_time"]

DEFAULT_ALARM = datetime.timedelta(days=14)
"""How long before the end the warnings begin: enough to get another certificate."""

_PART = 4
"""They begin in the last quarter of the validity if that is shorter: some CAs issue
certificates for a few days, again and again."""


def warning_time(
    certificate: x509.Certificate, alarm: datetime.timedelta = DEFAULT_ALARM
) -> datetime.timedelta:
    """
    Return how long before the end of *certificate* the warnings begin.

    Args:
        certificate: The certificate.

        alarm: The longest time; it is a quarter of the validity if that is shorter.
    """
    begin, end = validity_of(certificate)
    return min(alarm, (end - begin) / _PART)


def ends_soon(
    certificate: x509.Certificate,
    now: datetime.datetime,
    alarm: datetime.timedelta = DEFAULT_ALARM,
) -> bool:
    """
    Tell whether it is time to replace *certificate*, for logs, checks and alerts alike.

    Args:
        certificate: The certificate.

        now: The current time, aware.

        alarm: As for :func:`warning_time`.
    """
    return validity_of(certificate)[1] - now <= warning_time(certificate, alarm)


def days_left(certificate: x509.Certificate, now: datetime.datetime) -> int:
    """Return how many whole days *certificate* is still valid; negative after it."""
    return (validity_of(certificate)[1] - now) // datetime.timedelta(days=1)
