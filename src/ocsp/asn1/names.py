"""
The structure of ``Name`` and ``GeneralName`` (RFC 5280 §4.1.2.4 and §4.2.1.6).

The checks of this module require that a name is well-formed, but decode no value.
``cryptography`` decodes the values when a caller needs them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from cryptography import x509

from ocsp import limits
from ocsp.asn1 import oids
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
from ocsp.asn1.extensions import decode_crl_entry_extension
from ocsp.errors import DecodeError, LimitExceeded, SchemaError

__all__ = [
    "check_general_name",
    "check_name",
    "encode_general_name",
    "parse_general_name",
    "parse_name",
]

_PRINTABLE_STRING = 0x13
_UNIVERSAL_STRING = 0x1C
_BMP_STRING = 0x1E
_PRINTABLE = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)


def check_name(data: bytes, position: int, end: int, name: str) -> bytes:
    """
    Return the DER of the Name from *position* to *end*, after a check of its structure.

    Raises:
        DecodeError: If it is not a sequence of ordered sets of attributes.
    """
    der = data[position:end]
    try:
        return _checked(der)
    except DecodeError as error:
        if error.offset is not None:
            error.offset += position
        error.under(name)
        raise


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=256)
def _checked(der: bytes) -> bytes:
    """Check the structure, and cache the result: the same few names occur again."""
    position, end = content(der, 0, len(der), SEQUENCE, "rdnSequence")
    end_of(end, len(der), "rdnSequence")
    attributes = 0
    while position < end:
        start, stop = content(der, position, end, SET, "relativeDistinguishedName")
        previous = b""
        while start < stop:
            after = _attribute(der, start, stop)
            current = der[start:after]
            if current < previous:
                fail("SET OF is not in order", "relativeDistinguishedName", start)
            previous, start = current, after
            attributes += 1
        position = stop
    if attributes > limits.MAX_NAME_ATTRIBUTES:
        raise LimitExceeded(
            "MAX_NAME_ATTRIBUTES", attributes, limits.MAX_NAME_ATTRIBUTES
        )
    return der


limits.when_changed(_checked.cache_clear)


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
            return _PRINTABLE.issuperset(octets)
        if tag == _BMP_STRING:
            octets.decode("utf-16-be")
        elif tag == _UNIVERSAL_STRING:
            octets.decode("utf-32-be")
    except UnicodeDecodeError:
        return False
    return True


# The tags of GeneralName: IMPLICIT, so primitive or constructed as the type below is.
_OTHER_NAME = 0xA0
_TEXTS = frozenset((0x81, 0x82, 0x86))  # rfc822Name, dNSName, URI: IA5String
_OPAQUE = frozenset((0xA3, 0xA5, 0x87))  # x400Address, ediPartyName, iPAddress
_DIRECTORY_NAME = 0xA4
_REGISTERED_ID = 0x88


def parse_general_name(der: bytes) -> x509.GeneralName:
    """
    Return the GeneralName in *der*.

    Raises:
        SchemaError: If ``cryptography`` has no class for it.
    """
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
