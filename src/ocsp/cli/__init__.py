"""
The command line: ``ocsp check``, ``verify``, ``inspect``, ``serve`` and others.

Rules of this package:

* Importing it costs nothing: Typer and Rich belong to the extra ``cli`` and are
  imported when :func:`main` runs. Where they are missing, that is one line.
* A command reads its arguments, calls the floors below, and shows the outcome. What
  an OCSP message means is decided below, never here.
* Bad input is one line on standard error and an exit code, never a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from ocsp.cli.exit_codes import ExitCode
from ocsp.errors import MissingExtraError

__all__ = ["main"]

_FROM_THE_EXTRA = frozenset({"click", "rich", "typer"})


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows the program's name; ``sys.argv[1:]`` if ``None``.

    Returns:
        The exit code, as :class:`ocsp.cli.exit_codes.ExitCode` has them.
    """
    try:
        run = _load()
    except MissingExtraError as error:
        print(f"error: ocsp: {error}", file=sys.stderr)
        return ExitCode.UNUSABLE
    return run(arguments)


def _load() -> Callable[[Sequence[str] | None], int]:
    """
    Import the commands, and with them Typer and Rich.

    Raises:
        MissingExtraError: If the extra ``cli`` is not installed. A fault of our own
            imports is not that, and passes through.
    """
    try:
        from ocsp.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _FROM_THE_EXTRA:
            raise
        raise MissingExtraError("the command line", "cli") from error
    return run
