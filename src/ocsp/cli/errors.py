"""
How whatever a command raises becomes one line and an exit code.

Rules of this file: the only place that catches. Code 1 says *revoked*, so nothing that
went wrong ends with it: usage errors have code 4 and not Typer's own 2, which means
*unknown* (``ocsp verify``), and what nobody foresaw has code 70.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.render.console import errors, report
from ocsp.errors import OCSPError

__all__ = ["TRACEBACK", "USAGE_ERROR", "run_guarded"]

# Typer's own copy of click, or click itself in older releases: BadParameter is the
# one usage error that Typer exports, and its second base is the root of all of them.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]

TRACEBACK = "OCSP_TRACEBACK"
"""The environment variable that lets a fault of our own show where it is."""


def run_guarded(call: Callable[[], Any]) -> int:
    """
    Return the exit code of *call*, and report what it raises.

    Raises:
        SystemExit: What a server ended itself with.
    """
    _escape_what_output_lacks()
    try:
        code = call()
    except USAGE_ERROR as error:
        if str(error):  # without arguments, Typer has shown the help instead
            _say(_usage(error))
    except (CommandError, OCSPError) as error:
        _say(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except SystemExit as ended:
        # Typer and Rich end so, with code 1, where the reader of a pipe is gone.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return ExitCode.UNREAD
    except OSError as error:
        _say(_refused(error))
    except Exception as error:
        _say(_fault(error))
        return ExitCode.FAULT
    else:
        return code if isinstance(code, int) else ExitCode.FINE
    return ExitCode.UNUSABLE


def _escape_what_output_lacks() -> None:
    """Let a character that the output's encoding does not have be no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _say(problem: object) -> None:
    """Report *problem*; where nobody can hear it, the exit code has to do."""
    try:
        report(problem)
    except (OSError, SystemExit):
        _drop(sys.stderr)


def _usage(error: Any) -> CommandError:
    """Return what Typer says of wrong arguments, with the way to the help text."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "ocsp"
    # Typer checks values with pydantic, which puts its own words before the message.
    what = error.format_message().replace("Value error, ", "").rstrip(".")
    return CommandError(command, f"{what}; see {command} --help")


def _refused(error: OSError) -> CommandError:
    """Return what the system refused; files have names, and output has none."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop(sys.stdout)
    return CommandError(str(error.filename or "output"), error.strerror or str(error))


def _drop(stream: Any) -> None:
    """Drop what *stream* could not write, or Python fails with it once more at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def _fault(error: Exception) -> CommandError:
    if os.environ.get(TRACEBACK):
        errors().print(traceback.format_exc(), markup=False, soft_wrap=True)
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return CommandError(
        "ocsp",
        f"{what}: a fault of ocsp, not of what it was given",
        f"{TRACEBACK}=1 shows where",
    )
