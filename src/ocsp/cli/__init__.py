"""
The command line: ``ocsp check``, ``verify``, ``inspect``, ``serve`` and others.

* Importing this package is cheap: click and Rich belong to the extra ``cli``. click is
  imported when :func:`main` runs, and Rich when a command shows something with it. If
  one is missing, one line says so.
* A command is imported when it runs (:mod:`ocsp.cli.table`).
* A command reads its arguments, calls the library, and shows the result. The commands
  contain no OCSP logic.
* Bad input ends with one line on standard error and an exit code, never a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ocsp.cli.extra import is_of_extra

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: The arguments after the program name; ``sys.argv[1:]`` if ``None``.

    Returns:
        The exit code, a member of :class:`ocsp.cli.exit_codes.ExitCode`.
    """
    try:
        # Imported here, so that an error can say that click is missing.
        from ocsp.cli.app import run

        return run(arguments)
    except ModuleNotFoundError as error:
        if not is_of_extra(error):
            raise
        # Only this error needs them.
        from ocsp.cli.exit_codes import ExitCode
        from ocsp.errors import MissingExtraError

        missing = MissingExtraError("the command line", "cli")
        print(f"error: ocsp: {missing}", file=sys.stderr)
        return ExitCode.INPUT_ERROR
