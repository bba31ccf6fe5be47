"""The group of commands ``ocsp status``."""

from __future__ import annotations

import typer

from ocsp.cli.command import Command, Group
from ocsp.cli.commands.status import change, copies, importing, partition, prune
from ocsp.cli.commands.status.reading import exporting, listing, log, show

__all__ = ["add_commands"]

HELP = "Manage the file with the status of certificates, for [cyan]ocsp serve[/cyan]."

_COMMANDS = (
    ("add", change.add, change.ADD_END),
    ("revoke", change.revoke, change.REVOKE_END),
    ("release", change.release, change.RELEASE_END),
    ("import", importing.import_all, importing.END),
    ("show", show.show, show.END),
    ("list", listing.list_all, listing.END),
    ("log", log.log, log.END),
    ("export", exporting.export, exporting.END),
    ("prune", prune.prune, prune.END),
    ("backup", copies.backup, copies.BACKUP_END),
    ("restore", copies.restore, copies.RESTORE_END),
    ("restored", copies.restored, copies.RESTORED_END),
    ("partition", partition.partition, partition.END),
    ("upgrade", copies.upgrade, copies.UPGRADE_END),
)


def add_commands(app: typer.Typer) -> None:
    """Add the ``status`` commands to *app*."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode="rich")
    for name, function, end in _COMMANDS:
        group.command(name, cls=Command, epilog=end)(function)
    app.add_typer(group, name="status", help=HELP)
