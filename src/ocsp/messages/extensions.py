"""
The extension lists of requests, responses and their entries (RFC 6960 §4.4).

Loading checks the structure of a list. :mod:`ocsp.messages.extension_values` decodes
the values at the first access.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from ocsp import limits
from ocsp.asn1.der import (
    BOOLEAN,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    content,
    context,
    encode,
    encode_oid,
    end_of,
    explicit,
    fail,
    moved,
    oid_text,
)
from ocsp.errors import BuildError, DecodeError, LimitExceeded
from ocsp.later import x509
from ocsp.messages.shapes import NO_INTEGER, Shapes, Values

__all__ = [
    "DecodedExtension",
    "ExtensionLayout",
    "ExtensionLayouts",
    "SingleExtension",
    "append_extension",
    "encode_extensions",
    "known_extensions",
    "nonce_octets",
    "normalise_extensions",
    "read_extension_list",
    "read_extensions",
]

TRUE_DER: Final = b"\x01\x01\xff"


class ExtensionLayout(NamedTuple):
    """
    The position and the fields of one extension in a message.

    Attributes:
        oid: extnID, dotted.

        critical: Whether the extension is critical.

        value: The position of the content of extnValue.
    """

    oid: str
    critical: bool
    value: slice

    def moved(self, by: int) -> ExtensionLayout:
        """Return the same layout for octets in which the extension is *by* later."""
        return ExtensionLayout(self.oid, self.critical, moved(self.value, by))


ExtensionLayouts = tuple[ExtensionLayout, ...]


class DecodedExtension(NamedTuple):
    """
    One extension of a list, decoded by itself.

    Attributes:
        oid: extnID, dotted.

        critical: Whether the extension is critical.

        value: The value; ``None`` if it is malformed.

        error: Why it is malformed, or an empty string.
    """

    oid: str
    critical: bool
    value: x509.ExtensionType | None
    error: str


def read_extensions(
    data: bytes, position: int, end: int, number: int, name: str
) -> tuple[ExtensionLayouts, int]:
    """
    Return the extensions of the list in the EXPLICIT tag *number*, and its end.

    Raises:
        DecodeError: If it is not a sequence of ``{ OID, BOOLEAN DEFAULT FALSE, OCTET
            STRING }``.
    """
    position, stop, end = explicit(data, position, end, number, SEQUENCE, name)
    return read_extension_list(data, position, stop, name), end


def _values(extensions: ExtensionLayouts) -> Values:
    return Values(NO_INTEGER, [extension.value for extension in extensions])


_known: Shapes[ExtensionLayouts] = Shapes(_values)


def known_extensions(
    data: bytes, position: int, end: int, number: int
) -> ExtensionLayouts:
    """
    Return the extensions of the list from *position* to *end*, by its shape.

    Raises:
        DecodeError: As :func:`read_extensions`, or if the list ends before *end*. The
            positions in the error mean nothing.
    """
    octets = data[position:end]
    extensions = _known.find(octets)
    if extensions is None or data[position] != context(number):
        size = len(octets)
        extensions, stop = read_extensions(octets, 0, size, number, "")
        end_of(stop, size, "")
        _known.learn(octets, extensions)
    return tuple(each.moved(position) for each in extensions)


def read_extension_list(
    data: bytes, position: int, stop: int, name: str
) -> ExtensionLayouts:
    """
    Return the extensions from *position* to *stop*.

    Raises:
        DecodeError: As :func:`read_extensions`.
    """
    extensions: list[ExtensionLayout] = []
    while position < stop:
        if len(extensions) == limits.MAX_EXTENSIONS:
            raise LimitExceeded(
                "MAX_EXTENSIONS", len(extensions) + 1, limits.MAX_EXTENSIONS, path=name
            )
        try:
            extension, position = _read_extension(data, position, stop)
        except DecodeError as error:
            error.under(f"{name}[{len(extensions)}]")
            raise
        extensions.append(extension)
    return tuple(extensions)


def _read_extension(
    data: bytes, position: int, end: int
) -> tuple[ExtensionLayout, int]:
    position, stop = content(data, position, end, SEQUENCE, "")
    begin = position
    start, position = content(data, begin, stop, OBJECT_IDENTIFIER, "extnID")
    try:
        dotted = oid_text(data[start:position])
    except ValueError as error:
        fail(str(error), "extnID", begin)
    critical = position < stop and data[position] == BOOLEAN
    if critical:
        start, after = content(data, position, stop, BOOLEAN, "critical")
        if data[start:after] != b"\xff":
            # FALSE is the default, which DER omits (X.690 §11.5).
            fail("not the octet of TRUE", "critical", position)
        position = after
    start, position = content(data, position, stop, OCTET_STRING, "extnValue")
    end_of(position, stop, "")
    return ExtensionLayout(dotted, critical, slice(start, stop)), stop


def nonce_octets(value: bytes) -> bytes:
    """
    Read ``Nonce ::= OCTET STRING`` (RFC 9654 §2.1).

    RFC 2560 had no inner OCTET STRING, and such requests still occur: if the value is
    not exactly one OCTET STRING, the value itself is the nonce.
    """
    size = len(value) - 2
    if 0 <= size < 0x80 and value[0] == OCTET_STRING and value[1] == size:
        return value[2:]  # the most frequent case
    try:
        start, stop = content(value, 0, len(value), OCTET_STRING, "")
        end_of(stop, len(value), "")
    except DecodeError:
        return value
    return value[start:stop]


Extensions: TypeAlias = "tuple[x509.Extension[x509.ExtensionType], ...]"


def append_extension(
    extensions: Extensions, value: x509.ExtensionType, critical: bool
) -> Extensions:
    """
    Return *extensions* with one more extension.

    Raises:
        TypeError: If *value* is not an ``x509.ExtensionType``.
        BuildError: If *extensions* already has this extension, or has
            ``MAX_EXTENSIONS``.
    """
    if not isinstance(value, x509.ExtensionType):
        raise TypeError("extension must be an ExtensionType")
    extension = x509.Extension(value.oid, critical, value)
    if any(known.oid == extension.oid for known in extensions):
        raise BuildError("This extension has already been set.")
    if len(extensions) >= limits.MAX_EXTENSIONS:
        raise BuildError(
            f"more than MAX_EXTENSIONS = {limits.MAX_EXTENSIONS} extensions"
        )
    return (*extensions, extension)


SingleExtension: TypeAlias = "x509.ExtensionType | x509.Extension[x509.ExtensionType]"
"""An extension of one entry; not critical if given as an ``x509.ExtensionType``."""


def normalise_extensions(extensions: Iterable[SingleExtension]) -> Extensions:
    """
    Return *extensions* as ``x509.Extension`` objects, by default not critical.

    Raises:
        TypeError: If one is not an extension.
        BuildError: If one occurs twice, or there are more than ``MAX_EXTENSIONS``.
    """
    found: Extensions = ()
    for each in extensions:
        if isinstance(each, x509.Extension):
            found = append_extension(found, each.value, each.critical)
        else:
            found = append_extension(found, each, False)
    return found


def encode_extensions(number: int, extensions: Extensions) -> bytes:
    """
    Return the DER of the list in its EXPLICIT tag *number*; empty for no extensions.

    Raises:
        NotImplementedError: If an extension has no ``public_bytes`` of its own.
    """
    if not extensions:
        return b""
    encoded = (
        encode(
            SEQUENCE,
            encode_oid(extension.oid.dotted_string),
            TRUE_DER if extension.critical else b"",
            encode(OCTET_STRING, extension.value.public_bytes()),
        )
        for extension in extensions
    )
    return encode(0xA0 | number, encode(SEQUENCE, *encoded))
