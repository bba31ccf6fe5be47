"""``ocsp status list``: the certificates in the file, as they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ocsp.cli.commands.status.documents import (
    certificate_document,
    names_in,
    status_text,
)
from ocsp.cli.commands.status.options import DATABASE, AnyIssuer, Database, Json
from ocsp.cli.commands.status.reading.filters import (
    Expiring,
    Reasons,
    Since,
    Status,
    Until,
    selection_from,
)
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.render.console import output, require_output
from ocsp.cli.render.json_output import stream_json
from ocsp.cli.render.tree_rows import text
from ocsp.inspection.vocabulary import count
from ocsp.responder import IssuerKey
from ocsp.store import Entry, open_store

__all__ = ["list_all"]

END = epilog(
    {
        "ocsp status list": "show all certificates",
        "ocsp status list --status revoked --since 2026-07-01": (
            "show those that were revoked since July"
        ),
        "ocsp status list --status good --expiring 30d": (
            "show the good ones that expire in the next 30 days"
        ),
        "ocsp status list --json | jq '.certificates[].subject'": (
            "print all subjects"
        ),
    }
)

_PAGE = 500
"""Rows of one table; a longer list is several tables below each other."""


@helped_by(END)
def list_all(
    issuer: AnyIssuer = None,
    status: Status = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    expiring: Expiring = None,
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """
    List the certificates in the file, by issuer and serial number.

    The list is written while the file is read, so it may be of any length.
    """
    require_output()
    selection = selection_from(issuer, status, reason, since, until, expiring)
    with open_store(database, read_only=True) as store:
        entries = selection.of(store)
        if as_json:
            documents = map(certificate_document, entries)
            stream_json({"type": "status-list"}, "certificates", documents)
        else:
            _print(entries, names_in(store))


def _print(entries: Iterable[Entry], issuers: Mapping[IssuerKey, str]) -> None:
    console, totals = output(), Counter[str]()
    by_issuer = groupby(entries, lambda each: (each.issuer_key, each.issuer))
    for (key, name), of_issuer in by_issuer:
        console.print(text(issuers.get(key, name), "heading"))  # it may be a new one
        for page in _pages(of_issuer):
            totals.update(each.record.status.name.lower() for each in page)
            console.print(_table(page))
    parts = ", ".join(f"{number:,} {name}" for name, number in sorted(totals.items()))
    sentence = count(totals.total(), "certificate") + (f": {parts}" if parts else "")
    console.print(Text(sentence, style="heading"))


def _pages(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while page := list(islice(rest, _PAGE)):
        yield page


def _table(page: list[Entry]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, header_style="label")
    table.add_column("serial number", overflow="fold", ratio=3)
    table.add_column("subject", overflow="fold", ratio=2)
    table.add_column("status", overflow="fold", ratio=2)
    table.add_column("since", no_wrap=True)
    table.add_column("expires", no_wrap=True)
    for each in page:
        since = each.record.revocation_time
        table.add_row(
            Text(f"{each.serial_number:#x}"),
            text(each.subject),
            status_text(each.record),
            Text(f"{since:%Y-%m-%d}" if since else ""),
            Text(f"{each.expires:%Y-%m-%d}" if each.expires else ""),
        )
    return table
