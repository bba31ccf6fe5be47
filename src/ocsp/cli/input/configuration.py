"""Load the configuration of a responder for a command, with its checks and warnings."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.render.console import report
from ocsp.errors import ConfigurationError, ConfigurationProblem
from ocsp.service import ConfigurationFile, build_service, check_signers

__all__ = ["Checked", "check_configuration", "reported"]


class Checked(NamedTuple):
    """
    What the check of a configuration found.

    Attributes:
        issuers: The names of the issuers.

        signers: The number of signers.

        warnings: What some clients do not accept.
    """

    issuers: tuple[str, ...]
    signers: int
    warnings: tuple[str, ...]


def check_configuration(file: ConfigurationFile) -> Checked:
    """
    Load the keys and certificates of *file*, open its database, and test its signers.

    Raises:
        ConfigurationError: If something cannot be used. It lists all problems.
    """
    now = datetime.datetime.now(datetime.UTC)
    try:
        with build_service(file.configuration, read_only=True) as service:
            warnings = check_signers(service, now)
            return Checked(
                issuers=tuple(service.names.values()),
                signers=sum(len(each.signers) for each in service.authorities),
                warnings=tuple(warnings),
            )
    except ConfigurationError as error:
        raise file.locate(error) from error


@contextmanager
def reported(options: Mapping[str, str] | None = None) -> Iterator[None]:
    """
    Report each problem of a configuration on a line of its own.

    Args:
        options: The options that settings come from, by the names of the settings. An
            error then names the option.

    Raises:
        CommandError: For the last problem; the lines of the others are written before.
    """
    try:
        yield
    except ConfigurationError as error:
        lines = [
            _line(each, where, what, options or {})
            for each, (where, what) in zip(error.problems, error.lines(), strict=True)
        ]
        for line in lines[:-1]:
            report(line)
        raise lines[-1] from error


def _line(
    problem: ConfigurationProblem, where: str, what: str, options: Mapping[str, str]
) -> CommandError:
    if problem.key not in options:
        return CommandError(where, what)
    # The reason can name another setting, such as that of the passphrase of a key.
    reason = problem.reason.replace("passphrase_file", "--passphrase-file")
    return CommandError(options[problem.key], reason)
