"""``ocsp status backup``, ``restore`` and ``upgrade``: copy and convert the file."""

from __future__ import annotations

from typing import Annotated

import typer

from ocsp.cli.commands.status.options import DATABASE, Database, Yes
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.render.console import errors, output, warn
from ocsp.cli.render.tree_rows import text
from ocsp.guarded.files import exists
from ocsp.inspection.vocabulary import count
from ocsp.store import backup as back_up
from ocsp.store import restore as put_back
from ocsp.store import upgrade as convert

__all__ = [
    "BACKUP_END",
    "RESTORE_END",
    "UPGRADE_END",
    "backup",
    "restore",
    "upgrade",
]

BACKUP_END = epilog(
    {"ocsp status backup status-2026-07-01.db": "copy the file while it is in use"}
)
RESTORE_END = epilog(
    {"ocsp status restore status-2026-07-01.db": "put the copy in its place"}
)
UPGRADE_END = epilog(
    {"ocsp status upgrade": "convert a file that an older release has made"}
)


def backup(
    target: Annotated[
        str, typer.Argument(metavar="FILE", help="The new file for the copy.")
    ],
    database: Database = DATABASE,
) -> None:
    """
    Copy the file with all that is complete at one moment.

    A running responder goes on meanwhile. Other programs that copy the file can miss
    its latest changes.
    """
    back_up(database, target)
    output().print(text(f"{database}: copied to {target}"), soft_wrap=True)


def restore(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A copy made with ocsp status backup."),
    ],
    yes: Yes = False,
    database: Database = DATABASE,
) -> None:
    """
    Put a backup in the place of the file.

    Changes that were made after the backup are lost, also revocations: repeat them, for
    example with ocsp status import. A running responder uses the restored file at once.
    """
    if exists(database) and not yes:
        _ask(database)
    restored = put_back(source, database)
    output().print(text(f"{database}: restored from {source}"), soft_wrap=True)
    if restored.lost is None:
        warn("it is not known which changes were made after the backup")
    elif restored.lost:
        warn(
            f"{count(restored.lost, 'change')} of a status after the backup "
            "were lost: repeat them, because clients may have relied on them"
        )


def _ask(database: str) -> None:
    """Ask on the terminal; without one, ``--yes`` is needed."""
    if not errors().is_terminal:
        raise CommandError(
            "ocsp status restore", f"{database} exists", "replace it with --yes"
        )
    typer.confirm(f"{database}: replace the file?", abort=True, err=True)


def upgrade(database: Database = DATABASE) -> None:
    """Convert a file of an older release. Stop programs that write to it before."""
    done = convert(database)
    what = "converted" if done else "is of this release already, and stays as it is"
    output().print(text(f"{database}: {what}"), soft_wrap=True)
