"""
``ocsp serve``: answer requests from a file of certificate status.

Rules of this file: it puts the parts together and says what it found. Everything that
can be wrong with keys and certificates is said before the first request comes.
"""

from __future__ import annotations

import datetime
import logging
import sys
from enum import StrEnum
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from ocsp.cli.commands.status import DATABASE
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.input.loading import load_certificate, place, read_octets
from ocsp.cli.render.console import note, warn
from ocsp.errors import BuildError, ConfigError
from ocsp.responder import Authority, NoncePolicy, Responder, UnknownSerialPolicy
from ocsp.server import Application, base_url, bind
from ocsp.server import serve as serve_forever
from ocsp.signing.signer import KeySigner
from ocsp.status import SQLiteSource

__all__ = ["EPILOG", "HELP", "serve"]

HELP = """Answer OCSP requests by GET and POST, until Ctrl-C.

Certificates are those of a file made with [cyan]ocsp status[/cyan]. What is changed
there is answered from then on."""

EPILOG = epilog(
    {
        "ocsp serve --issuer ca.pem --cert responder.pem --key responder.key": (
            "with a delegated responder (RFC 6960 section 4.2.2.2)"
        ),
        "ocsp serve --issuer ca.pem --key ca.key --port 8080 --verbose": (
            "with the key of the CA itself"
        ),
    }
)

MAX_KEY_FILE = 1 << 16
"""Octets. The PEM of an RSA key of 16,384 bits has 13,000."""


class NonceChoice(StrEnum):
    """The words for :class:`NoncePolicy`."""

    ECHO = "echo"
    IGNORE = "ignore"
    REQUIRE = "require"


class UnlistedChoice(StrEnum):
    """The words for :class:`UnknownSerialPolicy`."""

    UNAUTHORIZED = "unauthorized"
    UNKNOWN = "unknown"
    REVOKED = "revoked"


def serve(
    issuer: Annotated[
        str, typer.Option(metavar="FILE", help="Certificate of the issuer.")
    ],
    key: Annotated[
        str, typer.Option(metavar="FILE", help="Private key that signs, PEM or DER.")
    ],
    cert: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Certificate of that key; the issuer's if not given."
        ),
    ] = None,
    passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Its first line is the key's passphrase."),
    ] = None,
    database: Annotated[
        str, typer.Option("--db", metavar="FILE", help="The file with the status.")
    ] = DATABASE,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="0 for any free one.")
    ] = 8080,
    hours: Annotated[
        float,
        typer.Option(metavar="HOURS", help="From an answer to its nextUpdate."),
    ] = 8.0,
    nonce: Annotated[
        NonceChoice,
        typer.Option(metavar="echo|ignore|require", help="What to do with a nonce."),
    ] = NonceChoice.ECHO,
    unlisted: Annotated[
        UnlistedChoice,
        typer.Option(
            metavar="unauthorized|unknown|revoked",
            help="What to say of serial numbers that are not in the file.",
        ),
    ] = UnlistedChoice.UNAUTHORIZED,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say why a request got an error.")
    ] = False,
) -> None:
    """Put the responder together and run it."""
    if verbose:
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr
        )
    authority = _authority(
        issuer,
        cert or issuer,
        _key(key, passphrase_file),
        UnknownSerialPolicy(unlisted.value),
    )
    responder = Responder(
        [authority],
        nonce=NoncePolicy(nonce.value),
        validity=datetime.timedelta(hours=hours),
    )
    with SQLiteSource(database, read_only=True) as source:
        bound = bind(host, port)
        _announce(authority, base_url(bound), database)
        serve_forever(Application(responder, source), bound)


def _authority(
    issuer: str,
    cert: str,
    key: CertificateIssuerPrivateKeyTypes,
    unlisted: UnknownSerialPolicy,
) -> Authority:
    certificate = load_certificate(cert)
    try:
        signer = KeySigner(key, certificate)
    except (BuildError, TypeError) as error:
        raise CommandError("--key", str(error)) from error
    try:
        return Authority(load_certificate(issuer), signer, unlisted=unlisted)
    except ConfigError as error:
        raise CommandError("--cert", error.reason) from error


def _key(source: str, passphrase_file: str | None) -> CertificateIssuerPrivateKeyTypes:
    """
    Return the private key in the file *source*.

    Raises:
        CommandError: If it is none, or its passphrase is missing or wrong.
    """
    data = read_octets(source, MAX_KEY_FILE)
    passphrase = None
    if passphrase_file is not None:
        passphrase = read_octets(passphrase_file, MAX_KEY_FILE).splitlines()[0]
    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        # What cannot sign a certificate is refused by KeySigner.
        return load(data, passphrase)  # type: ignore[return-value]
    except TypeError as error:  # a passphrase that is missing, or one too many
        raise CommandError(place(source), str(error), "--passphrase-file") from error
    except ValueError as error:
        reason = "is no private key in PEM or DER, or the passphrase is wrong"
        raise CommandError(place(source), reason) from error


def _announce(authority: Authority, url: str, database: str) -> None:
    for warning in authority.warnings:
        warn(warning)
    signer = authority.signer.certificate
    typer.echo(f"{url}/ answers for {_name(authority.issuer)} from {database}")
    if authority.delegate is not None:
        until = signer.not_valid_after_utc
        note(f"[quiet]signed by {_name(signer)}, valid until {until:%Y-%m-%d}[/quiet]")
    note("[quiet]stop:[/quiet] [command]Ctrl-C[/command]")


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
