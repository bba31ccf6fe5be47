"""The events of the history: what was done to certificates, by whom, and when."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ocsp.asn1.der import integer_octets
from ocsp.asn1.times import moment_from, timestamp
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey, StatusRecord
from ocsp.store.values import (
    moment,
    record_from,
    seconds,
    serial_from,
    status_columns,
)

__all__ = [
    "Action",
    "Event",
    "ImportSummary",
    "PruneSummary",
    "Summary",
    "event_columns",
    "event_from",
    "summary_text",
]


class Action(StrEnum):
    """What an event records."""

    ADDED = "added"
    """One certificate was added, with its first status."""

    CHANGED = "changed"
    """The status of one certificate was changed."""

    DELETED = "deleted"
    """One certificate was deleted by another program than this package."""

    IMPORTED = "imported"
    """A batch of an import added or revoked certificates."""

    PRUNED = "pruned"
    """Expired certificates or old events were deleted."""


class ImportSummary(NamedTuple):
    """
    What a batch of an import did.

    Each certificate that it revoked has an event of its own too, those that it added
    have none.

    Attributes:
        name: The name of the file, as the operator gave it, or of the program.

        sha256: SHA-256 of the file; empty if it is a directory or no file.

        added: How many certificates it added, in whatever status.

        revoked: How many certificates it revoked that were there.
    """

    name: str
    sha256: bytes
    added: int
    revoked: int

    def plus(self, other: Summary) -> ImportSummary | None:
        """Return the sum with another batch of the same file, or ``None``."""
        if not isinstance(other, ImportSummary) or self[:2] != other[:2]:
            return None
        added, revoked = self.added + other.added, self.revoked + other.revoked
        return self._replace(added=added, revoked=revoked)

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return self._asdict() | {"sha256": self.sha256.hex() or None}

    @classmethod
    def read(cls, document: dict[str, Any]) -> ImportSummary:
        """Return what :meth:`document` has made."""
        sha256 = bytes.fromhex(document["sha256"] or "")
        return cls(**document | {"sha256": sha256})


class PruneSummary(NamedTuple):
    """
    What a transaction deleted, of certificates or of events.

    Attributes:
        certificates: How many certificates.

        events: How many events.

        before: It deleted certificates that expired before, or events from before.
    """

    certificates: int
    events: int
    before: datetime.datetime

    def plus(self, other: Summary) -> PruneSummary | None:
        """Return the sum with another batch of the same limit, or ``None``."""
        if not isinstance(other, PruneSummary) or self.before != other.before:
            return None
        certificates = self.certificates + other.certificates
        return self._replace(
            certificates=certificates, events=self.events + other.events
        )

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return self._asdict() | {"before": timestamp(self.before)}

    @classmethod
    def read(cls, document: dict[str, Any]) -> PruneSummary:
        """Return what :meth:`document` has made."""
        return cls(**document | {"before": moment_from(document["before"])})


Summary = ImportSummary | PruneSummary
"""What one event says about many rows."""

_SUMMARIES: dict[Action, type[ImportSummary | PruneSummary]] = {
    Action.IMPORTED: ImportSummary,
    Action.PRUNED: PruneSummary,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One event of the history.

    Attributes:
        id: The number of the event; later events have larger numbers.

        at: When it was, by the clock of the machine, in UTC.

        action: What was done.

        issuer: The name of the issuer (RFC 4514), or empty if there is none.

        issuer_key: The issuer, as in a :class:`ocsp.responder.StatusQuery`, or ``None``
            if events were deleted.

        serial_number: The serial number of the certificate, or ``None`` if the event is
            about many.

        version: The version of the status after the change, or ``None``.

        before: The status before, or ``None`` if there was no record.

        after: The status after, or ``None`` if there is no record any more.

        summary: What was done if the event is about many certificates, or ``None``.

        who: The user of the operating system, or ``None`` if another program than
            this package did it.

        host: The name of the machine, or ``None``.

        program: The program, such as ``ocsp status revoke``, or ``None``.
    """

    id: int
    at: datetime.datetime
    action: Action
    issuer: str
    issuer_key: IssuerKey | None
    serial_number: int | None
    version: int | None
    before: StatusRecord | None
    after: StatusRecord | None
    summary: Summary | None
    who: str | None
    host: str | None
    program: str | None


_HAS_BEFORE = {Action.CHANGED, Action.DELETED}
_HAS_AFTER = {Action.CHANGED, Action.ADDED}


def event_from(row: tuple[Any, ...]) -> Event:
    """
    Return an event.

    Args:
        row: ``id``, ``at``, ``action``, the issuer's ``subject``, ``name_hash`` and
            ``key_hash``; ``serial``, ``version``, the three columns of the status
            before, those of the status after, ``detail``, ``who``, ``host`` and
            ``program``.

    Raises:
        StoreError: If it has values that mean nothing.
    """
    number, at, done, subject, name_hash, key_hash, serial, version, *rest = row
    detail, who, host, program = rest[6:]
    action = Action(done)
    return Event(
        id=number,
        at=moment(at),
        action=action,
        issuer=subject or "",
        issuer_key=None if name_hash is None else IssuerKey(name_hash, key_hash),
        serial_number=None if serial is None else serial_from(serial),
        version=version,
        before=record_from(*rest[:3]) if action in _HAS_BEFORE else None,
        after=record_from(*rest[3:6]) if action in _HAS_AFTER else None,
        summary=None if detail is None else _summary(number, action, detail),
        who=who,
        host=host,
        program=program,
    )


def event_columns(event: Event) -> tuple[Any, ...]:
    """
    Return the columns of an event, without its number.

    They are ``at``, ``action``, the issuer's ``name_hash`` and ``key_hash``,
    ``serial``, ``version``, the three columns of the status before, those of the status
    after, ``detail``, ``who``, ``host`` and ``program``.
    """
    number = event.serial_number
    return (
        seconds(event.at),
        event.action.value,
        *(event.issuer_key or (None, None)),
        None if number is None else integer_octets(number),
        event.version,
        *status_columns(event.before or StatusRecord()),
        *status_columns(event.after or StatusRecord()),
        None if event.summary is None else summary_text(event.summary),
        event.who,
        event.host,
        event.program,
    )


def summary_text(summary: Summary) -> str:
    """Return the column ``detail`` of an event."""
    return json.dumps(summary.document())


def _summary(number: int, action: Action, detail: str) -> Summary:
    try:
        return _SUMMARIES[action].read(json.loads(detail))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"the event {number} has a detail that means nothing: {detail!r}"
        ) from error
