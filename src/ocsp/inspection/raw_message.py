"""
Find the message in what a person has at hand: DER, PEM, base64, hexadecimal, or a URL.

The encoding is detected from the content. Text in base64 can be URL-safe, wrapped,
without padding, percent-encoded, or the whole URL of a GET (RFC 6960 App. A.1).
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from dataclasses import dataclass
from typing import Literal

from ocsp.asn1.der import SEQUENCE, content
from ocsp.errors import DecodeError, SchemaError
from ocsp.inspection.file_kinds import kind_of
from ocsp.messages.message import Encoding, EncodingRules
from ocsp.messages.responses.response import load_der_basic_ocsp_response

__all__ = ["Kind", "RawMessage", "read_raw_message"]

Kind = Literal["request", "response"]

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


def read_raw_message(data: bytes) -> RawMessage:
    """
    Return the message in *data*, and detect its encoding.

    Raises:
        SchemaError: If *data* is text, but not PEM, base64 or hexadecimal.
    """
    text = _as_text(data)
    if text is None:
        return _message(data, "der")
    if "-----BEGIN " in text:
        return _from_pem(text)
    for wrapping, attempt in (("hex", _from_hex), ("base64", _from_base64)):
        der = attempt(text)
        if der:
            return _message(der, wrapping)
    der = _from_url(text)
    if der:
        return _message(der, "url")
    raise SchemaError("is neither DER, PEM, base64 nor hexadecimal")


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


def _from_pem(text: str) -> RawMessage:
    """Return the message in the first PEM block, in linear time."""
    _, _, block = text.partition("-----BEGIN ")
    label, _, rest = block.partition("-----")
    body, end, _ = rest.partition(f"-----END {label}-----")
    if not end:
        raise SchemaError("the PEM block has no matching END line")
    if label not in _PEM_KINDS:
        kind = kind_of(text.encode()) or f"a PEM {label}"
        raise SchemaError(f"is {kind}, not an OCSP message")
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        raise SchemaError(f"the PEM {label} is not base64: {error}") from error
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
