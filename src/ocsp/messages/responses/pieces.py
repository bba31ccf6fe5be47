"""
Read a response by pieces, most of which are known.

The responses that one program receives are made of few different pieces. The outer
headers follow from the size of the message. A CA uses one or two responder
identifiers, algorithms and certificates: these are looked up by their octets. Entries
and extensions are looked up by their shape (:mod:`ocsp.messages.shapes`). Only times,
serial numbers and the signature differ in each response.

A piece that is not known is read by the function of
:mod:`ocsp.messages.responses.basic_response` for it, and then remembered. A message
that is not a successful response in DER is left to the plain reader, which knows the
exact error. ``tests/property/test_pieces.py`` proves that both read the same.

All pieces are bounded in octets, and the work for a message is at most twice that of
the plain reader.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import (
    OCTET_STRING,
    SEQUENCE,
    content,
    encode_oid,
)
from ocsp.asn1.times import moments
from ocsp.messages.extensions import ExtensionLayouts, known_extensions
from ocsp.messages.responses.basic_response import (
    NO_CERTIFICATES,
    BasicResponseLayout,
    Certificates,
    Entries,
    Responder,
    SignatureHeader,
    read_certificates,
    read_responder,
    read_signature_header,
)
from ocsp.messages.responses.single_response import (
    SingleResponseLayout,
    read_single_response,
    single_response_at,
)
from ocsp.messages.shapes import Shapes, Values

__all__ = ["read_by_pieces"]


def _values_of_entry(layout: SingleResponseLayout) -> Values:
    cert_id = layout.cert_id
    extensions = [extension.value for extension in layout.extensions]
    others = [cert_id.name_hash, cert_id.key_hash, *layout.times, *extensions]
    return Values(cert_id.serial, others)


_responders: Final[BoundedCache[bytes, Responder]] = BoundedCache()
_entries: Final[Shapes[SingleResponseLayout]] = Shapes(_values_of_entry)
_headers: Final[BoundedCache[bytes, SignatureHeader]] = BoundedCache()
_certificates: Final[BoundedCache[bytes, Certificates]] = BoundedCache()
_TIME: Final = b"\x18\x0f"
"""The header of a GeneralizedTime."""


class _Unusual(Exception):
    """The plain reader has to read the message."""


def read_by_pieces(data: bytes) -> BasicResponseLayout | None:
    """Return the layout of *data*; ``None`` if the plain reader has to read it."""
    try:
        size = len(data)
        outer = _outer_headers(size)
        if not data.startswith(outer):
            return None
        tbs = len(outer)
        position, end = content(data, tbs, size, SEQUENCE, "")
        # responderID, and the header of producedAt
        length = data[position + 1]
        start = position + (length + 4 if length < 0x80 else data[position + 2] + 5)
        responder = _responders[data[position:start]]
        if responder is None:
            responder, start = _learn_responder(data, position, start, end)
        # producedAt
        position = start + 15
        _ = moments[data[start:position]]
        # responses and responseExtensions
        first, stop = content(data, position, end, SEQUENCE, "")
        only, entries = _read_entries(data, first, stop)
        extensions: ExtensionLayouts = ()
        if stop != end:
            extensions = known_extensions(data, stop, end, 1)
        # signatureAlgorithm, and the header of signature with the number of unused bits
        start = end + data[end + 1] + 2
        length = data[start + 1]
        start += 3 if length < 0x80 else length - 0x7D
        header = _headers[data[end:start]]
        if header is None:
            header, start = _learn_header(data, end, start, size)
        # certs
        start += header.length
        certs = NO_CERTIFICATES if start == size else _certificates[data[-MARK_BYTES:]]
        if certs is None or certs.octets != data[start:]:
            certs = _learn_certificates(data, start, size)
    except (ValueError, IndexError, _Unusual):
        return None
    return BasicResponseLayout(
        slice(tbs, end),
        responder,
        slice(position - 15, position),
        only,
        slice(first, stop),
        entries,
        extensions,
        header,
        certs,
    )


@lru_cache(maxsize=4096)
def _outer_headers(size: int) -> bytes:
    """
    Return all octets before tbsResponseData in a successful response of *size* octets.

    Each value up to BasicOCSPResponse ends with the message. The result is nothing that
    a message begins with if the size exceeds a limit, or no value has this size.
    """
    if size > limits.MAX_MESSAGE_BYTES or limits.MAX_ENTRIES < 1:
        return _NOTHING
    headers = b""
    for tag, content_before in _OUTER:
        header = _header(tag, size - len(headers))
        if not header:
            return _NOTHING
        headers += header + content_before
    return headers


limits.when_changed(_outer_headers.cache_clear)

_NOTHING: Final = b"\x00"
_OUTER: Final = (
    (SEQUENCE, b"\x0a\x01\x00"),  # OCSPResponse: responseStatus is successful
    (0xA0, b""),
    (SEQUENCE, encode_oid(oids.OCSP_BASIC)),  # ResponseBytes: responseType
    (OCTET_STRING, b""),
    (SEQUENCE, b""),  # BasicOCSPResponse
)
"""The values around tbsResponseData: the tag, and what comes before the next value."""


def _header(tag: int, size: int) -> bytes:
    """Return the header of a value that takes *size* octets; empty if there is none."""
    shortest = 0
    for octets in range(4):  # those of the length, if the first is not the length
        length, most = size - 2 - octets, (1 << 8 * octets) - 1 if octets else 0x7F
        if shortest <= length <= most:
            if octets == 0:
                return bytes((tag, length))
            return bytes((tag, 0x80 | octets)) + length.to_bytes(octets)
        shortest = most + 1
    return b""


def _learn_responder(
    data: bytes, position: int, expected: int, end: int
) -> tuple[Responder, int]:
    """Return responderID at *position*, and where the text of producedAt begins."""
    responder, start = read_responder(data, position, end)
    if data[start : start + 2] != _TIME:
        raise _Unusual
    start += 2
    if start == expected:
        _responders.keep(data[position:start], responder, 2 * (start - position))
    return responder, start


def _read_entries(
    data: bytes, position: int, stop: int
) -> tuple[SingleResponseLayout | None, Entries]:
    """
    Return the entries from *position* to *stop*, or the layout of the only one.

    Raises:
        DecodeError: If the structure of one is wrong.
        ValueError: If a time is not valid.
    """
    ders: list[bytes] = []
    layouts: list[SingleResponseLayout] = []
    while position < stop:
        start, after = position, position + data[position + 1] + 2
        if after - start >= 0x82:
            _, after = content(data, start, stop, SEQUENCE, "")
        entry = data[start:after]
        layout = _entries.find(entry)
        if layout is None:
            layout = read_single_response(entry)
            _entries.learn(entry, layout)
        ders.append(entry)
        layouts.append(layout)
        position = after
    if position != stop or len(ders) > limits.MAX_ENTRIES:
        raise _Unusual
    if len(ders) != 1:
        return None, tuple(map(single_response_at, ders, layouts))
    only = layouts[0]
    for time in only.times:
        _ = moments[ders[0][time]]
    return only, ()


def _learn_header(
    data: bytes, position: int, expected: int, end: int
) -> tuple[SignatureHeader, int]:
    """Return what is before the signature, and where the signature begins."""
    header = read_signature_header(data, position, end)
    start = position + header.size
    if start == expected and data[start - 1] == 0:  # else its last octet has fixed bits
        _headers.keep(data[position:start], header, 3 * header.size)
    return header, start


def _learn_certificates(data: bytes, position: int, end: int) -> Certificates:
    """
    Return certs from *position* to *end*.

    Raises:
        DecodeError: If its structure is wrong.
    """
    certs = read_certificates(data, position, end)
    if certs.unreadable:  # their errors contain positions in this message
        for unreadable in certs.unreadable:
            unreadable.under("responseBytes")
        return certs
    octets = 2 * (end - position) + _CERTIFICATE_BYTES * len(certs.readable)
    return _certificates.keep(data[-MARK_BYTES:], certs, octets)


MARK_BYTES: Final = 32
"""
Octets at the end of certs that are looked up; then all octets are compared. They are
the end of a signature, so they differ for each certificate. To look up all octets would
take longer than to read the rest of the message.
"""

_CERTIFICATE_BYTES: Final = 1024
"""Octets that an object for a certificate takes besides its DER."""
