"""``ocsp status import``: take over the status that CA software has recorded."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import click
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ocsp.cli.commands.status.options import DATABASE, Database, DryRun, Json
from ocsp.cli.commands.status.workers import NOT_CONFIRMED, wait_for_workers
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.input.loading import place, spooled
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import errors, output, plain
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.tree_rows import text
from ocsp.guarded.files import exists
from ocsp.inspection.vocabulary import count, one_line
from ocsp.status.importing import (
    ImportKind,
    ImportMode,
    ImportProgress,
    ImportReport,
    OddityKind,
    ReadOptions,
    SerialNotation,
    import_file,
)
from ocsp.store import DatabaseAddress, Store, open_store

__all__ = ["import_all"]

END = epilog(
    {
        "ocsp status import --issuer ca.pem index.txt": (
            "import the database of openssl ca or easy-rsa"
        ),
        "ocsp status import --issuer ca.pem ca.crl issued.csv": (
            "import a CRL, and the list of issued serial numbers"
        ),
        "ocsp status import --issuer ca.pem --dry-run index.txt": (
            "say what an import would change"
        ),
    },
    {
        **COMMON_EXITS,
        ExitCode.PROBLEM: "done, but something is odd; the report says what",
        **NOT_CONFIRMED,
    },
)

_SHOWN = 20
"""Oddities that the report for people has; JSON has all that were kept."""

_HEADINGS = {
    OddityKind.UNREADABLE: "cannot be read, not imported",
    OddityKind.OTHER_ISSUER: "of another issuer, not imported",
    OddityKind.SERIAL_NUMBER: "imported with a serial number that is probably wrong",
    OddityKind.DETAIL: "imported without a detail",
    OddityKind.FUTURE: "imported as revoked at once, with a time in the future",
    OddityKind.CONFLICT: "different in the database, which stays as it is",
}


@helped_by(END)
def import_all(
    files: Annotated[
        list[str],
        Argument(
            metavar="FILE...",
            help="What to import: index.txt, CRL, CSV, JSON lines, certificates, a "
            "directory of certificates, or - for standard input.",
        ),
    ],
    issuer: Annotated[
        str,
        Option(
            "--issuer",
            metavar="FILE",
            help="Certificate of the CA whose certificates the files are about.",
        ),
    ],
    form: Annotated[
        ImportKind | None,
        Option(
            "--format",
            metavar="CHOICE",
            help=f"The format of the files: {', '.join(ImportKind)}. Default: "
            "recognized by the content.",
        ),
    ] = None,
    serials: Annotated[
        SerialNotation | None,
        Option(
            "--serials",
            metavar="CHOICE",
            help="What 10 is as a serial number in CSV and JSON lines: hex or decimal. "
            "Default: a row with such a number is not imported.",
        ),
    ] = None,
    release_holds: Annotated[
        bool,
        Option(
            "--release-holds",
            help="Set certificates on hold back to good if a file says good.",
        ),
    ] = False,
    dry_run: DryRun = False,
    database: Database = DATABASE,
    as_json: Json = False,
) -> ExitCode:
    """
    Import certificates and their status. Creates the database if it does not exist.

    An import adds certificates and revokes them; it never makes a revoked certificate
    good. It is written in batches, each completely or not at all. If it is interrupted,
    the same command goes on after the last batch. To repeat it changes nothing, so it
    can run after each change of a CA's files.

    CSV has the names of its columns in the first line. They are the keys of JSON lines
    and of ocsp status list --json: serial_number, status, revocation_time,
    revocation_reason, invalidity_date, expires, subject, issuer, issuer_key_sha256.
    Only serial_number is required: 0x1f2e, 1f:2e or 1f2e. Digits alone, such as 10, may
    be hexadecimal or decimal: --serials says which.

    A row of another issuer is not imported; issuer_key_sha256 tells a CA from its
    earlier keys, which have the same name.
    """
    certificate = GivenIssuers([issuer]).only("--issuer")
    reports = []
    mode = ImportMode(release_holds=release_holds, dry_run=dry_run)
    with _store(database, dry_run=dry_run) as store:
        for file in files:
            options = ReadOptions(place(file), certificate, serials)
            shown = _progress(options.name, hidden=as_json, dry_run=dry_run)
            with spooled(file) as path, shown as show:
                reports.append(
                    import_file(
                        store, path, options, kind=form, mode=mode, progress=show
                    )
                )
        events = [each.event for each in reports if each.event is not None]
        confirmed = wait_for_workers(store, max(events, default=None))
    if as_json:
        documents = [_document(each) for each in reports]
        write_json({"type": "status-import", "dry_run": dry_run, "files": documents})
    for each in () if as_json else reports:
        _print(each, dry_run=dry_run)
    odd = any(len(each.oddities) for each in reports)
    return confirmed or (ExitCode.PROBLEM if odd else ExitCode.SUCCESS)


@contextlib.contextmanager
def _store(database: DatabaseAddress, *, dry_run: bool) -> Iterator[Store]:
    """Open the database; a dry run without one uses an empty one for the moment."""
    with contextlib.ExitStack() as opened:
        if dry_run and database.path is not None and not exists(database.path):
            directory = opened.enter_context(tempfile.TemporaryDirectory())
            database = DatabaseAddress(path=Path(directory) / "status.db")
        store = open_store(database, create=True, program="ocsp status import")
        yield opened.enter_context(store)


@contextlib.contextmanager
def _progress(
    name: str, *, hidden: bool, dry_run: bool
) -> Iterator[Callable[[ImportProgress], None]]:
    """Show a progress bar on a terminal, and say what is stored after Ctrl-C."""
    console, rows = errors(), 0
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
    )
    task = bar.add_task(plain(name), total=None)

    def show(progress: ImportProgress) -> None:
        nonlocal rows
        rows = progress.rows
        bar.update(task, completed=progress.octets, total=progress.size or None)

    try:
        with bar:
            yield show
    except KeyboardInterrupt as error:
        if not dry_run:
            stored = f"{count(rows, 'certificate')} of {one_line(name)} stored"
            rest = "the same command imports the rest"
            console.print(Text(f"interrupted: {stored}; {rest}"), soft_wrap=True)
        raise click.Abort from error


def _document(report: ImportReport) -> dict[str, Any]:
    oddities = report.oddities
    return {
        "name": report.name,
        "format": report.kind,
        "rows": report.rows,
        "resumed_after": report.resumed,
        "added": report.added,
        "revoked": report.revoked,
        "released": report.released,
        "unchanged": report.unchanged,
        "oddities": {
            "counts": {each: oddities.counts[each] for each in OddityKind},
            "first": [
                {"place": each.place, "kind": each.kind, "reason": each.reason}
                for each in oddities.kept
            ],
        },
    }


def _print(report: ImportReport, *, dry_run: bool) -> None:
    console = output()
    would = "would be " if dry_run else ""
    parts = [
        f"{number:,} {would}{what}"
        for number, what in (
            (report.added, "added"),
            (report.revoked, "revoked"),
            (report.released, "released"),
        )
        if number or what == "added"
    ]
    parts += [f"{report.unchanged:,} unchanged"] if report.unchanged else []
    parts += [f"{report.resumed:,} done before"] if report.resumed else []
    sentence = f"{count(report.rows, 'certificate')}: {', '.join(parts)}"
    console.print(text(f"{report.name}: {sentence}"), soft_wrap=True)
    for kind in OddityKind:
        _print_oddities(report, kind)


def _print_oddities(report: ImportReport, kind: OddityKind) -> None:
    number = report.oddities.counts[kind]
    if not number:
        return
    console = output()
    heading = Text(f"  {_HEADINGS[kind]}: {number:,}", style="warning")
    console.print(heading, soft_wrap=True)
    kept = [each for each in report.oddities.kept if each.kind is kind][:_SHOWN]
    for each in kept:
        console.print(Text("    ").append_text(text(each)), soft_wrap=True)
    if number > len(kept):
        more = f"    and {number - len(kept):,} more; --json lists the first ones"
        console.print(Text(more, style="quiet"), soft_wrap=True)
