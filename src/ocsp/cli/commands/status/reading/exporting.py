"""``ocsp status export``: write certificates in formats that other software reads."""

from __future__ import annotations

import csv
import enum
import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Annotated

import click

from ocsp.cli.commands.status.documents import certificate_document
from ocsp.cli.commands.status.options import DATABASE, AnyIssuer, Database
from ocsp.cli.commands.status.reading.filters import (
    Expiring,
    Reasons,
    Since,
    Status,
    Until,
    selection_from,
)
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import require_output
from ocsp.status.importing.formats.named_fields import FIELDS
from ocsp.status.index_txt import index_line
from ocsp.store import Entry, open_store

__all__ = ["export"]

END = epilog(
    {
        "ocsp status export --format csv > status.csv": "write a table",
        "ocsp status export --format index --issuer ca.pem > index.txt": (
            "write the database of openssl ca, from which it makes a CRL"
        ),
        "ocsp status export --status revoked --since 2026-07-01": (
            "write the certificates revoked since July as JSON lines"
        ),
    }
)

_BATCH = 1000
"""Lines that are written together."""


class ExportFormat(enum.StrEnum):
    """The formats of an export; ``ocsp status import`` reads all of them."""

    JSON_LINES = "jsonl"
    CSV = "csv"
    INDEX = "index"


@helped_by(END)
def export(
    form: Annotated[
        ExportFormat,
        Option(
            "--format",
            metavar="CHOICE",
            help="jsonl (JSON lines), csv, or index (index.txt of openssl ca).",
        ),
    ] = ExportFormat.JSON_LINES,
    issuer: AnyIssuer = None,
    status: Status = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    expiring: Expiring = None,
    database: Database = DATABASE,
) -> None:
    """
    Write certificates to standard output, in a format that can be imported.

    The file index.txt is about one CA, and has an end for each certificate: without
    --issuer the database may have one issuer only, and certificates without a known end
    are refused.
    """
    require_output()
    selection = selection_from(issuer, status, reason, since, until, expiring)
    with open_store(database, read_only=True) as store:
        if form is ExportFormat.INDEX:
            _require_one_issuer(len(selection.issuers or store.issuers()))
        for lines in _batches(_WRITERS[form](selection.of(store))):
            click.echo(lines, nl=False)


def _batches(lines: Iterable[str]) -> Iterator[str]:
    rest = iter(lines)
    while batch := "".join(islice(rest, _BATCH)):
        yield batch


def _require_one_issuer(number: int) -> None:
    if number > 1:
        raise CommandError(
            "--format",
            f"index.txt is about one CA, and there are {number}",
            "choose one with --issuer",
        )


def _json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    for each in entries:
        yield f"{json.dumps(certificate_document(each))}\n"


def _csv(entries: Iterable[Entry]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.DictWriter(line, FIELDS, lineterminator="\n")
    writer.writeheader()
    for each in entries:
        writer.writerow(certificate_document(each))
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _index(entries: Iterable[Entry]) -> Iterator[str]:
    for each in entries:
        if each.expires is None:
            raise CommandError(
                f"serial number {each.serial_number:#x}",
                "its end is not known, and index.txt needs it",
                "export it as csv or jsonl",
            )
        yield index_line(each.serial_number, each.subject, each.expires, each.record)


_WRITERS: dict[ExportFormat, Callable[[Iterable[Entry]], Iterator[str]]] = {
    ExportFormat.JSON_LINES: _json_lines,
    ExportFormat.CSV: _csv,
    ExportFormat.INDEX: _index,
}
