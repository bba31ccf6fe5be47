"""
The undecoded parts of a message, for the linter and ``ocsp inspect``.

The property ``extensions`` decodes a whole list: it raises if one extension cannot be
decoded or occurs twice, and returns the same for an empty list and an absent one. Tools
that show or lint a message need each extension by itself, and the difference.

Loading has checked the structure, so this module reads the fields by their position
(RFC 6960 §4.1.1 and §4.2.1). It decodes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from ocsp.asn1.der import any_value
from ocsp.asn1.extensions import RawExtension, read_extensions

__all__ = [
    "RequestParts",
    "ResponseParts",
    "has_response_bytes",
    "request_parts",
    "response_parts",
]

_REQUESTOR_NAME = 0xA1
_REQUEST_EXTENSIONS = 0xA2
_SINGLE_REQUEST_EXTENSIONS = 0xA0
_RESPONSE_EXTENSIONS = 0xA1
_SINGLE_EXTENSIONS = 0xA1


class RequestParts(NamedTuple):
    """
    The undecoded parts of a request.

    Attributes:
        requestor: The DER of requestorName, or ``None``.

        extensions: requestExtensions.

        entries: singleRequestExtensions of each entry.

        signed: Whether there is an optionalSignature.
    """

    requestor: bytes | None
    extensions: list[RawExtension]
    entries: list[list[RawExtension]]
    signed: bool


class ResponseParts(NamedTuple):
    """
    The undecoded parts of a response.

    Attributes:
        extensions: responseExtensions, or ``None`` if absent.

        entries: singleExtensions of each entry, or ``None`` if absent.

        certs: Whether the field certs is present, even if it is empty.
    """

    extensions: list[RawExtension] | None
    entries: list[list[RawExtension] | None]
    certs: bool


class _Value(NamedTuple):
    tag: int
    content: bytes


def request_parts(der: bytes) -> RequestParts:
    """Return the parts of the loaded request *der*."""
    (whole,) = _values(der)
    tbs, *signature = _values(whole.content)
    requestor = None
    extensions: list[RawExtension] = []
    entries: list[list[RawExtension]] = []
    for tag, content in _values(tbs.content):
        if tag == _REQUESTOR_NAME:
            requestor = content
        elif tag == _REQUEST_EXTENSIONS:
            extensions = list(read_extensions(content))
        else:
            entries = [
                _tagged(_values(entry.content)[1:], _SINGLE_REQUEST_EXTENSIONS) or []
                for entry in _values(content)
            ]
    return RequestParts(requestor, extensions, entries, bool(signature))


def response_parts(der: bytes) -> ResponseParts:
    """Return the parts of the response *der*, which is loaded and successful."""
    (whole,) = _values(der)
    _status, response_bytes = _values(whole.content)
    (typed,) = _values(response_bytes.content)
    _type, response = _values(typed.content)
    (basic,) = _values(response.content)
    tbs, _algorithm, _signature, *certs = _values(basic.content)
    _responder_id, _produced_at, responses, *rest = _values(tbs.content)
    entries = [
        # certID and certStatus come first, and *revoked* has the tag of extensions.
        _tagged(_values(entry.content)[2:], _SINGLE_EXTENSIONS)
        for entry in _values(responses.content)
    ]
    return ResponseParts(_tagged(rest, _RESPONSE_EXTENSIONS), entries, bool(certs))


def has_response_bytes(der: bytes) -> bool:
    """Return whether the loaded response *der* has responseBytes."""
    (whole,) = _values(der)
    return len(_values(whole.content)) > 1


def _tagged(values: list[_Value], tag: int) -> list[RawExtension] | None:
    """Return the extensions in the field with *tag*, or ``None`` if it is absent."""
    for value in values:
        if value.tag == tag:
            return list(read_extensions(value.content))
    return None


def _values(data: bytes) -> list[_Value]:
    """Return the values in *data*, which follow each other and fill it."""
    values = []
    position = 0
    while position < len(data):
        tag, start, position = any_value(data, position, len(data), "")
        values.append(_Value(tag, data[start:position]))
    return values
