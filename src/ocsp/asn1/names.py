"""
The structure of ``Name`` and ``GeneralName`` (RFC 5280 §4.1.2.4 and §4.2.1.6).

The checks of this module require that a name is well-formed, but decode no value.
``cryptography`` decodes the values for callers that want its classes, and refuses some
that old CAs use. Comparison and messages need all names, so they use
:func:`read_name`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, cast

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.bounded_cache import cached_by_octets
from ocsp.asn1.der import (
    SEQUENCE,
    SET,
    any_value,
    content,
    encode,
    end_of,
    fail,
    oid,
    oid_text,
)
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.later import x509

__all__ = [
    "Attribute",
    "characters_of",
    "check_general_name",
    "check_name",
    "encode_general_name",
    "name_text",
    "parse_general_name",
    "parse_name",
    "read_name",
]

_UTF8_STRING: Final = 0x0C
_PRINTABLE_STRING: Final = 0x13
_UNIVERSAL_STRING: Final = 0x1C
_BMP_STRING: Final = 0x1E
_PRINTABLE: Final = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)


def check_name(data: bytes, position: int, end: int, name: str) -> bytes:
    """
    Return the DER of the Name from *position* to *end*, after a check of its structure.

    Raises:
        DecodeError: If it is not a sequence of ordered sets of attributes.
    """
    try:
        _check_name(data, position, end)
    except DecodeError as error:
        error.under(name)
        raise
    return data[position:end]


@cached_by_octets(factor=64)
def parse_name(der: bytes) -> x509.Name:
    """
    Return the Name in *der*.

    The messages of one program contain few different names, so they are cached.

    Raises:
        SchemaError: If the value of an attribute is not valid text.
    """
    # Before release 49, ``cryptography`` reads a Name only inside of another value.
    name = parse_general_name(encode(_DIRECTORY_NAME, der))
    return cast("x509.DirectoryName", name).value


def _check_name(der: bytes, position: int, end: int) -> None:
    position, stop = content(der, position, end, SEQUENCE, "rdnSequence")
    end_of(stop, end, "rdnSequence")
    attributes = 0
    while position < stop:
        after = _usual_relative_name(der, position, stop)
        if after:
            attributes += 1
        else:
            start, after = content(
                der, position, stop, SET, "relativeDistinguishedName"
            )
            attributes += _check_relative_name(der, start, after)
        position = after
    if attributes > limits.MAX_NAME_ATTRIBUTES:
        raise LimitExceeded(
            "MAX_NAME_ATTRIBUTES", attributes, limits.MAX_NAME_ATTRIBUTES
        )


_USUAL_TYPE: Final = b"\x06\x03\x55\x04"
"""The DER of an attribute type of X.520, without its last octet."""


def _usual_relative_name(der: bytes, position: int, end: int) -> int:
    """
    Return where the RelativeDistinguishedName at *position* ends, or 0.

    Most have one attribute of X.520 and less than 128 octets, so one look at each octet
    of the headers is enough. 0 means that the name is another one, or malformed.
    """
    size = der[position + 1] if position + 11 <= end else 0xFF
    stop = position + size + 2
    if (
        size < 0x80
        and size >= 9
        and stop <= end
        and der[position] == SET
        and der[position + 2] == SEQUENCE
        and der[position + 3] == size - 2
        and der.startswith(_USUAL_TYPE, position + 4)
        and der[position + 8] < 0x80
        and der[position + 10] == size - 9
    ):
        tag = der[position + 9]
        if tag == _UTF8_STRING or (
            tag == _PRINTABLE_STRING and _text_fits(tag, der[position + 11 : stop])
        ):
            return stop
    return 0


def _check_relative_name(der: bytes, start: int, stop: int) -> int:
    """Check the attributes from *start* to *stop*, and return their number."""
    attributes = 0
    previous = b""
    while start < stop:
        after = _attribute(der, start, stop)
        current = der[start:after]
        if current < previous:
            fail("SET OF is not in order", "relativeDistinguishedName", start)
        previous, start = current, after
        attributes += 1
    return attributes


def _attribute(der: bytes, position: int, end: int) -> int:
    """Check one AttributeTypeAndValue, and return where it ends."""
    start, stop = content(der, position, end, SEQUENCE, "attribute")
    _, start = oid(der, start, stop, "attribute.type")
    tag, first, last = any_value(der, start, stop, "attribute.value")
    end_of(last, stop, "attribute")
    if not _text_fits(tag, der[first:last]):
        fail("characters do not fit the string type", "attribute.value", start)
    return stop


def _text_fits(tag: int, octets: bytes) -> bool:
    """Return whether the characters of a string are those of its type."""
    try:
        if tag == _PRINTABLE_STRING:
            return not octets.translate(None, _PRINTABLE)
        if tag == _BMP_STRING:
            octets.decode("utf-16-be")
        elif tag == _UNIVERSAL_STRING:
            octets.decode("utf-32-be")
    except UnicodeDecodeError:
        return False
    return True


class Attribute(NamedTuple):
    """
    One attribute of a name, undecoded.

    Attributes:
        oid: Its type, dotted.

        tag: The identifier octet of its value.

        value: The content of its value.
    """

    oid: str
    tag: int
    value: bytes


def read_name(der: bytes) -> list[list[Attribute]]:
    """
    Return the relative names in the Name *der*, each with its attributes.

    Raises:
        DecodeError: If its structure is wrong.
        LimitExceeded: If it has more attributes than ``MAX_NAME_ATTRIBUTES``.
    """
    name: list[list[Attribute]] = []
    attributes = 0
    position, end = content(der, 0, len(der), SEQUENCE, "rdnSequence")
    end_of(end, len(der), "rdnSequence")
    while position < end:
        start, position = content(der, position, end, SET, "relativeDistinguishedName")
        name.append([])
        while start < position:
            attributes += 1
            if attributes > limits.MAX_NAME_ATTRIBUTES:
                raise LimitExceeded(
                    "MAX_NAME_ATTRIBUTES", attributes, limits.MAX_NAME_ATTRIBUTES
                )
            inner, start = content(der, start, position, SEQUENCE, "attribute")
            first, last = oid(der, inner, start, "attribute.type")
            tag, begin, stop = any_value(der, last, start, "attribute.value")
            end_of(stop, start, "attribute")
            dotted = oid_text(der[first:last])
            name[-1].append(Attribute(dotted, tag, der[begin:stop]))
    return name


_WIDE_STRINGS: Final = {_BMP_STRING: "utf-16-be", _UNIVERSAL_STRING: "utf-32-be"}
_STRINGS: Final = frozenset(
    (0x0C, 0x12, _PRINTABLE_STRING, 0x14, 0x15, 0x16, 0x19, 0x1A, 0x1B)
)
"""UTF8String and the string types with one octet for a character."""


def characters_of(attribute: Attribute) -> str | None:
    """
    Return the value of *attribute* as text, or ``None`` if it is not text.

    Octets outside of ASCII are UTF-8 or, if they are not valid UTF-8, Latin-1, whatever
    the type of the string is: CAs use TeletexString and others with both.
    """
    octets = attribute.value
    try:
        if attribute.tag in _WIDE_STRINGS:
            return octets.decode(_WIDE_STRINGS[attribute.tag])
        return octets.decode() if attribute.tag in _STRINGS else None
    except UnicodeDecodeError:
        return octets.decode("latin-1") if attribute.tag in _STRINGS else None


def name_text(der: bytes) -> str:
    """
    Return the Name *der* as text (RFC 4514), also if ``cryptography`` cannot decode it.

    A value that is not text is shown in hexadecimal, and so is the beginning of a name
    that :func:`read_name` refuses.
    """
    try:
        name = read_name(der)
    except DecodeError:
        return f"#{der[:64].hex()}"
    return ",".join("+".join(map(_attribute_text, each)) for each in reversed(name))


def _attribute_text(attribute: Attribute) -> str:
    keyword = _KEYWORDS.get(attribute.oid, attribute.oid)
    value = characters_of(attribute)
    if value is None:
        return f"{keyword}=#{encode(attribute.tag % 256, attribute.value).hex()}"
    escaped = _SPECIAL.sub(r"\\\g<0>", value).replace("\0", "\\00")
    if escaped.startswith((" ", "#")):
        escaped = f"\\{escaped}"
    if escaped.endswith(" ") and len(value) > 1:
        escaped = f"{escaped[:-1]}\\ "
    return f"{keyword}={escaped}"


_KEYWORDS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
"""The attribute types with a short name (RFC 4514 §3)."""

_SPECIAL: Final = re.compile(r'[\\"+,;<>]')
"""The characters that RFC 4514 §2.4 escapes with a backslash, wherever they are."""


# The tags of GeneralName: IMPLICIT, so primitive or constructed as the type below is.
_OTHER_NAME: Final = 0xA0
_TEXTS: Final = frozenset((0x81, 0x82, 0x86))  # rfc822Name, dNSName, URI: IA5String
_OPAQUE: Final = frozenset((0xA3, 0xA5, 0x87))  # x400Address, ediPartyName, iPAddress
_DIRECTORY_NAME: Final = 0xA4
_REGISTERED_ID: Final = 0x88


def parse_general_name(der: bytes) -> x509.GeneralName:
    """
    Return the GeneralName in *der*.

    Raises:
        SchemaError: If ``cryptography`` has no class for it.
    """
    # Imported here: few messages have a GeneralName.
    from ocsp.asn1.extensions import decode_crl_entry_extension

    # ``cryptography`` decodes no single GeneralName, but the certificateIssuer of a
    # CRL entry, which is a list of them.
    names = decode_crl_entry_extension(oids.CERTIFICATE_ISSUER, encode(SEQUENCE, der))
    found: x509.GeneralName = next(iter(cast("x509.CertificateIssuer", names)))
    return found


def encode_general_name(name: x509.GeneralName) -> bytes:
    """Return the DER of *name*."""
    names = x509.CertificateIssuer([name]).public_bytes()
    start, _ = content(names, 0, len(names), SEQUENCE, "")
    return names[start:]


def check_general_name(data: bytes, position: int, end: int, name: str) -> None:
    """
    Check the GeneralName from *position* to *end*.

    Raises:
        DecodeError: If its tag is not one of the nine alternatives, or its content is
            malformed.
    """
    tag, start, stop = any_value(data, position, end, name)
    end_of(stop, end, name)
    if tag in _TEXTS:
        try:
            data[start:stop].decode()
        except UnicodeDecodeError:
            fail("text is not UTF-8", name, position)
    elif tag == _DIRECTORY_NAME:
        check_name(data, start, stop, name)
    elif tag == _OTHER_NAME:
        _, start = oid(data, start, stop, f"{name}.type-id")
        inner, outer = content(data, start, stop, 0xA0, f"{name}.value")
        end_of(outer, stop, name)
        _, _, after = any_value(data, inner, outer, f"{name}.value")
        end_of(after, outer, f"{name}.value")
    elif tag == _REGISTERED_ID:
        try:
            oid_text(data[start:stop])
        except ValueError as error:
            fail(str(error), name, position)
    elif tag not in _OPAQUE:
        raise SchemaError("not a GeneralName", path=name, offset=position)
