"""
How a command ends: the exit codes, and the error that carries the one line.

Rules of this file: nothing from outside the standard library, because it is also
needed to say that Typer and Rich are missing.

The codes are a public contract, listed in ``docs/cli.md``. No command has another
meaning for a number; where two commands end alike, the number has a name for each.
"""

from __future__ import annotations

import enum

__all__ = ["CommandError", "ExitCode", "one_line"]


class ExitCode(enum.IntEnum):
    """What the shell sees."""

    FINE = 0
    GOOD = FINE
    """The certificate is good (``check``, ``verify``, ``staple``)."""

    WRONG = 1
    """What was looked at is not as it should be."""
    REVOKED = WRONG
    """The certificate is revoked (``check``, ``verify``, ``staple``)."""
    FOUND = WRONG
    """There are findings (``lint``)."""

    UNKNOWN = 2
    """The responder does not know the certificate (the same commands)."""
    NOT_VERIFIED = 3
    """There is no response that proves anything (the same commands)."""

    UNUSABLE = 4
    FAULT = 70
    """Something that nobody foresaw: EX_SOFTWARE of ``sysexits.h``."""
    INTERRUPTED = 130
    UNREAD = 141
    """The reader of the output is gone; as SIGPIPE has it."""


class CommandError(Exception):
    """
    A command cannot do what it was asked to.

    Attributes:
        where: The file, option or address at fault.

        what: What is wrong there.

        hint: What to do about it, or empty.
    """

    def __init__(self, where: str, what: str, hint: str = "") -> None:
        super().__init__(where, what, hint)
        self.where = where
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.what}{hint}"


def one_line(text: object) -> str:
    """
    Return *text* as one printable line.

    File names and the contents of certificates are other people's words: a line end
    would forge a second line, and an escape sequence would speak to the terminal.
    """
    words = " ".join(str(text).split())
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}"
        for character in words
    )
