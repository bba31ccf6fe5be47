"""
Turn the exceptions of a command into one line and an exit code.

Only this module catches them. Codes 1 and 2 report a certificate status (*revoked*,
*unknown*), so no failure may end with them: a usage error exits with 4 instead of
click's 2, and an unexpected exception exits with 70.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import click

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.extra import is_of_extra
from ocsp.errors import OCSPError

__all__ = ["TRACEBACK", "noticing_closed_pipe", "run_guarded"]

TRACEBACK = "OCSP_TRACEBACK"
"""The environment variable that shows the traceback of an internal error."""


def run_guarded(call: Callable[[], Any]) -> int:
    """
    Run *call*, report an exception in one line, and return the exit code.

    Raises:
        SystemExit: If *call* raises it, as a server does when it stops.
        ModuleNotFoundError: If a package of the extra ``cli`` is missing.
    """
    try:
        with noticing_closed_pipe():
            _escape_unencodable_output()
        with _without_warnings():
            code = call()
    except SystemExit as exit_:
        # Rich exits like this, with code 1, when a pipe is closed.
        if not isinstance(exit_.__context__, BrokenPipeError):
            raise
        return ExitCode.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except Exception as error:
        return _reported(error)
    return code if isinstance(code, int) else ExitCode.SUCCESS


def _reported(error: Exception) -> ExitCode:
    """Report *error*, and return the exit code for it."""
    match error:
        case click.UsageError():
            _report_safely(_usage_error(error))
        case CommandError() | OCSPError():
            _report_safely(error)
        case _ClosedPipe():
            return ExitCode.BROKEN_PIPE
        case ModuleNotFoundError() if is_of_extra(error):
            raise error
        case OSError():
            _report_safely(_output_error(error))
        case _:
            _report_safely(_internal_error(error))
            return ExitCode.INTERNAL_ERROR
    return ExitCode.INPUT_ERROR


class _ClosedPipe(Exception):
    """The reader of the output has closed the pipe."""


@contextlib.contextmanager
def noticing_closed_pipe() -> Iterator[None]:
    """Hide a closed pipe from click, which would exit with code 1."""
    try:
        yield
    except BrokenPipeError as error:
        _discard(sys.stdout)
        raise _ClosedPipe from error


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Hide Python's warnings, which are for developers, unless an option asks."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


def _escape_unencodable_output() -> None:
    """Escape characters that the encoding of standard output does not have."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _report_safely(problem: object) -> None:
    """Report *problem*; if standard error cannot be written, only the code remains."""
    # Rich is needed only for what a command shows.
    from ocsp.cli.render.console import report

    try:
        report(problem)
    except (OSError, SystemExit):
        _discard(sys.stderr)


def _usage_error(error: click.UsageError) -> CommandError:
    """Return click's message about wrong arguments, with a pointer to the help."""
    command = error.ctx.command_path if error.ctx else "ocsp"
    what = error.format_message().rstrip(".")
    return CommandError(command, f"{what}; see {command} --help")


def _output_error(error: OSError) -> CommandError:
    """Return an OSError as one line; without a file name, it is about the output."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
    return CommandError(str(error.filename or "output"), error.strerror or str(error))


def _discard(stream: Any) -> None:
    """Discard the unwritten data of *stream*; else Python fails again at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def _internal_error(error: Exception) -> CommandError:
    if os.environ.get(TRACEBACK):
        # Rich is needed only for what a command shows.
        from ocsp.cli.render.console import errors

        errors().print(traceback.format_exc(), markup=False, soft_wrap=True)
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return CommandError(
        "ocsp",
        f"internal error: {what}; this is a bug in ocsp, please report it",
        f"{TRACEBACK}=1 shows the traceback",
    )
