"""
Define what the admin port shows: values, and the protocol of what provides them.

The values are for reading only. Nothing behind this protocol changes a status.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cryptography import x509

from ocsp.responder.source import IssuerKey, StatusRecord
from ocsp.signers.expiry import DEFAULT_ALARM, ends_soon, warning_time
from ocsp.store import StatusCounts

__all__ = [
    "CertificateView",
    "IssuerView",
    "KeptAnswer",
    "ResponderState",
    "SignerView",
    "StatusChange",
    "StoreView",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerView:
    """
    An issuer that the responder answers for.

    Attributes:
        name: The configured name, which is also the label of its metrics.

        key: The issuer, as sources of status know it.

        certificate: Its certificate.

        signers: The names of its signers, in the order in which they are used; none if
            others sign its answers.

        unlisted: How the responder answers for serial numbers without a record.

        source: Where the status comes from, in words, for example ``status.db``.

        counts: How many certificates have which status, or ``None`` if the source
            cannot tell.

        overdue: How many stored answers should have been signed again a minute ago or
            earlier, or ``None`` if that is not known.

        ends: When an offline CA has no response about one of its certificates any more,
            or ``None`` if its answers have no such end.

        check: The name of the check of its answers if others sign them; else empty.
    """

    name: str
    key: IssuerKey
    certificate: x509.Certificate
    signers: tuple[str, ...]
    unlisted: str
    source: str
    counts: StatusCounts | None
    overdue: int | None = None
    ends: datetime.datetime | None = None
    check: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerView:
    """
    A signer.

    Attributes:
        name: The configured name, which is also the label of its metrics.

        certificate: Its certificate.

        issuers: The names of the issuers that it signs for.

        signs_now: Whether it signs the answers of one of them now.

        alarm: How long before its end the warnings begin, as configured: in the last
            quarter of its validity if that is shorter.

        warnings: What is unwise about its certificate.
    """

    name: str
    certificate: x509.Certificate
    issuers: tuple[str, ...]
    signs_now: bool
    alarm: datetime.timedelta = DEFAULT_ALARM
    warnings: tuple[str, ...] = ()

    @property
    def warning_time(self) -> datetime.timedelta:
        """How long before the end of the certificate the warnings begin."""
        return warning_time(self.certificate, self.alarm)

    def ends_soon(self, now: datetime.datetime) -> bool:
        """Tell whether it is time to replace the certificate, at *now*, aware."""
        return ends_soon(self.certificate, now, self.alarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """
    A store of status and signed answers.

    Attributes:
        name: The configured name, which is also the label of its metrics.

        kind: What it is, for example ``SQLite``.

        place: Where it is, for example a path, without a password.

        problem: Why it cannot be read, or an empty string.

        size: Its size in octets, or ``None`` if that is not known.

        answers_due: How many stored answers are to be signed now, or ``None``.

        open_changes: How many of the last changes of status are not in all signed
            answers yet, or ``None``.
    """

    name: str
    kind: str
    place: str
    problem: str = ""
    size: int | None = None
    answers_due: int | None = None
    open_changes: int | None = None


class StatusChange(NamedTuple):
    """What was done to a certificate: added, deleted, or its status changed."""

    time: datetime.datetime
    what: str
    by: str


class KeptAnswer(NamedTuple):
    """A signed answer in the store about a certificate."""

    form: str
    this_update: datetime.datetime
    next_update: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """
    What the source knows about one certificate.

    Attributes:
        serial_number: The serial number.

        subject: The subject, or an empty string.

        expires: notAfter, or ``None`` if it is not known.

        record: The status.

        answers: The signed answers in the store.

        changes: What was done to it, newest first.
    """

    serial_number: int
    subject: str
    expires: datetime.datetime | None
    record: StatusRecord
    answers: tuple[KeptAnswer, ...] = ()
    changes: tuple[StatusChange, ...] = ()


class ResponderState(Protocol):
    """
    What the pages show of a responder.

    The methods are called in one thread, one at a time. They may read files and
    databases. Whatever they raise of :class:`ocsp.errors.OCSPError` is shown as the
    reason why something is not known.
    """

    def issuers(self) -> Sequence[IssuerView]:
        """Return the issuers, in the order of the configuration."""
        ...

    def signers(self) -> Sequence[SignerView]:
        """Return the signers, in the order of the configuration."""
        ...

    def stores(self) -> Sequence[StoreView]:
        """Return the stores."""
        ...

    def find(self, issuer: IssuerKey, serial_number: int) -> CertificateView | None:
        """
        Return what is known about a certificate, or ``None`` if it has no record.

        Raises:
            SourceUnavailable: If the source cannot answer now.
        """
        ...
