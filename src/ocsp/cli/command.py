"""
Commands and groups as click runs them, and the checks that all commands have in common.

A group knows its commands from a table, and imports a command when it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

import click

from ocsp.cli.errors import noticing_closed_pipe, run_guarded
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import help_of
from ocsp.cli.parameters import callback_of, parameters_of
from ocsp.cli.table import CommandEntry, GroupEntry

__all__ = ["Command", "Group", "Root"]

_FILES = frozenset({"FILE", "CERT...", "RESPONSE"})
"""The metavars of the parameters that take file names."""


class _Helped(click.Command):
    """A command whose help is a page of this project."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page into *formatter*, with colours if the terminal has them."""
        # Most commands show no help.
        from ocsp.cli.help_page import page
        from ocsp.cli.styled import colour_wanted, drawn

        ctx.color = colour_wanted()
        formatter.write(drawn(page(self, ctx), colour=ctx.color))


class Command(_Helped):
    """A command that calls a function of this project."""

    @classmethod
    def of(cls, name: str, function: Callable[..., Any]) -> Command:
        """Return the command *name* that calls *function*."""
        text, end = help_of(function)
        return cls(
            name,
            callback=callback_of(function),
            params=parameters_of(function),
            help=text,
            epilog=end,
        )

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the words of the usage line: an argument by its metavar."""
        arguments = filter(_is_argument, self.params)
        words = (
            str(each.metavar) if each.required else f"[{each.metavar}]"
            for each in arguments
        )
        return ["[OPTIONS]", *words]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse *args* into *ctx*.

        Raises:
            CommandError: If a file name is empty. This usually comes from a shell
                variable that is not set; as a path it would mean the directory.
        """
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            if error.ctx is None:
                error.ctx = ctx
            raise
        for parameter in self.params:
            if parameter.metavar in _FILES:
                _require_file_name(parameter, ctx.params.get(str(parameter.name)))
        return rest


def _is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)


def _require_file_name(
    parameter: click.Parameter, value: str | Sequence[str] | None
) -> None:
    names = [value] if isinstance(value, str) else value or []
    if "" in names:
        where = parameter.metavar if _is_argument(parameter) else parameter.opts[0]
        raise CommandError(str(where), "the file name is empty")


class Group(_Helped, click.Group):
    """A group of the commands in a table."""

    def __init__(
        self,
        name: str,
        table: Mapping[str, CommandEntry | GroupEntry],
        **settings: Any,
    ) -> None:
        """Take the table, and what :class:`click.Group` takes."""
        # click asks for a mapping that it could change, and does not change it.
        commands = cast("dict[str, click.Command]", _Commands(table))
        super().__init__(name, commands, **settings)
        self.summaries = {name: entry.summary for name, entry in table.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(self.summaries)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse *args* into *ctx*; without arguments, show the help.

        Raises:
            click.exceptions.Exit: If there are no arguments.
        """
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit(ExitCode.INPUT_ERROR)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """
        Return the command that *args* begin with, and the other arguments.

        Raises:
            click.UsageError: If there is none. The error names similar commands.
        """
        if args[0] in self.commands or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # only a misspelled command needs it

        similar = [repr(each) for each in get_close_matches(args[0], self.summaries)]
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)


class _Commands(Mapping[str, click.Command]):
    """The commands of a table, each imported when it is used."""

    def __init__(self, table: Mapping[str, CommandEntry | GroupEntry]) -> None:
        self._table = table

    def __getitem__(self, name: str) -> click.Command:
        entry = self._table[name]
        if isinstance(entry, GroupEntry):
            return Group(name, entry.commands, help=entry.summary)
        module = import_module(f"ocsp.cli.{entry.module}")
        return Command.of(name, getattr(module, entry.function))

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


class Root(Group):
    """The group of all commands, with the exit codes of this project."""

    def main(  # type: ignore[override]  # never without an exit code
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """
        Run the command, and turn an exception into one line and an exit code.

        Raises:
            SystemExit: Always, in standalone mode.
        """
        code = run_guarded(
            lambda: super(Root, self).main(
                args, prog_name, standalone_mode=False, **extra
            )
        )
        if standalone_mode:
            sys.exit(code)
        return code

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        """Return the context of the command line; some options act here."""
        with noticing_closed_pipe():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with noticing_closed_pipe():
            return super().invoke(ctx)
