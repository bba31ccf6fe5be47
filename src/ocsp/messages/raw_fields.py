"""
What the API leaves out of a message that has been loaded: each part by itself.

The documented API decodes a list of extensions as a whole, and raises where one of
them cannot be decoded or stands there twice; an empty list is to it as none. Tools that
show messages, or judge how they are written, have to see those as well.

Rules of this file: structure was checked when loading, so every step is by position
(RFC 6960 §4.1.1 and §4.2.1); nothing is decoded.
"""

from __future__ import annotations

from typing import NamedTuple

from ocsp.asn1.der import BOOLEAN, any_value, oid_text

__all__ = [
    "RawExtension",
    "RequestParts",
    "ResponseParts",
    "certificate_extensions",
    "has_response_bytes",
    "request_parts",
    "response_parts",
]

_REQUESTOR_NAME = 0xA1
_REQUEST_EXTENSIONS = 0xA2
_SINGLE_REQUEST_EXTENSIONS = 0xA0
_RESPONSE_EXTENSIONS = 0xA1
_SINGLE_EXTENSIONS = 0xA1
_CERTIFICATE_EXTENSIONS = 0xA3


class RawExtension(NamedTuple):
    """
    One extension, undecoded.

    Attributes:
        oid: extnID, dotted.

        critical: Whether it is marked so.

        value: The content of extnValue.
    """

    oid: str
    critical: bool
    value: bytes


class RequestParts(NamedTuple):
    """
    The parts of a request that the API does not give one by one.

    Attributes:
        requestor: The DER of the GeneralName, or ``None``.

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
    The parts of a response that the API does not give one by one.

    Attributes:
        extensions: responseExtensions, or ``None`` where absent.

        entries: singleExtensions of each entry, or ``None`` where absent.

        certs: Whether the field is there, be it empty.
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
            extensions = _extensions(content)
        else:
            entries = [
                _tagged(_values(entry.content)[1:], _SINGLE_REQUEST_EXTENSIONS) or []
                for entry in _values(content)
            ]
    return RequestParts(requestor, extensions, entries, bool(signature))


def response_parts(der: bytes) -> ResponseParts:
    """Return the parts of the loaded and successful response *der*."""
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
    """Tell whether the loaded response *der* has more than its status."""
    (whole,) = _values(der)
    return len(_values(whole.content)) > 1


def certificate_extensions(tbs: bytes) -> list[RawExtension]:
    """
    Return the extensions of the TBSCertificate *tbs*, which ``cryptography`` has read.

    It gives all of them or none, and none where a single one has a wrong value.
    """
    (whole,) = _values(tbs)
    return _tagged(_values(whole.content), _CERTIFICATE_EXTENSIONS) or []


def _tagged(values: list[_Value], tag: int) -> list[RawExtension] | None:
    """Return the extensions under *tag*, if the field is there."""
    for value in values:
        if value.tag == tag:
            return _extensions(value.content)
    return None


def _extensions(content: bytes) -> list[RawExtension]:
    (whole,) = _values(content)
    return [_extension(each.content) for each in _values(whole.content)]


def _extension(content: bytes) -> RawExtension:
    identifier, *flag, value = _values(content)
    critical = any(each.tag == BOOLEAN for each in flag)
    return RawExtension(oid_text(identifier.content), critical, value.content)


def _values(data: bytes) -> list[_Value]:
    """Return the values that fill *data*, one after the other."""
    values = []
    position = 0
    while position < len(data):
        tag, start, position = any_value(data, position, len(data), "")
        values.append(_Value(tag, data[start:position]))
    return values
