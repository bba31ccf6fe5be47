"""
Turn the exceptions of a command into one line and an exit code.

Only this module catches them. Codes 1 and 2 report a certificate status (*revoked*,
*unknown*), so no failure may end with them: a usage error exits with 4 instead of
Typer's 2, and an unexpected exception exits with 70.
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

import typer

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.render.console import errors, report
from ocsp.errors import OCSPError

__all__ = ["TRACEBACK", "USAGE_ERROR", "run_guarded"]

# BadParameter is the only usage error that Typer exports. Its second base class is the
# base of all of them, in Typer's own copy of click as in click itself.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]

TRACEBACK = "OCSP_TRACEBACK"
"""The environment variable that shows the traceback of an internal error."""


def run_guarded(call: Callable[[], Any]) -> int:
    """
    Run *call*, report an exception in one line, and return the exit code.

    Raises:
        SystemExit: If *call* raises it, as a server does when it stops.
    """
    _escape_unencodable_output()
    try:
        with _without_warnings():
            code = call()
    except USAGE_ERROR as error:
        if str(error):  # without arguments, Typer has shown the help instead
            _report_safely(_usage_error(error))
    except (CommandError, OCSPError) as error:
        _report_safely(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except SystemExit as exit_:
        # Typer and Rich exit like this, with code 1, when a pipe is closed.
        if not isinstance(exit_.__context__, BrokenPipeError):
            raise
        return ExitCode.BROKEN_PIPE
    except OSError as error:
        _report_safely(_output_error(error))
    except Exception as error:
        _report_safely(_internal_error(error))
        return ExitCode.INTERNAL_ERROR
    else:
        return code if isinstance(code, int) else ExitCode.SUCCESS
    return ExitCode.INPUT_ERROR


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
    try:
        report(problem)
    except (OSError, SystemExit):
        _discard(sys.stderr)


def _usage_error(error: Any) -> CommandError:
    """Return Typer's message about wrong arguments, with a pointer to the help."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "ocsp"
    what = error.format_message().rstrip(".")
    for words, plain in _PLAIN_WORDS.items():
        what = what.replace(words, plain)
    return CommandError(command, f"{what}; see {command} --help")


_PLAIN_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": (
        "the value is not a whole number"
    ),
    "Input should be a valid number, unable to parse string as a number": (
        "the value is not a number"
    ),
    "Input should be ": "the value must be ",
}
"""Words of pydantic, which checks values for Typer, and what to write instead."""


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
        errors().print(traceback.format_exc(), markup=False, soft_wrap=True)
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return CommandError(
        "ocsp",
        f"internal error: {what}; this is a bug in ocsp, please report it",
        f"{TRACEBACK}=1 shows the traceback",
    )
