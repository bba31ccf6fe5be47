"""
``ocsp serve``: run a responder with the status from a SQLite file.

The command reports every problem with keys and certificates before it listens.
"""

from __future__ import annotations

import datetime
import logging
import sys
from enum import StrEnum
from typing import Annotated

import typer
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.commands.status.options import DATABASE
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.input.loading import load_certificate, place, read_octets
from ocsp.cli.render.console import note, plain, warn
from ocsp.errors import BuildError, ConfigError, DecodeError, SchemaError
from ocsp.guarded.key_files import load_private_key
from ocsp.inspection.file_kinds import kind_of
from ocsp.inspection.vocabulary import one_line
from ocsp.responder import Authority, NoncePolicy, Responder, UnknownSerialPolicy
from ocsp.server import RequestHandler, base_url, bind
from ocsp.server import serve as serve_forever
from ocsp.signers import self_test
from ocsp.signing.signer import KeySigner
from ocsp.store import SQLiteStore

__all__ = ["EPILOG", "HELP", "serve"]

HELP = """Run an OCSP responder over HTTP, with GET and POST, until Ctrl-C.

The status comes from a file made with [cyan]ocsp status[/cyan]. A change in the file
takes effect with the next request."""

EPILOG = epilog(
    {
        "ocsp serve --issuer ca.pem --cert responder.pem --key responder.key": (
            "sign with the key of a delegated responder (RFC 6960 section 4.2.2.2)"
        ),
        "ocsp serve --issuer ca.pem --key ca.key --port 8080 --verbose": (
            "sign with the key of the CA itself, and log error responses"
        ),
    }
)


class NonceChoice(StrEnum):
    """The values of :class:`NoncePolicy` for the command line."""

    ECHO = "echo"
    IGNORE = "ignore"
    REQUIRE = "require"


class UnlistedChoice(StrEnum):
    """The values of :class:`UnknownSerialPolicy` for the command line."""

    UNAUTHORIZED = "unauthorized"
    UNKNOWN = "unknown"
    REVOKED = "revoked"


def serve(
    issuer: Annotated[
        str, typer.Option(metavar="FILE", help="Certificate of the issuer.")
    ],
    key: Annotated[
        str, typer.Option(metavar="FILE", help="Private key that signs, in PEM or DER.")
    ],
    cert: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Certificate of that key. Default: the issuer's."
        ),
    ] = None,
    passphrase_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File with the passphrase of the key in its first line.",
        ),
    ] = None,
    database: Annotated[
        str, typer.Option("--db", metavar="FILE", help="SQLite file with the status.")
    ] = DATABASE,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 for all."),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Port to listen on; 0 for a free one.",
        ),
    ] = 8080,
    hours: Annotated[
        float,
        typer.Option(metavar="HOURS", help="Time from an answer to its nextUpdate."),
    ] = 8.0,
    nonce: Annotated[
        NonceChoice,
        typer.Option(metavar="echo|ignore|require", help="How to treat a nonce."),
    ] = NonceChoice.ECHO,
    unlisted: Annotated[
        UnlistedChoice,
        typer.Option(
            metavar="unauthorized|unknown|revoked",
            help="Answer for a serial number that is not in the file.",
        ),
    ] = UnlistedChoice.UNAUTHORIZED,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log why a request got an error.")
    ] = False,
) -> None:
    """Build the responder and run it."""
    if verbose:
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr
        )
    validity = _validity(hours)
    authority = _authority(
        issuer,
        cert or issuer,
        _key(key, passphrase_file),
        UnknownSerialPolicy(unlisted.value),
    )
    responder = Responder(
        [authority],
        nonce=NoncePolicy(nonce.value),
        validity=validity,
    )
    with SQLiteStore(database, read_only=True) as source:
        _require_acceptable(authority, validity)
        bound = bind(host, port)
        _announce(authority, base_url(bound), database)
        serve_forever(RequestHandler(responder, source), bound)


def _validity(hours: float) -> datetime.timedelta:
    if not 0 < hours <= _MAX_HOURS:
        raise CommandError(
            "--hours",
            f"must be more than 0 and at most {_MAX_HOURS:,}, and is {hours:g}",
        )
    return datetime.timedelta(hours=hours)


_MAX_HOURS = 24 * 366
"""An answer that is valid for longer than a year is of no use (RFC 6960 §2.4)."""


def _authority(
    issuer: str,
    cert: str,
    key: CertificateIssuerPrivateKeyTypes,
    unlisted: UnknownSerialPolicy,
) -> Authority:
    certificate = load_certificate(cert)
    try:
        signer = KeySigner(key, certificate)
    except (BuildError, SchemaError, TypeError, UnsupportedAlgorithm) as error:
        hint = "--cert is the certificate of the key"
        raise CommandError("--key", str(error), hint) from error
    try:
        return Authority(load_certificate(issuer), [signer], unlisted=unlisted)
    except ConfigError as error:
        raise CommandError("--cert", error.reason) from error


def _key(source: str, passphrase_file: str | None) -> CertificateIssuerPrivateKeyTypes:
    """
    Return the private key in the file *source*.

    Raises:
        CommandError: If it is not a private key, or its passphrase is missing or wrong.
    """
    data = read_octets(source, limits.MAX_KEY_FILE_BYTES)
    passphrase = None
    if passphrase_file is not None:
        passphrase = read_octets(
            passphrase_file, limits.MAX_KEY_FILE_BYTES
        ).splitlines()[0]
    try:
        # KeySigner rejects key types that cannot sign.
        return load_private_key(data, passphrase)  # type: ignore[return-value]
    except TypeError as error:  # a passphrase is missing, or the key needs none
        hint = "see --passphrase-file"
        raise CommandError(place(source), str(error), hint) from error
    except (DecodeError, UnsupportedAlgorithm) as error:
        reason = "is not a private key in PEM or DER, or the passphrase is wrong"
        kind = kind_of(data)
        if kind not in {None, "a private key"}:
            reason = f"is {kind}, not a private key"
        raise CommandError(place(source), reason) from error


def _require_acceptable(authority: Authority, validity: datetime.timedelta) -> None:
    """
    Warn of answers that some clients reject.

    Raises:
        CommandError: If every client rejects them.
    """
    found = self_test(authority, datetime.datetime.now(datetime.UTC), validity=validity)
    if found.failures:
        raise CommandError(
            "--cert", f"clients would reject the answers: {'; '.join(found.failures)}"
        )
    for warning in found.warnings:
        warn(warning)


def _announce(authority: Authority, url: str, database: str) -> None:
    signer = authority.signers[0].certificate
    name = _name(authority.issuer)
    typer.echo(one_line(f"{url}/ answers for {name} from {database}"))
    if signer != authority.issuer:
        _, until = validity_of(signer)
        note(
            f"[quiet]signed by {plain(_name(signer))}, expires {until:%Y-%m-%d}[/quiet]"
        )
    note("[quiet]stop:[/quiet] [command]Ctrl-C[/command]")


def _name(certificate: x509.Certificate) -> str:
    return name_text(name_of_subject(certificate))
