"""The commands of ``ocsp signer``, in one group."""

from __future__ import annotations

import typer

from ocsp.cli.command import Command, Group
from ocsp.cli.commands.signer import check, enrol, renew

__all__ = ["add_commands"]

HELP = """Get, renew and check the key and certificate that sign for
[cyan]ocsp serve[/cyan]."""


def add_commands(app: typer.Typer) -> None:
    """Add the ``signer`` commands to *app*."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode="rich")
    group.command("request", cls=Command, epilog=enrol.REQUEST)(enrol.request)
    group.command("issue", cls=Command, epilog=enrol.ISSUE)(enrol.issue)
    group.command("renew", cls=Command, epilog=renew.EPILOG)(renew.renew)
    group.command("check", cls=Command, epilog=check.EPILOG)(check.check)
    app.add_typer(group, name="signer", help=HELP)
