"""
``ocsp serve``: run a responder, from a configuration file or from options.

The command reports every problem with the configuration, the keys and the certificates
before it listens.
"""

from __future__ import annotations

import datetime
import logging
import socket
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import click

from ocsp.cli.commands.config import DEFAULT_FILE
from ocsp.cli.commands.status.options import DATABASE, Database
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import note, warn
from ocsp.inspection.vocabulary import one_line

__all__ = ["serve"]

HELP = """Run an OCSP responder over HTTP, with GET and POST, until Ctrl-C or SIGTERM.

The settings come from a configuration file, or, for one issuer, from options. The
status comes from a file made with [cyan]ocsp status[/cyan]; a change takes effect at
once. SIGHUP reads the configuration, the keys and the certificates again."""

logger = logging.getLogger("ocsp.service")

EPILOG = epilog(
    {
        "ocsp serve": "serve ocsp.toml, which ocsp config init has written",
        "ocsp serve --issuer ca.pem --cert responder.pem --key responder.key": (
            "sign with the key of a delegated responder (RFC 6960 section 4.2.2.2)"
        ),
        "ocsp serve --issuer ca.pem --key ca.key --port 8080 --verbose": (
            "sign with the key of the CA itself, and log error responses"
        ),
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "stopped by SIGTERM",
        ExitCode.INTERRUPTED: "stopped by Ctrl-C",
    },
)


class NonceChoice(StrEnum):
    """The values of ``NoncePolicy`` for the command line."""

    ECHO = "echo"
    IGNORE = "ignore"
    REQUIRE = "require"


class UnlistedChoice(StrEnum):
    """The values of ``UnknownSerialPolicy`` for the command line."""

    UNAUTHORIZED = "unauthorized"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    UNSAFE_GOOD = "unsafe-good"


