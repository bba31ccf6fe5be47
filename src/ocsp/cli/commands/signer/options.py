"""The options that the commands of ``ocsp signer`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cryptography import x509

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.parameters import Option
from ocsp.errors import ConfigError, SchemaError
from ocsp.guarded.certificates import parse_name
from ocsp.signers import SignerSpec

__all__ = [
    "Cert",
    "Issuer",
    "Key",
    "Overwrite",
    "PassphraseFile",
    "PinFile",
    "Subject",
    "Token",
    "as_path",
    "require_one",
    "signer_spec",
    "subject_name",
]

Issuer = Annotated[
    str, Option(metavar="FILE", help="Certificate of the CA, in PEM or DER.")
]
Cert = Annotated[str, Option(metavar="FILE", help="Certificate of the responder.")]
Key = Annotated[
    str | None,
    Option(metavar="FILE", help="Private key of the responder, in PEM or DER."),
]
Token = Annotated[
    str | None,
    Option(
        "--pkcs11",
        metavar="URI",
        help="Its key in a token, instead of --key (RFC 7512): "
        "pkcs11:token=LABEL;object=LABEL?module-path=FILE.",
    ),
]
PassphraseFile = Annotated[
    str | None,
    Option(metavar="FILE", help="File with the passphrase of --key, one line."),
]
PinFile = Annotated[
    str | None,
    Option(metavar="FILE", help="File with the PIN of the token, one line."),
]
Subject = Annotated[
    str | None,
    Option(metavar="NAME", help="Subject, such as 'CN=OCSP 2027,O=Example'."),
]
Overwrite = Annotated[
    bool, Option("--overwrite", help="Replace files that exist, also the key.")
]


def signer_spec(
    cert: str,
    key: str | None,
    token: str | None,
    passphrase_file: str | None,
    pin_file: str | None,
) -> SignerSpec:
    """
    Return the signer that the options describe.

    Raises:
        CommandError: If they do not fit together.
    """
    require_one("--key", key, "--pkcs11", token)
    try:
        return SignerSpec(
            certificate=Path(cert),
            key=as_path(key),
            pkcs11=token,
            passphrase_file=as_path(passphrase_file),
            pin_file=as_path(pin_file),
        )
    except ConfigError as error:
        raise CommandError(f"--{error.key.replace('_', '-')}", error.reason) from error


def as_path(name: str | None) -> Path | None:
    """Return the path of a file that an option names."""
    return None if name is None else Path(name)


def require_one(first: str, one: object, second: str, other: object) -> None:
    """
    Require that exactly one of two options is given.

    Raises:
        CommandError: If both are, or neither.
    """
    if (one is None) == (other is None):
        raise CommandError(first, f"give either {first} or {second}")


def subject_name(text: str) -> x509.Name:
    """
    Return the name in *text* (RFC 4514).

    Raises:
        CommandError: If it is not a name, or is empty.
    """
    try:
        name = parse_name(text)
    except SchemaError as error:
        raise CommandError(
            "--subject", f"{text!r} is not a name", "such as CN=Responder,O=Example"
        ) from error
    if not list(name):
        raise CommandError("--subject", "is empty", "such as CN=Responder,O=Example")
    return name
