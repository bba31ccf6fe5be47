"""``ocsp signer renew``: get a new certificate by a command, before the end."""

from __future__ import annotations

import datetime
from typing import Annotated

import click

from ocsp.asn1.certificates import validity_of
from ocsp.cli.commands.signer.options import (
    Cert,
    Issuer,
    Key,
    PassphraseFile,
    PinFile,
    Token,
    signer_spec,
)
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.loading import load_certificate
from ocsp.cli.parameters import Option
from ocsp.guarded.system.command import parse_command
from ocsp.inspection.vocabulary import one_line
from ocsp.signers.enrolment import Renewal
from ocsp.signers.enrolment import renew as renew_signer
from ocsp.signers.expiry import days_left
from ocsp.signers.loading import read_signer_certificate

__all__ = ["renew"]

EPILOG = epilog(
    {
        "ocsp signer renew --issuer ca.pem --cert responder.pem --key responder.key "
        "--days-before 14 --command /etc/ocsp/get-certificate": (
            "from a timer: does nothing while the certificate is valid for longer"
        ),
    }
)


@helped_by(EPILOG)
def renew(
    issuer: Issuer,
    cert: Cert,
    command: Annotated[
        str,
        Option(
            metavar="COMMAND",
            help="Program that reads the request in PEM, and writes the certificate. "
            "No shell runs it.",
        ),
    ],
    key: Key = None,
    pkcs11: Token = None,
    passphrase_file: PassphraseFile = None,
    pin_file: PinFile = None,
    days_before: Annotated[
        int | None,
        Option(
            metavar="DAYS",
            min=0,
            help="Do nothing while the certificate is valid for longer.",
        ),
    ] = None,
    keep_key: Annotated[
        bool, Option("--keep-key", help="Renew for the same key, not a new one.")
    ] = False,
) -> None:
    """
    Renew the certificate of a responder by a command, and replace the files.

    The new certificate is tested first. Whatever fails, the present files stay. A
    running responder loads the new files by itself.
    """
    now = datetime.datetime.now(datetime.UTC)
    spec = signer_spec(cert, key, pkcs11, passphrase_file, pin_file)
    program = parse_command(command)
    left = days_left(read_signer_certificate(spec.certificate), now)
    if days_before is not None and left > days_before:
        click.echo(one_line(f"{cert}: not renewed, {left} days left"))
        return
    new = renew_signer(
        Renewal(
            spec=spec,
            issuer=load_certificate(issuer),
            command=program,
            keep_key=keep_key,
        ),
        now,
    )
    click.echo(one_line(f"{cert}: renewed, until {validity_of(new)[1]:%Y-%m-%d}"))
