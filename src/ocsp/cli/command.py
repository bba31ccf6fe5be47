"""What all commands have in common: how they run, and checks of their arguments."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from ocsp.cli.errors import USAGE_ERROR, run_guarded
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import rewrapped

__all__ = ["Command", "Commands", "Group"]

_FILES = frozenset({"FILE", "CERT...", "RESPONSE"})
"""The metavars of the parameters that take file names."""


class Command(TyperCommand):
    """A command whose usage errors name the command itself."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Take what :class:`TyperCommand` takes."""
        super().__init__(*arguments, **settings)
        self.help = rewrapped(self.help or "")

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, as the help shows them."""
        return _shown(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the words of the usage line: an argument by its metavar."""
        arguments = filter(_is_argument, self.params)
        words = (
            str(each.metavar) if each.required else f"[{each.metavar}]"
            for each in arguments
        )
        return ["[OPTIONS]", *words]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """
        Parse *args* into *ctx*, a click context.

        Raises:
            CommandError: If a file name is empty. This usually comes from a shell
                variable that is not set; as a path it would mean the directory.
        """
        try:
            rest = super().parse_args(ctx, args)
        except USAGE_ERROR as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise
        for parameter in self.params:
            if parameter.metavar in _FILES:
                _require_file_name(parameter, ctx.params.get(parameter.name))
        return rest


def _shown(parameters: list[Any]) -> list[Any]:
    """Take the names of Python types, such as ``<bool>``, out of the help."""
    for parameter in parameters:
        if _is_argument(parameter):
            parameter.display_type_rich = _no_type
        elif parameter.is_flag and parameter.metavar is None:
            parameter.metavar = ""
    return parameters


def _no_type(*, ctx: Any) -> None:  # noqa: ARG001 - called by Typer with a keyword
    return None


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _require_file_name(parameter: Any, value: str | Sequence[str] | None) -> None:
    # Typer gives several names as a list, and before 0.29 as a tuple.
    names = [value] if isinstance(value, str) else value or []
    if "" in names:
        where = parameter.metavar if _is_argument(parameter) else parameter.opts[0]
        raise CommandError(where, "the file name is empty")


class Group(TyperGroup):
    """A group of commands."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Take what :class:`TyperGroup` takes."""
        super().__init__(*arguments, **settings)
        self.help = rewrapped(self.help or "")

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, as the help shows them."""
        return _shown(super().get_params(ctx))


class Commands(Group):
    """The group of all commands, with the exit codes of this project."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """
        Run the command, and turn an exception into one line and an exit code.

        Raises:
            SystemExit: Always, in standalone mode.
        """
        code = run_guarded(
            lambda: super(Commands, self).main(
                args, prog_name, complete_var, False, windows_expand_args, **extra
            )
        )
        if standalone_mode:
            sys.exit(code)
        return code
