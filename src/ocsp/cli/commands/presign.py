"""
``ocsp presign``: sign all answers that are due, ahead of the requests.

``ocsp serve`` does the same all the time. The command is for the first start after an
import, for a machine whose responder has no signer, and for a job at night.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ocsp.cli.commands.config import DEFAULT_FILE
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import errors, warn
from ocsp.cli.render.json_output import write_json
from ocsp.errors import ConfigurationError
from ocsp.inspection.vocabulary import count, one_line
from ocsp.limits import MAX_WORKER_PROCESSES

if TYPE_CHECKING:
    from ocsp.service.building import BuiltService
    from ocsp.store import Store
    from ocsp.updater import PresignCounts

__all__ = ["presign"]

HELP = """Sign all answers that are due, ahead of the requests.

[cyan]ocsp serve[/cyan] does the same while it runs. The answers are stored in the
database of the configuration, and copied to its Valkey server. Any number of machines
may run the command at the same time on one PostgreSQL database: they share the work,
and the bar shows what all of them have done."""

EPILOG = epilog(
    {
        "ocsp presign ocsp.toml": "sign what is due, with a progress bar",
        "ocsp presign ocsp.toml --workers 8": "in eight processes, with PostgreSQL",
        "ocsp presign ocsp.toml --json": "print what was done as JSON",
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "all were signed",
        ExitCode.PROBLEM: (
            "some could not be signed or not be copied to Valkey, or a signer is"
            " unavailable"
        ),
    },
)


@helped_by(EPILOG, HELP)
def presign(
    config: Annotated[
        str, Argument(metavar="FILE", help="Configuration file in TOML.")
    ] = DEFAULT_FILE,
    workers: Annotated[
        int,
        Option(
            metavar="N",
            min=1,
            max=MAX_WORKER_PROCESSES,
            help="How many processes sign. More than one need PostgreSQL, where other"
            " machines may sign at the same time.",
        ),
    ] = 1,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Sign what is due, and say what was done."""
    from ocsp.cli.input.configuration import reported
    from ocsp.service import build_service, read_configuration
    from ocsp.service.signing_ahead import SharingBeside

    with reported():
        file = read_configuration(config)
        try:
            service = build_service(file.configuration)
        except ConfigurationError as error:
            raise file.locate(error) from error
    with service:
        if service.store is None:
            raise CommandError(config, "the status of no issuer is in the database")
        if workers > 1 and not service.store.shares_claims:
            raise CommandError(
                "--workers",
                "a SQLite file is for one process that signs ahead; several of them"
                " need PostgreSQL",
            )
        with SharingBeside(service, service.store) as sharing:
            counts, ended = _sign(service, service.store, workers)
            not_shared = sharing.finish()
    if not_shared:
        warn(f"the answers are stored, and not copied to Valkey: {not_shared}")
    if as_json:
        write_json(
            {
                "type": "presign",
                "signed": counts.signed,
                "stored": counts.stored,
                "failed": counts.failed,
                "unavailable_signers": counts.unavailable,
                "ended_workers": ended,
                "shared": not not_shared,
            }
        )
    else:
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        away = counts.unavailable
        signers = f", {count(away, 'signer')} unavailable" if away else ""
        lost = f", {count(ended, 'worker')} ended early" if ended else ""
        text = f"{count(counts.stored, 'answer')} stored{failed}{signers}{lost}"
        click.echo(one_line(f"{file.configuration.database}: {text}"))
    whole = not (counts.failed or counts.unavailable or ended or not_shared)
    return ExitCode.SUCCESS if whole else ExitCode.PROBLEM


def _sign(
    service: BuiltService, store: Store, workers: int
) -> tuple[PresignCounts, int]:
    """Sign what is due; return what was done, and how many workers ended early."""
    from ocsp.service.presign_workers import PresignWorkers
    from ocsp.service.signing_ahead import presigner_of
    from ocsp.updater import Progress as Counted
    from ocsp.updater import presign as sign_all

    presigner = presigner_of(service, store)
    with _bar() as bar:
        task = bar.add_task("signing", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if workers == 1:
            return sign_all(presigner, show), 0
        presigner.prepare()
        counted, said = Counted(presigner), list[str]()

        def look() -> None:
            for each in fleet.ended[len(said) :]:
                said.append(each)
                bar.console.print(one_line(f"{each}; the others sign what it left"))
            if counted.count_if_old():
                show(counted.done, counted.total)

        with PresignWorkers(service.configuration, workers) as fleet:
            fleet.run(look)
        return fleet.counts, len(fleet.ended)


def _bar() -> Progress:
    """Return a progress bar on the standard error, shown on a terminal only."""
    console = errors()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
