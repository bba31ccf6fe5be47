"""
``ocsp request``: write a request for one or more certificates. Nothing is sent.

The defaults are SHA-256 and no nonce, as in RFC 9919 §3.1.1, so that a cache can answer
the request.
"""

from __future__ import annotations

import base64
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.arguments import parse_serial
from ocsp.cli.input.loading import (
    STANDARD_INPUT,
    load_certificate,
    load_issuer,
)
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import note, plain, require_output
from ocsp.client.checking.urls import readable_responder_urls
from ocsp.guarded.files import why_no_directory
from ocsp.http import get_url
from ocsp.inspection.vocabulary import SERIAL_FORMS
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.requests.request_builder import OCSPRequestBuilder

__all__ = ["Format", "HashName", "request"]

HELP = """Write a request for the status of certificates. Nothing is sent.

Repeat --cert or --serial for a request about several certificates of one issuer."""

EPILOG = epilog(
    {
        "ocsp request --cert leaf.pem --issuer ca.pem --out request.der": "write DER",
        "ocsp request --cert leaf.pem --issuer ca.pem --format url": (
            "print the URL to GET, at the responder that the certificate names"
        ),
        "ocsp request --serial 0x1f2e --issuer ca.pem --hash sha1 | ocsp inspect": (
            "ask by serial number, with SHA-1 for an old responder"
        ),
    }
)

NONCE_OCTETS = 32
"""RFC 9654 §2.1: a requester SHOULD send a nonce of at least 32 octets."""


class HashName(StrEnum):
    """The hash algorithm of the CertID."""

    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Format(StrEnum):
    """The output formats."""

    DER = "der"
    PEM = "pem"
    BASE64 = "base64"
    URL = "url"


_HASHES: dict[HashName, hashes.HashAlgorithm] = {
    HashName.SHA1: hashes.SHA1(),
    HashName.SHA224: hashes.SHA224(),
    HashName.SHA256: hashes.SHA256(),
    HashName.SHA384: hashes.SHA384(),
    HashName.SHA512: hashes.SHA512(),
}


@helped_by(EPILOG, HELP)
def request(
    issuer: Annotated[str, Option(metavar="FILE", help="Certificate of the issuer.")],
    cert: Annotated[
        list[str] | None,
        Option(metavar="FILE", help="A certificate to ask about; repeatable."),
    ] = None,
    serial: Annotated[
        list[str] | None,
        Option(metavar="NUMBER", help=f"A serial number: {SERIAL_FORMS}; repeatable."),
    ] = None,
    hash_name: Annotated[
        HashName,
        Option("--hash", metavar="NAME", help="CertID hash: sha1, sha224, ... sha512."),
    ] = HashName.SHA256,
    nonce: Annotated[
        bool,
        Option(
            "--nonce/--no-nonce",
            help="Add a nonce of 32 random octets; no cache can answer.",
        ),
    ] = False,
    form: Annotated[
        Format,
        Option("--format", metavar="der|pem|base64|url", help="Output format."),
    ] = Format.DER,
    url: Annotated[
        str | None,
        Option(
            metavar="URL",
            help="Responder URL for --format url. Default: the certificate's.",
        ),
    ] = None,
    out: Annotated[
        str, Option(metavar="FILE", help="Output file; - for standard output.")
    ] = STANDARD_INPUT,
) -> None:
    """Build the request and write it."""
    certificates = [load_certificate(each) for each in cert or ()]
    authority = load_issuer(issuer, certificates)
    ids = list(_cert_ids(certificates, serial or (), authority, _HASHES[hash_name]))
    if not ids:
        raise CommandError(
            "ocsp request", "no certificate given", "use --cert or --serial"
        )
    built = _build(ids, with_nonce=nonce)
    urls = readable_responder_urls(certificates[0]) if certificates else ()
    address = url or next(iter(urls), None)
    data = _written(built, form, address)
    _write(data, out, form)
    if form is not Format.URL:
        _suggest_commands(address, form, out)


def _cert_ids(
    certificates: Sequence[x509.Certificate],
    serials: Sequence[str],
    issuer: x509.Certificate,
    algorithm: hashes.HashAlgorithm,
) -> Iterator[CertID]:
    for certificate in certificates:
        yield CertID.for_certificate(certificate, issuer, algorithm)
    for serial in serials:
        yield CertID.for_serial(issuer, parse_serial(serial), algorithm)


def _build(ids: Sequence[CertID], *, with_nonce: bool) -> OCSPRequest:
    builder = OCSPRequestBuilder(allow_multiple=True)
    for cert_id in ids:
        builder = builder.add_certificate_by_id(cert_id)
    if with_nonce:
        # RFC 9654 §3: the nonce must come from an unpredictable source.
        builder = builder.add_extension(
            x509.OCSPNonce(os.urandom(NONCE_OCTETS)), critical=False
        )
    return builder.build()


def _written(built: OCSPRequest, form: Format, address: str | None) -> bytes:
    der = built.public_bytes(Encoding.DER)
    text = base64.b64encode(der).decode()
    match form:
        case Format.DER:
            return der
        case Format.BASE64:
            return f"{text}\n".encode()
        case Format.PEM:
            lines = [text[at : at + 64] for at in range(0, len(text), 64)]
            label = "OCSP REQUEST"
            body = "\n".join(lines)
            return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
        case Format.URL:
            return f"{_url(der, address)}\n".encode()


def _url(der: bytes, address: str | None) -> str:
    if address is None:
        raise CommandError(
            "--format url",
            "no responder URL in the certificate",
            "give one with --url",
        )
    return get_url(address, der)


def _write(data: bytes, out: str, form: Format) -> None:
    if out == STANDARD_INPUT:
        require_output()
        if form is Format.DER and sys.stdout.isatty():
            raise CommandError(
                "standard output",
                "is a terminal, and DER is binary data",
                "use --out FILE or --format pem",
            )
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(out).write_bytes(data)
    except OSError as error:
        reason = why_no_directory(out) or error.strerror or str(error)
        raise CommandError(out, reason) from error


def _suggest_commands(address: str | None, form: Format, out: str) -> None:
    """Show how to inspect and send a request that was written to a file."""
    if form is not Format.DER or out == STANDARD_INPUT:
        return
    file = plain(shlex.quote(out))
    target = plain(shlex.quote(address or "http://RESPONDER"))
    note(
        f"[quiet]inspect:[/quiet] [command]ocsp inspect {file}[/command]",
        "[quiet]send:[/quiet]    [command]curl -sS --data-binary "
        f"@{file} -H 'Content-Type: application/ocsp-request' "
        f"{target} | ocsp inspect[/command]",
    )
