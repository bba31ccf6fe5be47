"""
``ocsp signer request`` and ``ocsp signer issue``: the key and the first certificate.

A CA with its key elsewhere gets the request; a CA with its key at hand issues at once.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import click
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.commands.signer.options import (
    Issuer,
    Overwrite,
    PassphraseFile,
    PinFile,
    Subject,
    Token,
    as_path,
    require_one,
    subject_name,
)
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.loading import load_certificate, place, read_octets
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import require_output
from ocsp.errors import ConfigError, DecodeError
from ocsp.guarded.certificates import load_request, subject_of
from ocsp.guarded.files import why_no_directory
from ocsp.guarded.pem import der_blocks
from ocsp.inspection.file_kinds import kind_of
from ocsp.inspection.vocabulary import one_line
from ocsp.pkcs11.key_uri import KeyURI
from ocsp.pkcs11.private_key import generate_key, open_private_key
from ocsp.signers.enrolment import (
    NewKeyKind,
    issue_delegate,
    make_request,
    new_key,
    private_key_pem,
    refuse_existing,
    requested_key,
    write_public,
    write_secret,
)
from ocsp.signers.loading import read_passphrase, read_pin, read_private_keys

__all__ = ["issue", "request"]

REQUEST = epilog(
    {
        "ocsp signer request --key responder.key --out responder.csr "
        "--subject 'CN=OCSP 2027,O=Example'": "make a key and a request",
        "ocsp signer request --out responder.csr --subject 'CN=OCSP 2027' "
        "--pin-file pin "
        "--pkcs11 'pkcs11:token=hsm;object=ocsp?module-path=/usr/lib/hsm.so'": (
            "make the key in a token"
        ),
    }
)
ISSUE = epilog(
    {
        "ocsp signer issue --issuer ca.pem --issuer-key ca.key --key responder.key "
        "--cert responder.pem --subject 'CN=OCSP 2027'": "make a key and issue at once",
        "ocsp signer issue --issuer ca.pem --issuer-key ca.key --request responder.csr "
        "--cert responder.pem --days 30": "issue for a request",
    }
)

_OUTPUT = "-"

_OPTIONS = {
    "days": "--days",
    "issuer": "--issuer",
    "issuer key": "--issuer-key",
    "subject": "--subject",
}
"""The option that an error of :func:`issue_delegate` is about."""

_REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")

KeyFile = Annotated[
    str | None,
    Option("--key", metavar="FILE", help="File for the new private key."),
]
Kind = Annotated[
    NewKeyKind,
    Option(
        metavar="KIND",
        help=f"Kind of the new key: {', '.join(each.value for each in NewKeyKind)}. "
        "A token has the kinds p256, p384 and rsa.",
    ),
]
_CURVES = {NewKeyKind.P256: "secp256r1", NewKeyKind.P384: "secp384r1"}
_BITS = {NewKeyKind.RSA2048: 2048, NewKeyKind.RSA3072: 3072, NewKeyKind.RSA4096: 4096}


@helped_by(REQUEST)
def request(
    out: Annotated[
        str,
        Option(metavar="FILE", help="File for the request, in PEM; - for the output."),
    ],
    subject: Annotated[
        str,
        Option(metavar="NAME", help="Subject, such as 'CN=OCSP 2027,O=Example'."),
    ],
    key: KeyFile = None,
    pkcs11: Token = None,
    kind: Kind = NewKeyKind.P256,
    passphrase_file: PassphraseFile = None,
    pin_file: PinFile = None,
    reuse_key: Annotated[
        bool, Option("--reuse-key", help="Use the key that exists.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """
    Make a key and a certificate request, for a CA to sign.

    The request asks for the profile of a delegated responder (RFC 9919 section 3.2.2).
    """
    require_one("--key", key, "--pkcs11", pkcs11)
    secrets = {"--passphrase-file": passphrase_file, "--pin-file": pin_file}
    if reuse_key:
        _require_separate({"--out": out}, {"--key": key, **secrets})
    else:
        _require_separate({"--out": out, "--key": key}, secrets)
    name = subject_name(subject)
    _require_place("--out", out, overwrite=overwrite)
    if pkcs11 is not None:
        with _token_key(pkcs11, pin_file, None if reuse_key else kind) as in_token:
            asked = make_request(in_token, name)
    elif key is not None:
        passphrase = read_passphrase(as_path(passphrase_file))
        if reuse_key:
            own = read_private_keys(Path(key), passphrase)[0]
        else:
            own = _make_key(Path(key), kind, passphrase, overwrite=overwrite)
        asked = make_request(own, name)
    _write(out, asked, f"request for {subject}", overwrite=overwrite)


@helped_by(ISSUE)
def issue(
    issuer: Issuer,
    cert: Annotated[
        str,
        Option(
            metavar="FILE", help="File for the certificate, in PEM; - for the output."
        ),
    ],
    issuer_key: Annotated[
        str | None,
        Option(metavar="FILE", help="Private key of the CA, in PEM or DER."),
    ] = None,
    issuer_pkcs11: Annotated[
        str | None,
        Option(metavar="URI", help="Its key in a token, instead (RFC 7512)."),
    ] = None,
    issuer_passphrase_file: Annotated[
        str | None,
        Option(metavar="FILE", help="File with the passphrase of --issuer-key."),
    ] = None,
    issuer_pin_file: Annotated[
        str | None,
        Option(metavar="FILE", help="File with the PIN of --issuer-pkcs11."),
    ] = None,
    request_file: Annotated[
        str | None,
        Option(
            "--request", metavar="FILE", help="Request of the responder, PEM or DER."
        ),
    ] = None,
    key: KeyFile = None,
    kind: Kind = NewKeyKind.P256,
    passphrase_file: PassphraseFile = None,
    subject: Subject = None,
    days: Annotated[
        int, Option(metavar="DAYS", help="How long the certificate is valid.")
    ] = 90,
    overwrite: Overwrite = False,
) -> None:
    """
    Issue the certificate of a delegated responder with the key of the CA.

    For the key in a request, or for a new key. What clients would reject is not issued.
    """
    require_one("--issuer-key", issuer_key, "--issuer-pkcs11", issuer_pkcs11)
    require_one("--request", request_file, "--key", key)
    _require_separate(
        {"--cert": cert, "--key": key},
        {
            "--issuer": issuer,
            "--issuer-key": issuer_key,
            "--issuer-passphrase-file": issuer_passphrase_file,
            "--issuer-pin-file": issuer_pin_file,
            "--request": request_file,
            "--passphrase-file": passphrase_file,
        },
    )
    _require_place("--cert", cert, overwrite=overwrite)
    ca = load_certificate(issuer)
    own = None
    if request_file is not None:
        asked = _load_request(request_file)
        public, name = requested_key(asked), subject_of(asked)
    else:
        if subject is None:
            raise CommandError("--subject", "is needed for a new key", "CN=Responder")
        if key is not None and not overwrite:
            _require_free("--key", Path(key))
        own, name = new_key(kind), subject_name(subject)
        public = own.public_key()
    if subject is not None:
        name = subject_name(subject)
    with _issuer_key(
        issuer_key, issuer_passphrase_file, issuer_pkcs11, issuer_pin_file
    ) as ca_key:
        now = datetime.datetime.now(datetime.UTC)
        try:
            issued = issue_delegate(ca, ca_key, public, name, days=days, now=now)
        except ConfigError as error:
            where = _OPTIONS.get(error.key, error.key)
            raise CommandError(where, error.reason) from error
    if own is not None and key is not None:
        pem = private_key_pem(own, read_passphrase(as_path(passphrase_file)))
        write_secret(Path(key), pem, overwrite=overwrite)
    _write(cert, issued, _description(issued), overwrite=overwrite)


def _write(
    file: str,
    made: x509.Certificate | x509.CertificateSigningRequest,
    description: str,
    *,
    overwrite: bool,
) -> None:
    """Write what was made to *file*, and say so; or to standard output."""
    if file == _OUTPUT:
        click.echo(made.public_bytes(Encoding.PEM).decode(), nl=False)
        return
    write_public(Path(file), made, overwrite=overwrite)
    click.echo(one_line(f"{file}: {description}"))


def _description(certificate: x509.Certificate) -> str:
    name = name_text(name_of_subject(certificate))
    return f"{name}, until {validity_of(certificate)[1]:%Y-%m-%d}"


def _make_key(
    path: Path, kind: NewKeyKind, passphrase: bytes | None, *, overwrite: bool
) -> CertificateIssuerPrivateKeyTypes:
    if not overwrite:
        _require_free("--key", path, "--reuse-key makes a request for it, ")
    own = new_key(kind)
    write_secret(path, private_key_pem(own, passphrase), overwrite=overwrite)
    return own


def _require_separate(
    written: Mapping[str, str | None], read: Mapping[str, str | None]
) -> None:
    """
    Require that each file that is written is no other file of the command.

    Its content would be lost: the key of the CA, or the new key under its certificate.
    """
    for option, file in written.items():
        for other, another in {**read, **written}.items():
            if option != other and _is_same_file(file, another):
                raise CommandError(
                    option, f"{file} is the file of {other} too", "name another file"
                )


def _is_same_file(one: str | None, other: str | None) -> bool:
    if one is None or other is None or _OUTPUT in {one, other}:
        return False
    return os.path.realpath(one) == os.path.realpath(other)


def _require_place(option: str, file: str, *, overwrite: bool) -> None:
    """Require that *file* can be written, before a key is made."""
    if file == _OUTPUT:
        require_output()
        return
    if reason := why_no_directory(file):
        raise CommandError(option, reason)
    if not overwrite:
        _require_free(option, Path(file))


def _require_free(option: str, path: Path, hint: str = "") -> None:
    """Require that no file has this name."""
    try:
        refuse_existing(path)
    except ConfigError as error:
        hint = f"{hint}--overwrite replaces it"
        raise CommandError(option, f"{path} exists", hint) from error


@contextlib.contextmanager
def _token_key(
    text: str, pin_file: str | None, kind: NewKeyKind | None
) -> Iterator[CertificateIssuerPrivateKeyTypes]:
    """Give the key in a token; make it first if *kind* is given."""
    uri, pin = KeyURI.parse(text), read_pin(as_path(pin_file))
    if kind is not None:
        if kind not in {*_CURVES, *_BITS}:
            raise CommandError("--kind", f"{kind.value} is not a kind for tokens")
        generate_key(uri, pin, curve=_CURVES.get(kind, ""), bits=_BITS.get(kind, 0))
    with open_private_key(uri, pin) as key:
        yield key


@contextlib.contextmanager
def _issuer_key(
    path: str | None, passphrase_file: str | None, token: str | None, pin: str | None
) -> Iterator[CertificateIssuerPrivateKeyTypes]:
    if token is not None:
        with _token_key(token, pin, None) as key:
            yield key
    elif path is not None:
        try:
            passphrase = read_passphrase(as_path(passphrase_file))
            key = read_private_keys(Path(path), passphrase)[0]
        except ConfigError as error:
            option = "--issuer-passphrase-file"
            reason = error.reason.replace("passphrase_file", option)
            where = "--issuer-key" if error.key == "key" else option
            raise CommandError(where, reason) from error
        yield key


def _load_request(source: str) -> x509.CertificateSigningRequest:
    data = read_octets(source, limits.MAX_CERTIFICATE_FILE_BYTES)
    try:
        return load_request(der_blocks(data, *_REQUEST_LABELS)[0])
    except DecodeError as error:
        kind = kind_of(data)
        is_other = kind is not None and kind != "a certificate request (CSR)"
        what = f"is {kind}, not a certificate request" if is_other else str(error)
        raise CommandError(place(source), what) from error
