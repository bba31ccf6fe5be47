"""Load the configuration of a responder for a command, with its checks and warnings."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.render.console import report
from ocsp.errors import ConfigurationError, ConfigurationProblem
from ocsp.service import (
    ConfigurationFile,
    build_service,
    check_signers,
    ended_issuers,
    ending_soon,
    exposed_secrets,
    why_database_is_away,
    why_not_writable,
    why_unavailable,
)

__all__ = ["Checked", "check_configuration", "reported"]


class Checked(NamedTuple):
    """
    What the check of a configuration found.

    Attributes:
        issuers: The names of the issuers.

        signers: The number of signers.

        warnings: What some clients do not accept, which status is not known now, which
            secrets others can read, and what ends soon.

        ended: For which issuers clients get *tryLater*: where it is, and what to do.
    """

    issuers: tuple[str, ...]
    signers: int
    warnings: tuple[str, ...]
    ended: tuple[tuple[str, str], ...]


def check_configuration(
    file: ConfigurationFile, *, database_may_be_away: bool = False
) -> Checked:
    """
    Load the keys and certificates of *file*, open its database, and test its signers.

    Args:
        file: The configuration.

        database_may_be_away: A PostgreSQL database that cannot be used now is a
            warning, and no problem.

    Raises:
        ConfigurationError: If something cannot be used. It lists all problems.
    """
    now = datetime.datetime.now(datetime.UTC)
    configuration = file.configuration
    try:
        away = why_database_is_away(configuration) if database_may_be_away else ""
        with build_service(
            configuration, read_only=True, database_may_be_away=bool(away)
        ) as service:
            warnings = check_signers(service, now)
            names = service.names
            with_sources = {
                each.key: names[each.key]
                for each in service.authorities
                if each.key not in service.in_store
            }
            warnings += why_unavailable(service.source, with_sources)
            warnings += exposed_secrets(file)
            if configuration.uses_database:
                warnings += why_not_writable(configuration.database)
            ended = ConfigurationError("", ended_issuers(service, now))
            return Checked(
                issuers=tuple(names.values()),
                signers=sum(len(each.signers) for each in service.authorities),
                warnings=(*_away(away), *warnings, *ending_soon(service, now)),
                ended=tuple(file.locate(ended).lines()),
            )
    except ConfigurationError as error:
        raise file.locate(error) from error


def _away(why: str) -> Iterator[str]:
    """Return the warning that a database is away, if it is."""
    if why:
        yield (
            f"{why}; the responder runs without the database until it is there: it"
            " answers with copies in Valkey, if it has them, and else tryLater"
        )


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
