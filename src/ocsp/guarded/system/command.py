"""
Run a command that an operator has configured, and say why it failed.

The command runs without a shell and gets its data in environment variables. So neither
a file name nor a value from a certificate can be interpreted as a command.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections.abc import Mapping, Sequence

from ocsp import limits
from ocsp.errors import ConfigError, HookFailed
from ocsp.guarded.system.process import EndedProcess, run_process

__all__ = ["parse_command", "run_command"]

_MAX_LINE = 200
"""Characters of the error output that the error has."""

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # a control sequence, such as a colour (ECMA-48)
    r"|[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)?"  # a string, such as a window title
    r"|[ -/]*[0-~]?)"
)
"""What a terminal would interpret."""


def parse_command(command: str | Sequence[str]) -> list[str]:
    """
    Return the program and its arguments.

    Args:
        command: A list, or a string that is split like a shell command.

    Raises:
        ConfigError: If the program does not exist, or the quoting is wrong.
    """
    try:
        parts = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError("command", str(error)) from error
    if not parts:
        raise ConfigError("command", "is empty")
    if shutil.which(parts[0]) is None:
        raise ConfigError(parts[0], "is not an executable program")
    return parts


def run_command(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    *,
    stdin: bytes = b"",
    max_output: int = 0,
) -> bytes:
    """
    Run *command*, wait for it, and return its standard output.

    Only the command itself is waited for, not the processes that it leaves running.

    Args:
        command: The program and its arguments.

        environment: Environment variables besides those of this process.

        seconds: After which time it is killed, with its children.

        stdin: Its input.

        max_output: How many octets its standard output may have; 0 discards it.

    Raises:
        HookFailed: If the command cannot be started, exits with a code other than 0, is
            killed by a signal, takes too long, or writes too much.
    """
    name = command[0]
    try:
        done = run_process(
            command,
            dict(os.environ) | dict(environment),
            seconds,
            limits.MAX_HOOK_OUTPUT_BYTES,
            stdin=stdin,
            max_output=max_output,
        )
    except (OSError, ValueError) as error:  # ValueError: a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise HookFailed(name, reason) from error
    if done.code != 0:
        raise HookFailed(name, f"{_how_it_ended(done.code, seconds)}{_last_line(done)}")
    if done.output is None:
        raise HookFailed(name, f"wrote more than {max_output:,} octets")
    return done.output


def _how_it_ended(code: int | None, seconds: float) -> str:
    if code is None:
        return f"took more than {seconds:.0f} seconds and was killed"
    if code > 0:
        return f"exited with code {code}"
    known = [each.name for each in signal.Signals if each == -code]
    return f"was killed by signal {-code}" + "".join(f" ({name})" for name in known)


def _last_line(done: EndedProcess) -> str:
    """Return the last line of the error output, without control characters."""
    text = _ESCAPES.sub("", done.errors.decode(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    shown = "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for each in lines[-1][:_MAX_LINE]
    )
    return f": {shown}"
