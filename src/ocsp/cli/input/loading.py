"""
Load messages in any encoding, and certificates in PEM, DER or PKCS #7.

* The encoding is detected from the content, never from the file name.
* A message in text form is PEM, base64 (also URL-safe, wrapped, without padding,
  percent-encoded, or the whole URL of a GET, RFC 6960 App. A.1), or hexadecimal.
* A file is read up to the size limit of its content, so that a wrong file costs little.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ocsp import limits
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name
from ocsp.asn1.names import name_text
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.render.console import warn
from ocsp.errors import DecodeError, SchemaError, UnreadableFile
from ocsp.guarded.files import read_descriptor, read_file, read_stream
from ocsp.inspection.file_kinds import hint_for_kind, kind_of
from ocsp.inspection.raw_message import Kind, RawMessage, read_raw_message
from ocsp.later import x509
from ocsp.messages.message import EncodingRules
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.responses.response import (
    OCSPResponse,
    load_received_response,
)

__all__ = [
    "STANDARD_INPUT",
    "load_cas",
    "load_certificate",
    "load_certificates",
    "load_issuer",
    "load_request",
    "load_response",
    "place",
    "read_message",
    "read_octets",
    "require_kind",
    "spooled",
    "unwrap",
]

STANDARD_INPUT = "-"

_DESCRIPTOR = re.compile(r"/dev/stdin|/dev/fd/([0-9]{1,9})|/proc/self/fd/([0-9]{1,9})")
"""The names of the open files of this process."""

_MAX_TEXT_FACTOR = 4
"""Octets of text per octet of message: hexadecimal with colons takes three."""


def read_octets(source: str, maximum: int) -> bytes:
    """
    Return the content of the file *source*, or of standard input for ``-``.

    Only regular files are read, and what the caller of the process has opened: standard
    input and ``/dev/fd/N``, with which shells pass the output of a command.

    Raises:
        CommandError: If it cannot be read, is empty, or is larger than *maximum*.
    """
    where = place(source)
    descriptor = _DESCRIPTOR.fullmatch(source)
    try:
        if source == STANDARD_INPUT:
            if sys.stdin is None:
                raise CommandError(where, "is closed")
            data = read_stream(sys.stdin.buffer, where, maximum)
        elif descriptor:
            number = descriptor[1] or descriptor[2] or 0
            data = read_descriptor(int(number), where, maximum)
        else:
            data = read_file(source, maximum)
    except UnreadableFile as error:
        raise CommandError(where, error.reason) from error
    if not data:
        is_file = source != STANDARD_INPUT and not descriptor
        hint = "" if is_file else "it can be read only once"
        raise CommandError(where, "is empty", hint)
    return data


@contextmanager
def spooled(source: str) -> Iterator[str]:
    """
    Return the name of a file with the content of *source* until the block ends.

    It is *source* itself, or for ``-`` a temporary file: a file can be read twice, and
    standard input cannot.

    Raises:
        CommandError: If standard input is closed.
    """
    if source != STANDARD_INPUT:
        yield source
        return
    if sys.stdin is None:
        raise CommandError(place(source), "is closed")
    # Needed only here, and slow to import.
    import shutil
    import tempfile

    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield copy.name


def place(source: str) -> str:
    """Return the name of *source* for an error message."""
    return "standard input" if source == STANDARD_INPUT else source


def read_message(source: str) -> RawMessage:
    """
    Return the message in the file *source*, or on standard input for ``-``.

    Raises:
        CommandError: If it cannot be read, or its encoding is not known.
    """
    data = read_octets(source, limits.MAX_MESSAGE_BYTES * _MAX_TEXT_FACTOR)
    message = unwrap(data, place(source))
    kind = kind_of(message.der)
    if kind is not None and "OCSP" not in kind:
        raise CommandError(place(source), f"is {kind}, not an OCSP message")
    return message


def unwrap(data: bytes, where: str) -> RawMessage:
    """
    Return the message in *data*, and detect its encoding.

    Raises:
        CommandError: If *data* is text, but not PEM, base64 or hexadecimal.
    """
    try:
        return read_raw_message(data)
    except SchemaError as error:
        raise CommandError(where, error.reason) from error


def load_response(source: str) -> OCSPResponse:
    """
    Return the response in the file *source*, in any encoding.

    Raises:
        CommandError: If the file cannot be read, or is not a response.
    """
    message = read_message(source)
    require_kind(message, "response", source)
    try:
        return load_received_response(message.der, encoding=EncodingRules.TOLERANT)
    except DecodeError as error:
        raise CommandError(
            place(source), f"is not an OCSP response: {error}"
        ) from error


def load_request(source: str) -> OCSPRequest:
    """
    Return the request in the file *source*, in any encoding.

    Raises:
        CommandError: If the file cannot be read, or is not a request, or its
            extensions cannot be decoded.
    """
    message = read_message(source)
    require_kind(message, "request", source)
    try:
        request = load_der_ocsp_request(
            message.der, allow_multiple=True, encoding=EncodingRules.TOLERANT
        )
        request.extensions  # noqa: B018 - decoded here, to be rejected here
    except (DecodeError, x509.DuplicateExtension) as error:
        raise CommandError(place(source), f"is not an OCSP request: {error}") from error
    return request


def require_kind(message: RawMessage, wanted: Kind, source: str) -> None:
    """
    Check that *message* is not a message of the other kind.

    Raises:
        CommandError: If it can be read as one.
    """
    kind = kind_of(message.der)
    if kind is not None and not kind.endswith(wanted):
        raise CommandError(place(source), f"is {kind}, not an OCSP {wanted}")


def load_certificates(
    source: str, *, first_needed: bool = True
) -> list[x509.Certificate]:
    """
    Return the certificates in the file *source*: in PEM, DER or PKCS #7.

    Certificates that cannot be read are skipped; the first one only if it is not
    needed, as in a file of possible issuers.

    Raises:
        CommandError: If it cannot be read, or contains no certificate.
    """
    # A command that reads messages only needs nothing of the client.
    from ocsp.client.certificate_files import load_certificates as read_certificates

    data = read_octets(source, limits.MAX_CERTIFICATE_FILE_BYTES)
    try:
        certificates = read_certificates(data, first_needed=first_needed)
    except SchemaError as error:
        kind = kind_of(data)
        if kind in {None, "a certificate", "a PKCS #7 file"}:
            raise CommandError(place(source), error.reason) from error
        raise CommandError(
            place(source), f"is {kind}, not a certificate", hint_for_kind(str(kind))
        ) from error
    return certificates


def load_cas(source: str) -> list[x509.Certificate]:
    """
    Return the certificates of CAs in the file *source*, without the others.

    For what an operator keeps or serves. A command that verifies leaves it to the
    rules of the verification what an issuer has to be.

    Raises:
        CommandError: If it cannot be read, or contains no certificate of a CA.
    """
    # A command that reads messages only needs nothing of signatures.
    from ocsp.signing.issued import why_no_ca

    certificates = load_certificates(source, first_needed=False)
    found = [each for each in certificates if not why_no_ca(each)]
    if not found:
        name = name_text(name_of_subject(certificates[0]))
        raise CommandError(
            place(source),
            f"{name} {why_no_ca(certificates[0])}",
            "give the certificate of the CA that issues the certificates",
        )
    return found


def load_certificate(source: str) -> x509.Certificate:
    """
    Return the first certificate in the file *source*.

    Raises:
        CommandError: If it cannot be read, or contains no certificate.
    """
    return load_certificates(source)[0]


def load_issuer(
    source: str, certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """
    Return the certificate in *source* whose subject is the issuer of *certificates*.

    The file may contain several certificates, as the chain file of a server does;
    without *certificates* the first is returned. Several can have the right name, for
    example after the CA has renewed its key: the one that has signed all *certificates*
    is returned, or else the first, with a warning. Nothing else is checked.

    Raises:
        CommandError: If no certificate has that name, or *certificates* have different
            issuers.
    """
    # A command that reads messages only needs nothing of signatures.
    from ocsp.signing.issued import is_issued_by

    candidates = load_certificates(source, first_needed=False)
    if not certificates:
        return candidates[0]
    wanted, *others = map(name_of_issuer, certificates)
    if not all(same_name(wanted, other) for other in others):
        raise CommandError("--cert", "the certificates have different issuers")
    named = [each for each in candidates if same_name(wanted, name_of_subject(each))]
    if not named:
        raise CommandError(
            place(source),
            f"is the certificate of {name_text(name_of_subject(candidates[0]))}",
            f"--cert was issued by {name_text(wanted)}",
        )
    for candidate in named:
        if all(is_issued_by(certificate, candidate) for certificate in certificates):
            return candidate
    warn(f"{place(source)}: no key of {name_text(wanted)} in it signed --cert")
    return named[0]
