"""``ocsp status log``: who added, changed and deleted what, when, and from where."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from ocsp.cli.commands.status.documents import names_in
from ocsp.cli.commands.status.options import DATABASE, AnyIssuer, Database, Json
from ocsp.cli.commands.status.reading.events import event_document, event_line, joined
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.arguments import TIME_FORMS, parse_count, parse_moment, parse_serial
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import note, output, require_output
from ocsp.cli.render.json_output import stream_json
from ocsp.inspection.vocabulary import SERIAL_FORMS
from ocsp.responder import IssuerKey
from ocsp.store import Event, open_store

__all__ = ["log"]

END = epilog(
    {
        "ocsp status log": "show all events",
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
            help=f"Only events about this serial number: {SERIAL_FORMS}.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        Option(
            metavar="TIME", help=f"Only events at this time or later: {TIME_FORMS}."
        ),
    ] = None,
    until: Annotated[
        str | None,
        Option(metavar="TIME", help=f"Only events before this time: {TIME_FORMS}."),
    ] = None,
    after: Annotated[
        str,
        Option(metavar="NUMBER", help="Only events with a larger number."),
    ] = "0",
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """
    Show what was done to certificates, the oldest first: the audit log.

    The database itself writes an event, in the same transaction, when a certificate is
    added, when its status changes, and when another program deletes it. An event is
    never changed; ocsp status prune deletes old ones.

    An import writes one event for each batch, with the name and SHA-256 of the file and
    how many certificates the batch added and revoked; a batch that changes nothing has
    none. ocsp status prune and the service write one for each batch that they delete:
    how many, and before which time. Batches of one import, or of one deletion, that
    follow each other are one line, with the time of the first; --json has each of them.

    --serial finds events about this certificate alone. --issuer leaves out the events
    that say that old events were deleted.
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


def _print(events: Iterable[Event], issuers: Mapping[IssuerKey, str]) -> None:
    console, empty = output(), True
    for each in joined(events):
        console.print(event_line(each, _name(each, issuers)), soft_wrap=True)
        empty = False
    if empty:
        note("[quiet]no event[/quiet]")


def _name(event: Event, issuers: Mapping[IssuerKey, str]) -> str:
    """Return the name of the issuer, for people; it may be a new one."""
    key = event.issuer_key
    return event.issuer if key is None else issuers.get(key, event.issuer)
