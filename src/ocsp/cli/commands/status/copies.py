"""Copy and convert: ``ocsp status backup``, ``restore``, ``restored``, ``upgrade``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import click

from ocsp.cli.commands.status.options import DATABASE, Database, Yes
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.parameters import Argument
from ocsp.cli.render.console import errors, output, warn
from ocsp.cli.render.tree_rows import text
from ocsp.guarded.files import exists
from ocsp.inspection.vocabulary import count
from ocsp.store import DatabaseAddress, renew_identity, upgrade_store
from ocsp.store import backup as back_up
from ocsp.store import restore as put_back

__all__ = [
    "backup",
    "restore",
    "restored",
    "upgrade",
]

BACKUP_END = epilog(
    {"ocsp status backup status-2026-07-01.db": "copy the file while it is in use"}
)
RESTORE_END = epilog(
    {"ocsp status restore status-2026-07-01.db": "put the copy in its place"}
)
RESTORED_END = epilog(
    {
        "ocsp status restored --db postgresql://ocsp@db.example.org/ocsp": (
            "after pg_restore"
        )
    }
)
UPGRADE_END = epilog(
    {
        "ocsp status upgrade": "convert a file that an older release has made",
        "ocsp status upgrade --db postgresql://ocsp@db.example.org/ocsp": (
            "make the tables, or convert them"
        ),
    }
)


@helped_by(BACKUP_END)
def backup(
    target: Annotated[str, Argument(metavar="FILE", help="The new file for the copy.")],
    database: Database = DATABASE,
) -> None:
    """
    Copy the file with all that is complete at one moment.

    A running responder goes on meanwhile. Other programs that copy the file can miss
    its latest changes.
    """
    back_up(_file(database, "pg_dump copies it"), target)
    output().print(text(f"{database}: copied to {target}"), soft_wrap=True)


@helped_by(RESTORE_END)
def restore(
    source: Annotated[
        str,
        Argument(metavar="FILE", help="A copy made with ocsp status backup."),
    ],
    yes: Yes = False,
    database: Database = DATABASE,
) -> None:
    """
    Put a backup in the place of the file.

    Changes that were made after the backup are lost, also revocations: repeat them, for
    example with ocsp status import. A running responder uses the restored file at once.
    """
    path = _file(database, "pg_restore restores it, and then run ocsp status restored")
    if exists(path) and not yes:
        _ask(path)
    restored = put_back(source, path)
    output().print(text(f"{database}: restored from {source}"), soft_wrap=True)
    if restored.lost is None:
        warn("it is not known which changes were made after the backup")
    elif restored.lost:
        warn(
            f"{count(restored.lost, 'change')} of a status after the backup "
            "were lost: repeat them, because clients may have relied on them"
        )


@helped_by(RESTORED_END)
def restored(database: Database = DATABASE) -> None:
    """
    Give a PostgreSQL database a new identity, after it was restored from a dump.

    Until then, responders may use answers that they kept from before. Changes that were
    made after the dump are lost, also revocations: repeat them, for example with ocsp
    status import.
    """
    if database.path is not None:
        raise CommandError(
            str(database),
            "is a SQLite file",
            "ocsp status restore restores it, and gives it a new identity",
        )
    renew_identity(database)
    output().print(text(f"{database}: has a new identity"), soft_wrap=True)


def _file(database: DatabaseAddress, instead: str) -> Path:
    """Return the path of a SQLite file."""
    if database.path is None:
        raise CommandError(str(database), "is a PostgreSQL database", instead)
    return database.path


def _ask(database: Path) -> None:
    """Ask on the terminal; without one, ``--yes`` is needed."""
    if not errors().is_terminal:
        raise CommandError(
            "ocsp status restore", f"{database} exists", "replace it with --yes"
        )
    click.confirm(f"{database}: replace the file?", abort=True, err=True)


@helped_by(UPGRADE_END)
def upgrade(database: Database = DATABASE) -> None:
    """
    Convert a database of an older release, or make the tables in PostgreSQL.

    Stop programs that write to a SQLite file before. Programs of this release and of
    the one before can use a PostgreSQL database meanwhile.
    """
    done = upgrade_store(database)
    what = "converted" if done else "is of this release already, and stays as it is"
    output().print(text(f"{database}: {what}"), soft_wrap=True)
