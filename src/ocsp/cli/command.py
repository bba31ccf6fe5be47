"""What all commands have in common: how they run, and checks of their arguments."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from ocsp.cli.errors import USAGE_ERROR, run_guarded
from ocsp.cli.exit_codes import CommandError

__all__ = ["Command", "Commands"]

_FILES = frozenset({"FILE", "CERT...", "RESPONSE"})
"""The metavars of the parameters that take file names."""


class Command(TyperCommand):
    """A command whose usage errors name the command itself."""

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


def _require_file_name(parameter: Any, value: str | Sequence[str] | None) -> None:
    # Typer gives several names as a list, and before 0.29 as a tuple.
    names = [value] if isinstance(value, str) else value or []
    if "" in names:
        is_option = parameter.param_type_name == "option"
        where = parameter.opts[0] if is_option else parameter.metavar
        raise CommandError(where, "the file name is empty")


class Commands(TyperGroup):
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
