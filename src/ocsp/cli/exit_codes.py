"""
The exit codes, and the exception that becomes the one error line.

This module imports only the standard library, because it is also needed to report that
click and Rich are missing.

The codes are a public contract, listed in ``docs/cli.md``. A number means the same in
every command; it has several names where commands use different words for it.
"""

from __future__ import annotations

import enum

__all__ = ["CommandError", "ExitCode"]


class ExitCode(enum.IntEnum):
    """The exit status of the program."""

    SUCCESS = 0
    GOOD = SUCCESS
    """The certificate is good (``check``, ``verify``, ``staple``)."""

    PROBLEM = 1
    """The command ran and found a problem."""
    REVOKED = PROBLEM
    """The certificate is revoked (``check``, ``verify``, ``staple``)."""
    FINDINGS = PROBLEM
    """There are findings (``lint``)."""

    UNKNOWN = 2
    """The responder does not know the certificate (same commands)."""
    NOT_VERIFIED = 3
    """No verified response gives a status (same commands)."""

    INPUT_ERROR = 4
    """Input could not be read, or the command was used wrongly."""
    NOT_CONFIRMED = 5
    """The change is made, but a process of the responder has not confirmed it
    (``status``)."""
    INTERNAL_ERROR = 70
    """An unexpected exception: EX_SOFTWARE of ``sysexits.h``."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT."""
    BROKEN_PIPE = 141
    """The reader of the output has closed the pipe: 128 + SIGPIPE."""


class CommandError(Exception):
    """
    A command cannot continue.

    Attributes:
        where: The file, option or address that is wrong.

        what: What is wrong with it.

        hint: What to do about it; may be empty.
    """

    def __init__(self, where: str, what: str, hint: str = "") -> None:
        super().__init__(where, what, hint)
        self.where = where
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.what}{hint}"
