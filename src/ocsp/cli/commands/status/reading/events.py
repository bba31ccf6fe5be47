"""One event of the history: as a line, and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rich.text import Text

from ocsp.asn1.times import timestamp
from ocsp.cli.commands.status.documents import (
    issuer_document,
    status_document,
    status_text,
)
from ocsp.inspection.vocabulary import count, one_line
from ocsp.responder import StatusRecord
from ocsp.store import Event, ImportSummary, PruneSummary

__all__ = ["event_document", "event_line", "joined"]


def event_document(event: Event) -> dict[str, Any]:
    """Return one event for JSON."""
    number, summary = event.serial_number, event.summary
    return {
        "event": event.id,
        "at": timestamp(event.at),
        "action": event.action.value,
        **issuer_document(event),
        "serial_number": None if number is None else f"{number:#x}",
        "version": event.version,
        "before": _status_document(event.before),
        "after": _status_document(event.after),
        "detail": None if summary is None else summary.document(),
        "who": event.who,
        "host": event.host,
        "program": event.program,
    }


def _status_document(record: StatusRecord | None) -> dict[str, Any] | None:
    return None if record is None else status_document(record)


def event_line(event: Event, issuer: str | None = None) -> Text:
    """Return one event as a line; with *issuer*, it names what the event is about."""
    return Text.assemble(
        (timestamp(event.at), "label"),
        "  ",
        "" if issuer is None else _about(event, issuer),
        _done(event),
        (f"  {one_line(_author(event))}", "quiet"),
    )


def _about(event: Event, issuer: str) -> str:
    parts = [one_line(issuer)] if issuer else []
    if event.serial_number is not None:
        parts.append(f"serial number {event.serial_number:#x}")
    return f"{', '.join(parts)}: " if parts else ""


def _done(event: Event) -> Text:
    """Return what was done."""
    before, after = event.before, event.after
    if isinstance(event.summary, ImportSummary):
        return Text(_imported(event.summary))
    if isinstance(event.summary, PruneSummary):
        return Text(_pruned(event.summary))
    if before is None:
        return Text("added as ").append_text(_status(after))
    if after is None:
        return Text("deleted, it was ").append_text(_status(before))
    return Text.assemble(_status(before), " → ", _status(after))


def _status(record: StatusRecord | None) -> Text:
    return Text() if record is None else status_text(record)


def _imported(summary: ImportSummary) -> str:
    content = f" (SHA-256 {summary.sha256.hex()})" if summary.sha256 else ""
    revoked = f", {summary.revoked:,} revoked" if summary.revoked else ""
    return (
        f"imported {one_line(summary.name)}{content}: {summary.added:,} added{revoked}"
    )


def _pruned(summary: PruneSummary) -> str:
    before = timestamp(summary.before)
    if summary.certificates:
        certificates = count(summary.certificates, "certificate")
        return f"deleted {certificates} that expired before {before}"
    return f"deleted {count(summary.events, 'event')} before {before}"


def _author(event: Event) -> str:
    if event.who is None:
        return "by another program"
    return f"by {event.who} on {event.host}, {event.program}"


def joined(events: Iterable[Event]) -> Iterator[Event]:
    """
    Join the batches of one import, and those of one deletion, that follow each other.

    People read one line, with the time of the first batch. Only one event is kept in
    memory.
    """
    run: Event | None = None
    for event in events:
        both = None if run is None else _join(run, event)
        if run is not None and both is None:
            yield run
        run = both or event
    if run is not None:
        yield run


def _join(first: Event, second: Event) -> Event | None:
    """Return both as one event, or ``None`` if they are no batches of one run."""
    if first.summary is None or second.summary is None or _run(first) != _run(second):
        return None
    total = first.summary.plus(second.summary)
    return None if total is None else replace(first, summary=total)


def _run(event: Event) -> tuple[object, ...]:
    return event.issuer_key, event.who, event.host, event.program
