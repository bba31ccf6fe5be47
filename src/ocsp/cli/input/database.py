"""Read the address of a database that a user types."""

from __future__ import annotations

from collections.abc import Callable

from ocsp.cli.exit_codes import CommandError
from ocsp.store import DatabaseAddress

__all__ = ["database_of"]


def database_of(
    option: str,
) -> Callable[[DatabaseAddress | str], DatabaseAddress]:
    """
    Return what reads the address of a database that is given by *option*.

    A file may be named as in the configuration: ``sqlite:status.db``.
    """

    def read(given: DatabaseAddress | str) -> DatabaseAddress:
        if isinstance(given, str):
            given = given.removeprefix("sqlite:")
        if given == "":  # often a shell variable that is not set
            raise CommandError(option, "the file name is empty")
        return DatabaseAddress.read(given)

    return read
