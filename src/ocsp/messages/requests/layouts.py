"""
Find the layout of a request: by its shape, by its pieces, or with the plain reader.

Most requests that one program receives have one entry and no signature. Their octets
are equal outside of the hashes, the serial number and the nonce, so the shape of the
whole request (:mod:`ocsp.messages.shapes`) tells the layout. A request of another size
often has an entry and extensions of known shapes, with other lengths around them. The
plain reader reads all others, and knows the exact error.
"""

from __future__ import annotations

from ocsp import limits
from ocsp.asn1.der import (
    SEQUENCE,
    content,
    context,
    end_of,
    explicit,
    moved,
)
from ocsp.asn1.names import check_general_name
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.messages.extensions import (
    ExtensionLayouts,
    known_extensions,
    read_extensions,
)
from ocsp.messages.message import check_size, refuse_version
from ocsp.messages.requests.single_request import (
    OCSPSingleRequest,
    SingleRequestLayout,
    read_single_request,
    single_request_at,
)
from ocsp.messages.shapes import NO_INTEGER, Shapes, Values

__all__ = ["RequestLayout", "find_layout", "read_by_pieces", "read_request"]

Entries = tuple[OCSPSingleRequest, ...]


class RequestLayout:
    """
    The positions of the fields of an OCSPRequest.

    Attributes:
        only: The layout of the entry, if there is exactly one.

        entry: The position of this entry, whose object is made when a program asks for
            it.

        entries: The entries, if there are several.

        extensions: requestExtensions.

        signed: Whether the request has an optionalSignature.
    """

    __slots__ = ("entries", "entry", "extensions", "only", "signed")

    def __init__(
        self,
        only: SingleRequestLayout | None,
        entry: slice,
        entries: Entries,
        extensions: ExtensionLayouts,
        signed: bool,
    ) -> None:
        self.only = only
        self.entry = entry
        self.entries = entries
        self.extensions = extensions
        self.signed = signed


def _values_of_request(layout: RequestLayout) -> Values:
    """Return what differs; a name and a signature belong to the fixed octets."""
    start = layout.entry.start
    extensions = [extension.value for extension in layout.extensions]
    if layout.only is None:
        return Values(NO_INTEGER, extensions)
    integer, others = _values_of_entry(layout.only)
    inside = [moved(value, start) for value in others]
    return Values(moved(integer, start), inside + extensions)


def _values_of_entry(layout: SingleRequestLayout) -> Values:
    cert_id = layout.cert_id
    extensions = [extension.value for extension in layout.extensions]
    return Values(cert_id.serial, [cert_id.name_hash, cert_id.key_hash, *extensions])


_shapes: Shapes[RequestLayout] = Shapes(_values_of_request)
_entries: Shapes[SingleRequestLayout] = Shapes(_values_of_entry)

find_layout = _shapes.find
"""Return the layout of a request whose shape is known, or ``None``."""


def read_by_pieces(data: bytes) -> RequestLayout | None:
    """
    Return the layout of *data*, and learn its shape.

    ``None`` if the plain reader has to read it: it is malformed, or has a signature or
    several entries.
    """
    try:
        size = len(data)
        position, stop = content(data, 0, size, SEQUENCE, "")
        position, end = content(data, position, stop, SEQUENCE, "")
        if data[position] == context(1):
            start, position = content(data, position, end, context(1), "")
            check_general_name(data, start, position, "")
        start, after = content(data, position, end, SEQUENCE, "")
        if not end == stop == size <= limits.MAX_MESSAGE_BYTES:
            return None
        octets = data[start:after]
        only = _entries.find(octets)
        if only is None:
            only = read_single_request(octets)
            _entries.learn(octets, only)
        extensions: ExtensionLayouts = ()
        if after != end:
            extensions = known_extensions(data, after, end, 2)
    except (ValueError, IndexError):
        return None
    if limits.MAX_ENTRIES < 1:
        return None
    layout = RequestLayout(only, slice(start, after), (), extensions, False)
    _shapes.learn(data, layout)
    return layout


def read_request(data: bytes) -> RequestLayout:
    """
    Read the whole request *data*, and learn its shape if it has one entry.

    Raises:
        DecodeError: If its structure is wrong.
        TypeError: If *data* is not ``bytes``.
    """
    size = check_size(data)
    position, end = content(data, 0, size, SEQUENCE, "OCSPRequest")
    end_of(end, size, "OCSPRequest")
    start, position = content(data, position, end, SEQUENCE, "tbsRequest")
    try:
        layout = _read_tbs(data, start, position, signed=position != end)
    except DecodeError as error:
        error.under("tbsRequest")
        raise
    if layout.signed:
        # The contents of the signature are not checked here: RFC 9919 §3.1.2 lets a
        # responder ignore it, and ``cryptography`` loads it with any contents.
        _, _, position = explicit(data, position, end, 0, SEQUENCE, "optionalSignature")
        end_of(position, end, "OCSPRequest")
    if layout.only is not None:
        _shapes.learn(data, layout)
    return layout


def _read_tbs(data: bytes, position: int, end: int, *, signed: bool) -> RequestLayout:
    if position < end and data[position] == context(0):
        refuse_version(data, position, end, "request")
    if position < end and data[position] == context(1):
        start, position = content(data, position, end, context(1), "requestorName")
        check_general_name(data, start, position, "requestorName")
    start, position = content(data, position, end, SEQUENCE, "requestList")
    entry = slice(start, position)
    entries = _read_list(data, start, position)
    extensions: ExtensionLayouts = ()
    if position != end:
        extensions, position = read_extensions(
            data, position, end, 2, "requestExtensions"
        )
        end_of(position, end, "")
    if len(entries) == 1:
        return RequestLayout(entries[0]._layout, entry, (), extensions, signed)
    return RequestLayout(None, entry, entries, extensions, signed)


def _read_list(data: bytes, position: int, end: int) -> Entries:
    requests: list[OCSPSingleRequest] = []
    try:
        while position < end:
            if len(requests) == limits.MAX_ENTRIES:
                raise LimitExceeded(
                    "MAX_ENTRIES", len(requests) + 1, limits.MAX_ENTRIES
                )
            entry, position = _read_entry(data, position, end)
            requests.append(entry)
    except DecodeError as error:
        error.under(f"requestList[{len(requests)}]")
        raise
    if not requests:
        raise SchemaError("the list has no entry", path="requestList")
    return tuple(requests)


def _read_entry(data: bytes, position: int, end: int) -> tuple[OCSPSingleRequest, int]:
    """Return the entry at *position*, and where it ends."""
    _, stop = content(data, position, end, SEQUENCE, "")
    der = data[position:stop]
    try:
        return single_request_at(der, read_single_request(der)), stop
    except DecodeError as error:
        if error.offset is not None:
            error.offset += position
        raise
