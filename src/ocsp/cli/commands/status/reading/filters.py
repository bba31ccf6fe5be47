"""Select certificates of the file: the options of ``list`` and ``export``."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

from cryptography.x509 import ReasonFlags

from ocsp.asn1.times import later
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.arguments import TIME_FORMS, parse_duration, parse_moment
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.parameters import Option
from ocsp.messages.reasons import reason_from
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import IssuerKey
from ocsp.store import Entry, Store

__all__ = [
    "Expiring",
    "Reasons",
    "Selection",
    "Since",
    "Status",
    "StatusName",
    "Until",
    "selection_from",
]


class StatusName(enum.StrEnum):
    """A status that certificates can be selected by."""

    GOOD = "good"
    REVOKED = "revoked"


Status = Annotated[
    StatusName | None,
    Option(
        "--status", metavar="CHOICE", help="Only these certificates: good or revoked."
    ),
]
Reasons = Annotated[
    list[str] | None,
    Option(
        "--reason",
        metavar="NAME",
        help="Only certificates revoked for this reason; repeatable.",
    ),
]
Since = Annotated[
    str | None,
    Option(
        metavar="TIME",
        help=f"Only certificates revoked at this time or later: {TIME_FORMS}.",
    ),
]
Until = Annotated[
    str | None,
    Option(
        metavar="TIME",
        help=f"Only certificates revoked before this time: {TIME_FORMS}.",
    ),
]
Expiring = Annotated[
    str | None,
    Option(
        metavar="DURATION",
        help="Only certificates that expire within this time from now, such as 30d.",
    ),
]


class Selection(NamedTuple):
    """
    The conditions that a certificate has to meet, all of them.

    Attributes:
        issuers: Its issuer is one of these; empty means any.

        status: Its status, or ``None`` for any.

        reasons: The reason of its revocation is one of these; empty means any.

        since: When it was revoked at the earliest.

        until: Before when it was revoked.

        expires: From when to when it expires.
    """

    issuers: Sequence[IssuerKey] = ()
    status: OCSPCertStatus | None = None
    reasons: frozenset[ReasonFlags] = frozenset()
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    expires: tuple[datetime.datetime, datetime.datetime] | None = None

    def of(self, store: Store) -> Iterator[Entry]:
        """Return the certificates in *store* that meet the conditions, as read."""
        for issuer in self.issuers or (None,):
            found = store.entries(
                issuer,
                status=self.status,
                revoked_since=self.since,
                expires_before=self.expires and self.expires[1],
            )
            yield from filter(self._accepts, found)

    def _accepts(self, entry: Entry) -> bool:
        """Check the conditions that the database does not check."""
        revoked = entry.record.revocation_time
        # A revocation without a reason is unspecified (RFC 5280 §5.3.1).
        reason = entry.record.revocation_reason or ReasonFlags.unspecified
        if self.reasons and (revoked is None or reason not in self.reasons):
            return False
        if self.until is not None and (revoked is None or revoked >= self.until):
            return False
        if self.expires is None:
            return True
        return entry.expires is not None and entry.expires >= self.expires[0]


def selection_from(
    issuers: Sequence[str] | None,
    status: StatusName | None,
    reasons: Sequence[str] | None,
    since: str | None,
    until: str | None,
    expiring: str | None,
) -> Selection:
    """
    Return the selection that the user made.

    Raises:
        CommandError: If a value cannot be read.
    """
    return Selection(
        GivenIssuers(issuers or ()).keys(),
        None if status is None else OCSPCertStatus[status.name],
        frozenset(map(_reason, reasons or ())),
        None if since is None else parse_moment("--since", since),
        None if until is None else parse_moment("--until", until),
        None if expiring is None else _within("--expiring", expiring),
    )


def _reason(name: str) -> ReasonFlags:
    try:
        return reason_from(name)
    except ValueError as error:
        raise CommandError("--reason", str(error)) from error


def _within(option: str, text: str) -> tuple[datetime.datetime, datetime.datetime]:
    now = datetime.datetime.now(datetime.UTC)
    return now, later(now, parse_duration(option, text))
