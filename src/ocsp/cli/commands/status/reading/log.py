"""``ocsp status log``: who changed which status, when, and from where."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple

from rich.text import Text

from ocsp.asn1.times import timestamp
from ocsp.cli.commands.status.documents import (
    issuer_document,
    names_in,
    status_document,
    status_text,
)
from ocsp.cli.commands.status.options import DATABASE, AnyIssuer, Database, Json
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.arguments import TIME_FORMS, parse_count, parse_moment, parse_serial
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import note, output, require_output
from ocsp.cli.render.json_output import stream_json
from ocsp.inspection.vocabulary import SERIAL_FORMS, one_line
from ocsp.responder import IssuerKey
from ocsp.store import Event, open_store

__all__ = ["event_document", "event_line", "log"]

END = epilog(
    {
        "ocsp status log": "show all changes of a status",
        "ocsp status log --serial 0x1f2e": "show those of one certificate",
        "ocsp status log --after 1200 --json": (
            "continue an export that ended with the event 1200"
        ),
    }
)


@helped_by(END)
def log(
    issuer: AnyIssuer = None,
    serial: Annotated[
        str | None,
        Option(
            metavar="NUMBER",
            help=f"Only changes of this serial number: {SERIAL_FORMS}.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        Option(
            metavar="TIME", help=f"Only changes at this time or later: {TIME_FORMS}."
        ),
    ] = None,
    until: Annotated[
        str | None,
        Option(metavar="TIME", help=f"Only changes before this time: {TIME_FORMS}."),
    ] = None,
    after: Annotated[
        str,
        Option(metavar="NUMBER", help="Only events with a larger number."),
    ] = "0",
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """
    Show the changes of statuses, the oldest first: the audit log.

    The database itself writes an event with each change of a status. An event is never
    changed; ocsp status prune deletes old ones.

    Certificates that are added or deleted have no event, because no status changes:
    neither those of ocsp status add and import, also if they are revoked when they are
    added, nor those that ocsp status prune or the service delete.
    """
    require_output()
    wanted = _Wanted(
        frozenset(GivenIssuers(issuer or ()).keys()),
        None if serial is None else parse_serial(serial),
        None if since is None else parse_moment("--since", since),
        None if until is None else parse_moment("--until", until),
    )
    number = parse_count("--after", after)
    with open_store(database, read_only=True) as store:
        events = filter(wanted.accepts, store.events(number))
        if as_json:
            documents = map(event_document, events)
            stream_json({"type": "status-log"}, "events", documents)
        else:
            _print(events, names_in(store))


class _Wanted(NamedTuple):
    """The conditions that an event has to meet, all of them."""

    issuers: frozenset[IssuerKey]
    serial: int | None
    since: datetime.datetime | None
    until: datetime.datetime | None

    def accepts(self, event: Event) -> bool:
        """Tell whether *event* meets the conditions."""
        return (
            (not self.issuers or event.issuer_key in self.issuers)
            and self.serial in {None, event.serial_number}
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


def event_document(event: Event) -> dict[str, Any]:
    """Return one event for JSON."""
    return {
        "event": event.id,
        "at": timestamp(event.at),
        **issuer_document(event),
        "serial_number": f"{event.serial_number:#x}",
        "version": event.version,
        "before": status_document(event.before),
        "after": status_document(event.after),
        "who": event.who,
        "host": event.host,
        "program": event.program,
    }


def event_line(event: Event, issuer: str = "") -> Text:
    """Return one event as a line; with *issuer*, it names the certificate."""
    number = f", serial number {event.serial_number:#x}: " if issuer else ""
    return Text.assemble(
        (timestamp(event.at), "label"),
        f"  {one_line(issuer)}{number}",
        status_text(event.before),
        " → ",
        status_text(event.after),
        (f"  {one_line(_author(event))}", "quiet"),
    )


def _author(event: Event) -> str:
    if event.who is None:
        return "by another program"
    return f"by {event.who} on {event.host}, {event.program}"


def _print(events: Iterable[Event], issuers: Mapping[IssuerKey, str]) -> None:
    console, empty = output(), True
    for each in events:
        issuer = issuers.get(each.issuer_key, each.issuer)  # it may be a new one
        console.print(event_line(each, issuer), soft_wrap=True)
        empty = False
    if empty:
        words = "no change of a status; to add or delete a certificate is none"
        note(f"[quiet]{words}[/quiet]")