@helped_by(EPILOG, HELP)
def serve(
    context: click.Context,
    config: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Configuration file in TOML. No other option is then allowed."
            f" Default if no option is given: {DEFAULT_FILE}.",
        ),
    ] = None,
    issuer: Annotated[
        str | None, Option(metavar="FILE", help="Certificate of the issuer.")
    ] = None,
    key: Annotated[
        str | None,
        Option(metavar="FILE", help="Private key that signs, in PEM or DER."),
    ] = None,
    cert: Annotated[
        str | None,
        Option(metavar="FILE", help="Certificate of that key. Default: the issuer's."),
    ] = None,
    passphrase_file: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="File with the passphrase of the key in its first line.",
        ),
    ] = None,
    database: Database = DATABASE,
    host: Annotated[
        str,
        Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 for all."),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Port to listen on; 0 for a free one.",
        ),
    ] = 8080,
    workers: Annotated[
        int,
        Option(
            min=1, metavar="NUMBER", help="Number of processes that answer requests."
        ),
    ] = 1,
    admin: Annotated[
        str | None,
        Option(
            metavar="ADDRESS:PORT|unix:FILE",
            help="Where operators of this machine get health, metrics and a page.",
        ),
    ] = None,
    hours: Annotated[
        float,
        Option(metavar="HOURS", help="Time from an answer to its nextUpdate."),
    ] = 8.0,
    nonce: Annotated[
        NonceChoice,
        Option(metavar="echo|ignore|require", help="How to treat a nonce."),
    ] = NonceChoice.ECHO,
    unlisted: Annotated[
        UnlistedChoice,
        Option(
            metavar="unauthorized|unknown|revoked|unsafe-good",
            help="Answer for a serial number that is not in the file.",
        ),
    ] = UnlistedChoice.UNAUTHORIZED,
    verbose: Annotated[
        bool, Option("--verbose", "-v", help="Log why a request got an error.")
    ] = False,
) -> None:
    """Build the responder and run it."""
    given = _given_options(context)
    if config is not None or not given:
        _require_alone(given)
        _serve(config or DEFAULT_FILE, {}, {})
        return
    if issuer is None or key is None:
        missing = "--issuer" if issuer is None else "--key"
        raise CommandError(
            "ocsp serve",
            f"{missing} is missing",
            "give --issuer, --cert and --key, or --config; without options,"
            f" {DEFAULT_FILE} is read",
        )
    signer: dict[str, Any] = {"certificate": Path(cert or issuer), "key": Path(key)}
    if passphrase_file is not None:
        signer["passphrase_file"] = Path(passphrase_file)
    document: dict[str, Any] = {
        "database": database,
        "listen": [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"],
        "workers": workers,
        "answers": {"validity": _validity(hours), "nonce": nonce.value},
        "log": {"level": "info" if verbose else "warning"},
        "issuer": [
            {
                "certificate": Path(issuer),
                "unlisted": unlisted.value,
                "signers": [signer],
            }
        ],
    }
    if admin is not None:
        document["admin"] = {"listen": admin}
    _serve(None, document, _OPTIONS)


_OPTIONS = {
    "database": "--db",
    "listen": "--host or --port",
    "workers": "--workers",
    "admin": "--admin",
    "admin.listen": "--admin",
    "answers.validity": "--hours",
    "issuer.certificate": "--issuer",
    "issuer.signers": "--cert",
    "issuer.signers.certificate": "--cert",
    "issuer.signers.key": "--key",
    "issuer.signers.passphrase_file": "--passphrase-file",
}
"""The option for each setting that an error can be about."""


def _given_options(context: click.Context) -> list[str]:
    """Return the options that the user gave."""
    return [
        each.opts[0]
        for each in context.command.params
        if (source := context.get_parameter_source(str(each.name))) is not None
        and source.name == "COMMANDLINE"
    ]


def _require_alone(given: Sequence[str]) -> None:
    """
    Check that ``--config`` is the only option.

    Raises:
        CommandError: If the user gave another one.
    """
    for option in given:
        if option != "--config":
            hint = "put the setting into the configuration file"
            raise CommandError(option, "cannot be combined with --config", hint)


def _serve(path: str | None, document: dict[str, Any], options: dict[str, str]) -> None:
    """Serve the configuration in the file *path*, or in *document*."""
    # pydantic is needed only here, and would slow the start of other commands down.
    from ocsp.cli.input.configuration import check_configuration, reported
    from ocsp.service import (
        Configuration,
        ConfigurationFile,
        configuration_of,
        read_configuration,
    )
    from ocsp.service import serve as serve_forever

    def load() -> ConfigurationFile:
        if path is None:
            return ConfigurationFile(configuration_of(document))
        return read_configuration(path)

    def reload(in_force: Configuration) -> ConfigurationFile:
        file = load()
        # An address that is new may be wrong: then nothing changes.
        same = file.configuration.database == in_force.database
        found = check_configuration(file, database_may_be_away=same)
        for warning in found.warnings:
            logger.warning("%s", warning)
        for where, what in found.ended:
            logger.warning("%s: %s", where, what)
        return file

    with reported(options):
        file = load()
        checked = check_configuration(file, database_may_be_away=True)
        for warning in checked.warnings:
            warn(warning)
        for where, what in checked.ended:
            warn(f"{where}: {what}")
        database = str(document.get("database", file.configuration.database))
        places = dict.fromkeys(
            each.source_text or database
            for each in file.configuration.issuer
            if each.signers
        )
        origin = f" from {', '.join(places)}" if places else ""
        answers = f"answers for {', '.join(checked.issuers)}{origin}"
        serve_forever(file, reload, partial(_announce, answers))


def _validity(hours: float) -> datetime.timedelta:
    if not 0 < hours <= _MAX_HOURS:
        raise CommandError(
            "--hours",
            f"must be more than 0 and at most {_MAX_HOURS:,}, and is {hours:g}",
        )
    return datetime.timedelta(hours=hours)


_MAX_HOURS = 24 * 366
"""An answer that is valid for longer than a year is of no use (RFC 6960 §2.4)."""


def _announce(
    answers: str, public: Sequence[socket.socket], admin: socket.socket | None
) -> None:
    """Print where the responder listens."""
    from ocsp.server import base_url

    for each in public:
        click.echo(one_line(f"{base_url(each)}/ {answers}"))
    if admin is not None:
        where = admin.getsockname()
        place = f"unix:{where}" if isinstance(where, str) else f"{base_url(admin)}/"
        click.echo(one_line(f"{place} is for operators: health, metrics and a page"))
    note("[quiet]stop:[/quiet] [command]Ctrl-C[/command]")
