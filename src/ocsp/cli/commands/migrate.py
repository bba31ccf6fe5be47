"""``ocsp migrate``: copy the status into another database, while the old one serves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated

import click
from cryptography import x509
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.input.database import database_of
from ocsp.cli.input.loading import load_cas
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import errors
from ocsp.cli.render.json_output import write_json
from ocsp.inspection.vocabulary import count, one_line
from ocsp.responder import IssuerKey
from ocsp.store import DatabaseAddress, Migration, Pass, Store, open_store

__all__ = ["migrate"]

HELP = """Copy the status of all certificates from one database into another.

The responder goes on with the old database meanwhile. All certificates are compared
after they were copied; what has changed is copied again, until all are equal. Repeat
the command before you change the configuration: it then copies what is new. Signed
answers are not copied: run [cyan]ocsp presign[/cyan] with the new database."""

EPILOG = epilog(
    {
        "ocsp migrate status.db postgresql://ocsp@db.example/ocsp": (
            "from one machine to several"
        ),
        "ocsp migrate postgresql://ocsp@db.example/ocsp status.db": "and back",
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "both have the same certificates with the same status",
        ExitCode.PROBLEM: "some certificates differ",
    },
)

MAX_PASSES = 10
"""How often everything is compared while the old database changes."""


@helped_by(EPILOG, HELP)
def migrate(
    source: Annotated[
        DatabaseAddress,
        Argument(
            metavar="SOURCE",
            parser=database_of("SOURCE"),
            help="The database in use.",
        ),
    ],
    target: Annotated[
        DatabaseAddress,
        Argument(
            metavar="TARGET",
            parser=database_of("TARGET"),
            help="The new database. Its tables are made if there are none.",
        ),
    ],
    issuer: Annotated[
        list[str] | None,
        Option(
            "--issuer",
            metavar="FILE",
            help="Certificate of an issuer that the source does not have; repeatable.",
        ),
    ] = None,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Copy, compare, and say what differs."""
    if source == target:
        raise CommandError(str(target), "is the source as well")
    certificates = _certificates(issuer or [])
    program = "ocsp migrate"
    with (
        open_store(source, read_only=True, program=program) as old,
        open_store(target, create=True, program=program) as new,
    ):
        migration = Migration(old, new, certificates)
        passes = _run(migration, old, hidden=as_json)
    _show(source, target, passes, as_json=as_json)
    return ExitCode.SUCCESS if passes[-1].is_clean else ExitCode.PROBLEM


def _certificates(files: list[str]) -> dict[IssuerKey, x509.Certificate]:
    loaded = [each for file in files for each in load_cas(file)]
    return {IssuerKey.of(each): each for each in loaded}


def _run(migration: Migration, source: Store, *, hidden: bool) -> list[Pass]:
    """Make passes until one finds no difference, or only what stays different."""
    total = sum(source.count(each.key).total for each in source.issuers())
    passes: list[Pass] = []
    while len(passes) < MAX_PASSES:
        name = "comparing" if passes else "copying"
        with _progress(name, total, hidden=hidden) as progress:
            passes.append(migration.run(progress))
        if not (passes[-1].added or passes[-1].changed):
            break
    return passes


@contextlib.contextmanager
def _progress(
    name: str, total: int, *, hidden: bool
) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on a terminal."""
    console = errors()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
    )
    with bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.update(task, completed=done)


def _show(
    source: DatabaseAddress,
    target: DatabaseAddress,
    passes: list[Pass],
    *,
    as_json: bool,
) -> None:
    last = passes[-1]
    numbers = {
        "compared": last.compared,
        "added": sum(each.added for each in passes),
        "changed": sum(each.changed for each in passes),
        "events": sum(each.events for each in passes),
        "conflicts": last.conflicts,
        "only_in_target": last.surplus,
        "equal": last.is_clean,
    }
    if as_json:
        serials = [f"{number:#x}" for number in last.serial_numbers]
        write_json(numbers | {"passes": len(passes), "conflicting": serials})
        return
    click.echo(
        one_line(
            f"{source} to {target}: {count(numbers['added'], 'certificate')} added, "
            f"{numbers['changed']} changed, {count(numbers['events'], 'event')} copied"
        )
    )
    if last.is_clean:
        click.echo(f"all {last.compared} certificates of both are equal")
    for number in last.serial_numbers:
        click.echo(f"{number:#x}: differs, and the target keeps what it has", err=True)
    if last.conflicts > len(last.serial_numbers):
        click.echo(f"{last.conflicts} certificates differ in all", err=True)
    if last.added or last.changed:
        click.echo("the source changed in every comparison: run it again", err=True)
    if last.surplus:
        click.echo(
            f"{count(last.surplus, 'certificate')} only in {one_line(str(target))}",
            err=True,
        )
