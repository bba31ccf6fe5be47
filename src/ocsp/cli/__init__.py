"""
The command line: ``ocsp check``, ``verify``, ``inspect``, ``serve`` and others.

* Importing this package is cheap: Typer and Rich belong to the extra ``cli`` and are
  imported when :func:`main` runs. If they are missing, one line says so.
* A command reads its arguments, calls the library, and shows the result. The commands
  contain no OCSP logic.
* Bad input ends with one line on standard error and an exit code, never a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from ocsp.cli.exit_codes import ExitCode
from ocsp.errors import MissingExtraError

__all__ = ["main"]

_EXTRA_PACKAGES = frozenset({"click", "rich", "typer"})


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: The arguments after the program name; ``sys.argv[1:]`` if ``None``.

    Returns:
        The exit code, a member of :class:`ocsp.cli.exit_codes.ExitCode`.
    """
    try:
        run = _load()
    except MissingExtraError as error:
        print(f"error: ocsp: {error}", file=sys.stderr)
        return ExitCode.INPUT_ERROR
    return run(arguments)


def _load() -> Callable[[Sequence[str] | None], int]:
    """
    Import the commands, and with them Typer and Rich.

    Raises:
        MissingExtraError: If the extra ``cli`` is not installed. Other import errors
            are bugs and are raised unchanged.
    """
    try:
        from ocsp.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA_PACKAGES:
            raise
        raise MissingExtraError("the command line", "cli") from error
    return run
