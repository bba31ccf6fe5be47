"""
``ocsp presign``: sign all answers that are due, ahead of the requests.

``ocsp serve`` does the same all the time. The command is for the first start after an
import, for a machine whose responder has no signer, and for a job at night.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ocsp.cli.commands.config import DEFAULT_FILE
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog
from ocsp.cli.render.console import errors
from ocsp.cli.render.json_output import write_json
from ocsp.errors import ConfigurationError
from ocsp.inspection.vocabulary import count, one_line

__all__ = ["EPILOG", "HELP", "presign"]

HELP = """Sign all answers that are due, ahead of the requests.

[cyan]ocsp serve[/cyan] does the same while it runs. The answers are stored in the
database of the configuration."""

EPILOG = epilog(
    {
        "ocsp presign ocsp.toml": "sign what is due, with a progress bar",
        "ocsp presign ocsp.toml --json": "print what was done as JSON",
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "all were signed",
        ExitCode.PROBLEM: "some could not be signed, or a signer is unavailable",
    },
)


def presign(
    config: Annotated[
        str, typer.Argument(metavar="FILE", help="Configuration file in TOML.")
    ] = DEFAULT_FILE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Sign what is due, and say what was done."""
    from ocsp.cli.input.configuration import reported
    from ocsp.service import build_service, read_configuration
    from ocsp.service.signing_ahead import presigner_of
    from ocsp.updater import presign as sign_all

    with reported():
        file = read_configuration(config)
        try:
            service = build_service(file.configuration)
        except ConfigurationError as error:
            raise file.locate(error) from error
    with service, _bar() as bar:
        if service.store is None:
            raise CommandError(config, "the status of no issuer is in the database")
        task = bar.add_task("signing", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        counts = sign_all(presigner_of(service, service.store), show)
    if as_json:
        write_json(
            {
                "type": "presign",
                "signed": counts.signed,
                "stored": counts.stored,
                "failed": counts.failed,
                "unavailable_signers": counts.unavailable,
            }
        )
    else:
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        away = counts.unavailable
        signers = f", {count(away, 'signer')} unavailable" if away else ""
        text = f"{count(counts.stored, 'answer')} stored{failed}{signers}"
        typer.echo(one_line(f"{file.configuration.database}: {text}"))
    whole = not counts.failed and not counts.unavailable
    return ExitCode.SUCCESS if whole else ExitCode.PROBLEM


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
