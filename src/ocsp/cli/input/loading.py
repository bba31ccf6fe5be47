"""
Load messages in any encoding, and certificates in PEM, DER or PKCS #7.

* The encoding is detected from the content, never from the file name.
* A message in text form is PEM, base64 (also URL-safe, wrapped, without padding,
  percent-encoded, or the whole URL of a GET, RFC 6960 App. A.1), or hexadecimal.
* A file is read up to the size limit of its content, so that a wrong file costs little.
"""

from __future__ import annotations

import base64
import re
import sys
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from ocsp import limits
from ocsp.asn1.der import SEQUENCE, content
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name
from ocsp.asn1.names import name_text
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.file_kinds import hint_for_kind, kind_of
from ocsp.cli.render.console import warn
from ocsp.client.certificate_files import load_certificates as read_certificates
from ocsp.errors import DecodeError, SchemaError, UnreadableFile
from ocsp.guarded.files import read_descriptor, read_file, read_stream
from ocsp.messages.message import Encoding, EncodingRules
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.responses.response import (
    OCSPResponse,
    load_der_basic_ocsp_response,
    load_received_response,
)
from ocsp.signing.issued import is_issued_by

__all__ = [
    "STANDARD_INPUT",
    "Kind",
    "RawMessage",
    "load_certificate",
    "load_certificates",
    "load_issuer",
    "load_request",
    "load_response",
    "place",
    "read_message",
    "read_octets",
    "require_kind",
    "unwrap",
]

Kind = Literal["request", "response"]

STANDARD_INPUT = "-"

_DESCRIPTOR = re.compile(r"/dev/stdin|/dev/fd/([0-9]{1,9})|/proc/self/fd/([0-9]{1,9})")
"""The names of the open files of this process."""

_MAX_TEXT_FACTOR = 4
"""Octets of text per octet of message: hexadecimal with colons takes three."""

_MAX_URL = 8192
"""Characters of a URL, as servers accept them; longer text is not searched for a
message. A client sends requests above 255 octets by POST (RFC 9919 §6)."""

_PEM_KINDS: dict[str, Kind] = {"OCSP REQUEST": "request", "OCSP RESPONSE": "response"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """
    The DER of a message, and the encoding in which it was found.

    Attributes:
        der: The message; a bare BasicOCSPResponse with the response around it.

        wrapping: ``der``, ``pem``, ``base64``, ``url`` or ``hex``.

        kind: The type by its PEM label or its first field; not checked further.
    """

    der: bytes
    wrapping: str
    kind: Kind | None


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
    text = _as_text(data)
    if text is None:
        return _message(data, "der")
    if "-----BEGIN " in text:
        return _from_pem(text, where)
    for wrapping, attempt in (("hex", _from_hex), ("base64", _from_base64)):
        der = attempt(text)
        if der:
            return _message(der, wrapping)
    der = _from_url(text)
    if der:
        return _message(der, "url")
    raise CommandError(where, "is neither DER, PEM, base64 nor hexadecimal")


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


def _as_text(data: bytes) -> str | None:
    """Return *data* as text, or ``None`` if it has octets that no text has.

    Every DER message has such octets: tags and lengths below 0x20.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    printable = all(
        character.isprintable() or character in "\t\r\n" for character in text
    )
    return text.strip() if printable else None


def _from_pem(text: str, where: str) -> RawMessage:
    """Return the message in the first PEM block, in linear time."""
    _, _, block = text.partition("-----BEGIN ")
    label, _, rest = block.partition("-----")
    body, end, _ = rest.partition(f"-----END {label}-----")
    if not end:
        raise CommandError(where, "the PEM block has no matching END line")
    if label not in _PEM_KINDS:
        kind = kind_of(text.encode()) or f"a PEM {label}"
        raise CommandError(where, f"is {kind}, not an OCSP message")
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        raise CommandError(where, f"the PEM {label} is not base64: {error}") from error
    return RawMessage(der=der, wrapping="pem", kind=_PEM_KINDS[label])


def _from_hex(text: str) -> bytes:
    """Return the octets of hexadecimal *text*, or nothing.

    In hexadecimal a message starts with 30; in base64 it starts with M.
    """
    digits = re.sub(r"[\s:]", "", text).removeprefix("0x")
    if not digits.startswith("30"):
        return b""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _from_base64(text: str) -> bytes:
    """Return the octets of base64 *text*, or nothing if it is not a SEQUENCE."""
    if "%" in text and len(text) <= _MAX_URL:
        text = urllib.parse.unquote(text)
    letters = "".join(text.split())
    letters = letters.lstrip("/").rstrip("=").translate(_URL_SAFE)
    try:
        der = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError:
        return b""
    return der if der[:1] == bytes((SEQUENCE,)) else b""


_URL_SAFE = str.maketrans("-_", "+/")


def _from_url(text: str) -> bytes:
    """Return the message at the end of the URL *text*, or nothing.

    The URL of the responder comes first, and base64 can contain slashes. The message
    begins after the first slash from which the rest is exactly one SEQUENCE.
    """
    path = text if len(text) <= _MAX_URL else ""
    while "/" in path:
        _, _, path = path.partition("/")
        der = _from_base64(path)
        if der and _is_one_value(der):
            return der
    return b""


def _is_one_value(der: bytes) -> bool:
    try:
        _, stop = content(der, 0, len(der), SEQUENCE, "")
    except DecodeError:
        return False
    return stop == len(der)


def _message(der: bytes, wrapping: str) -> RawMessage:
    """Return the message *der*; a bare BasicOCSPResponse is put into a response."""
    try:
        basic = load_der_basic_ocsp_response(der, encoding=EncodingRules.TOLERANT)
    except DecodeError:
        return RawMessage(der=der, wrapping=wrapping, kind=_first_field(der))
    whole = basic.public_bytes(Encoding.DER)
    return RawMessage(der=whole, wrapping=wrapping, kind="response")


def _first_field(der: bytes) -> Kind | None:
    """Return the type: a response begins with responseStatus, an ENUMERATED."""
    if len(der) < 3 or der[0] != SEQUENCE:
        return None
    start = 2 + (der[1] & 0x7F if der[1] >= 0x80 else 0)
    kinds: dict[bytes, Kind] = {b"\x0a": "response", b"\x30": "request"}
    return kinds.get(der[start : start + 1])


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
