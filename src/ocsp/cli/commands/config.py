"""``ocsp config``: write, check and show the configuration of a responder."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import click

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import note, plain, report, require_output, warn
from ocsp.guarded.files import why_no_directory
from ocsp.inspection.vocabulary import count, one_line

__all__ = ["check", "init", "schema", "show"]

DEFAULT_FILE = "ocsp.toml"

File = Annotated[str, Argument(metavar="FILE", help="Configuration file in TOML.")]

_INIT = epilog(
    {
        "ocsp config init ca.pem responder.pem responder.key": (
            "write ocsp.toml for a CA and its delegated responder"
        ),
        "ocsp config init /etc/ca --output /etc/ocsp/ocsp.toml": (
            "look for them in the directory of the CA"
        ),
    }
)
_CHECK = epilog(
    {"ocsp config check ocsp.toml": "check it before a reload"},
    {
        ExitCode.SUCCESS: "the responder starts, and answers for all issuers",
        ExitCode.PROBLEM: (
            "the responder starts, but has no answers for an issuer: they have ended"
        ),
        ExitCode.INPUT_ERROR: "the responder does not start, or does not reload",
    },
)
_SHOW = epilog(
    {
        "ocsp config show ocsp.toml | jq .answers": (
            "print the settings for answers, with the defaults"
        )
    }
)
_SCHEMA = epilog(
    {"ocsp config schema > ocsp.schema.json": "write the schema, for an editor"}
)


@helped_by(_INIT)
def init(
    files: Annotated[
        list[str],
        Argument(
            metavar="FILE...",
            help="Files or directories with the certificate of the CA, and with the "
            "certificate and the key of the responder.",
        ),
    ],
    output: Annotated[
        str, Option(metavar="FILE", help="Where to write the configuration.")
    ] = DEFAULT_FILE,
    listen: Annotated[
        str, Option(metavar="ADDRESS:PORT", help="Where clients will ask.")
    ] = "127.0.0.1:8080",
    admin: Annotated[
        str,
        Option(
            metavar="ADDRESS:PORT|unix:FILE",
            help="Where operators of this machine will get health, metrics and a page.",
        ),
    ] = "127.0.0.1:9080",
) -> None:
    """Write a commented configuration file for the CAs in the files."""
    from ocsp.cli.input.configuration import reported
    from ocsp.service import configuration_of
    from ocsp.service.configuration.starter import (
        find_issuers,
        left_out,
        starter_text,
    )

    for each in files:
        if not Path(each).exists():
            raise CommandError(each, "does not exist")
    issuers = find_issuers(map(Path, files))
    if not issuers:
        raise CommandError(", ".join(files), "has no certificate of a CA")
    usable = [each for each in issuers if each.signers]
    for path, why in left_out(map(Path, files)):
        warn(f"{path}: left out: {why}")
    for issuer in issuers:
        if not issuer.signers:
            warn(f"{issuer.certificate}: left out: there is no key that signs for it")
        elif issuer.uses_own_key:
            warn(
                f"{issuer.certificate}: the key of the CA itself signs the answers;"
                " ocsp signer issue makes a certificate for a key of the responder"
            )
    if not usable:
        hint = "ocsp signer request and ocsp signer issue make one"
        raise CommandError(
            ", ".join(files), "has no key of a responder, without a passphrase", hint
        )
    text = starter_text(usable, Path(output), listen=listen, admin=admin)
    with reported(
        {"listen": "--listen", "admin": "--admin", "admin.listen": "--admin"}
    ):
        configuration_of(tomllib.loads(text))
    _write_new(Path(output), text)
    signers = sum(len(each.signers) for each in usable)
    click.echo(
        one_line(
            f"{output}: {count(len(usable), 'issuer')}, {count(signers, 'signer')}"
        )
    )
    note(f"[quiet]next:[/quiet] [command]ocsp config check {plain(output)}[/command]")


def _write_new(path: Path, text: str) -> None:
    if reason := why_no_directory(path):
        raise CommandError(str(path), reason)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        hint = "remove it, or name another file with --output"
        raise CommandError(str(path), "exists already", hint) from error


@helped_by(_CHECK)
def check(file: File = DEFAULT_FILE) -> ExitCode:
    """
    Check a configuration file: load its keys, open its database, test its signers.

    Each signer signs an answer, which is verified as clients do.
    """
    from ocsp.cli.input.configuration import check_configuration, reported
    from ocsp.service import read_configuration
    from ocsp.service.time.clock import WARNING, is_synchronised

    with reported():
        found = check_configuration(read_configuration(file))
    for warning in found.warnings:
        warn(warning)
    if is_synchronised() is False:
        warn(WARNING)
    for where, what in found.ended:
        report(CommandError(where, what))
    issuers, signers = count(len(found.issuers), "issuer"), found.signers
    click.echo(one_line(f"{file}: {issuers}, {count(signers, 'signer')}: usable"))
    return ExitCode.PROBLEM if found.ended else ExitCode.SUCCESS


@helped_by(_SHOW)
def show(file: File = DEFAULT_FILE) -> None:
    """Print all settings as JSON: those in the file, and the defaults of the others."""
    from ocsp.cli.input.configuration import reported
    from ocsp.service import read_configuration

    require_output()
    with reported():
        configuration = read_configuration(file).configuration
    click.echo(configuration.model_dump_json(indent=2, exclude_none=True))


@helped_by(_SCHEMA)
def schema() -> None:
    """Print the JSON schema of the configuration file."""
    from ocsp.service import configuration_schema

    require_output()
    click.echo(json.dumps(configuration_schema(), indent=2))
