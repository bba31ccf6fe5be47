"""
The extensions of certificates and CRLs, each decoded by itself (RFC 5280 §4.2, §5.2).

``cryptography`` decodes all extensions of a certificate, or raises an error if it
cannot decode one of them. A list of this module decodes an extension only when a caller
asks for it, so that one malformed extension does not hide the others. Each decision
must fail closed on the extension that it needs: ``find`` raises an error for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeVar, cast

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.certificates import (
    cached_per_certificate,
    parts_of_subject,
)
from ocsp.asn1.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    any_value,
    content,
    encode,
    encode_integer,
    encode_oid,
    end_of,
    oid_text,
)
from ocsp.asn1.der import oid as read_oid
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.guarded.certificates import (
    decode_in_certificate,
    decode_in_crl,
    decode_in_crl_entry,
)
from ocsp.later import x509

__all__ = [
    "ExtensionList",
    "RawExtension",
    "certificate_extensions",
    "decode_certificate_extension",
    "decode_crl_entry_extension",
    "decode_crl_extension",
    "extensions_of",
    "integers",
    "read_extensions",
    "without_key_identifier",
]

Value = TypeVar("Value", bound="x509.ExtensionType")


class RawExtension(NamedTuple):
    """
    One extension, undecoded.

    Attributes:
        oid: extnID, dotted.

        critical: Whether the extension is critical.

        value: The content of extnValue.
    """

    oid: str
    critical: bool
    value: bytes


def read_extensions(der: bytes) -> tuple[RawExtension, ...]:
    """
    Return the extensions in *der*, the DER of an Extensions, without decoding a value.

    Raises:
        DecodeError: If *der* is not a SEQUENCE of extensions.
    """
    return tuple(_extension(der, *each) for each in _elements(der))


def _elements(der: bytes) -> Iterator[tuple[int, int]]:
    """Return where each element of the SEQUENCE *der* starts and ends."""
    position, end = content(der, 0, len(der), SEQUENCE, "extensions")
    while position < end:
        start = position
        _, _, position = any_value(der, position, end, "extensions")
        yield start, position


def _extension(der: bytes, position: int, end: int) -> RawExtension:
    position, end = content(der, position, end, SEQUENCE, "extension")
    _, start, position = any_value(der, position, end, "extnID")
    oid, critical = der[start:position], False
    tag, start, position = any_value(der, position, end, "extnValue")
    if tag == BOOLEAN:
        critical = der[start:position] != b"\x00"
        _, start, position = any_value(der, position, end, "extnValue")
    try:
        return RawExtension(oid_text(oid), critical, der[start:position])
    except ValueError as error:
        raise SchemaError(str(error), path="extnID") from error


_KEY_IDENTIFIER: Final = encode_oid("2.5.29.14") + b"\x04"
"""The start of a subjectKeyIdentifier that is not critical."""


def without_key_identifier(der: bytes) -> bytes:
    """
    Return the Extensions *der* without subjectKeyIdentifier, if it is not critical.

    It differs in each certificate and decides nothing by itself. The delegates of a CA
    often share all other extensions.

    Raises:
        DecodeError: If *der* is not a SEQUENCE.
    """
    found = der.find(_KEY_IDENTIFIER)
    if found < 0:
        return der
    for start, stop in _elements(der):
        if content(der, start, stop, SEQUENCE, "extension")[0] == found:
            first, _ = content(der, 0, len(der), SEQUENCE, "extensions")
            return encode(SEQUENCE, der[first:start], der[stop:])
    return der


class ExtensionList:
    """
    The extensions of one certificate, CRL or CRL entry; immutable.

    Attributes:
        raw: The extensions in their order, undecoded.
    """

    __slots__ = ("_decode", "_values", "raw")

    def __init__(
        self,
        raw: tuple[RawExtension, ...],
        decode: Callable[[str, bytes], x509.ExtensionType],
    ) -> None:
        """
        Make a list that decodes with *decode*, which gets the OID and the value.

        *decode* raises SchemaError for a value that is malformed.
        """
        self.raw = raw
        self._decode = decode
        self._values: dict[str, list[bytes]] = {}
        for each in raw:
            self._values.setdefault(each.oid, []).append(each.value)

    def octets(self, oid: str) -> bytes | None:
        """
        Return the undecoded value of the extension *oid*, or ``None`` if it is absent.

        Raises:
            SchemaError: If it occurs twice, which RFC 5280 §4.2 forbids.
        """
        found = self._values.get(oid, [])
        if len(found) > 1:
            raise SchemaError(f"the extension {oid} occurs {len(found)} times")
        return found[0] if found else None

    def find(self, kind: type[Value]) -> Value | None:
        """
        Return the extension of class *kind*, or ``None`` if it is absent.

        Raises:
            SchemaError: If it cannot be decoded, or occurs twice.
        """
        oid = kind.oid.dotted_string
        value = self.octets(oid)
        if value is None:
            return None
        return cast("Value", self._decode(oid, value))

    def items(self, kind: type[Value]) -> list[Value]:
        """
        Return the items of an extension that is a list, each as a list with one item.

        For lists of places to ask, where each item is useful without the others: items
        that cannot be decoded are left out, and those after ``MAX_GENERAL_NAMES``.

        Raises:
            SchemaError: If no item can be decoded, or the extension occurs twice.
        """
        oid = kind.oid.dotted_string
        value = self.octets(oid)
        if value is None:
            return []
        found: list[Value] = []
        reason = "it has no item"
        try:
            for start, stop in islice(_elements(value), limits.MAX_GENERAL_NAMES):
                item = encode(SEQUENCE, value[start:stop])
                try:
                    found.append(cast("Value", self._decode(oid, item)))
                except SchemaError as error:
                    reason = str(error)
        except DecodeError as error:
            raise SchemaError(f"the extension {oid} is not a list: {error}") from error
        if not found:
            raise SchemaError(f"the extension {oid} cannot be decoded: {reason}")
        return found

    def unprocessed_critical(self) -> tuple[str, str]:
        """
        Return the OID of a critical extension that cannot be processed, and the reason.

        It is unknown, cannot be decoded, or occurs twice. Both texts are empty if there
        is no such extension.
        """
        for each in self.raw:
            reason = self._problem(each, "is not known") if each.critical else ""
            if reason:
                return each.oid, reason
        return "", ""

    def unreadable(self) -> list[tuple[str, str]]:
        """Return the OIDs of the extensions that cannot be decoded, and the reasons."""
        problems = ((each.oid, self._problem(each, "")) for each in self.raw)
        return [(oid, reason) for oid, reason in problems if reason]

    def _problem(self, extension: RawExtension, if_unknown: str) -> str:
        """Describe why *extension* cannot be decoded, or return *if_unknown*."""
        try:
            self.octets(extension.oid)
            decoded = self._decode(extension.oid, extension.value)
        except SchemaError as error:
            return f"cannot be decoded: {error}"
        # cryptography has no class for policyMappings, which matters for paths only.
        known = extension.oid == oids.POLICY_MAPPINGS or not isinstance(
            decoded, x509.UnrecognizedExtension
        )
        return "" if known else if_unknown


@cached_per_certificate
def extensions_of(certificate: x509.Certificate) -> ExtensionList:
    """Return the extensions of *certificate*."""
    return certificate_extensions(parts_of_subject(certificate).extensions)


def certificate_extensions(der: bytes) -> ExtensionList:
    """
    Return the extensions of a certificate in *der*, the DER of an Extensions, or empty.

    Raises:
        DecodeError: If *der* is something else.
    """
    raw = read_extensions(der) if der else ()
    return ExtensionList(raw, decode_certificate_extension)


def integers(value: bytes) -> list[int]:
    """
    Return the numbers in a SEQUENCE OF INTEGER, such as the value of TLSFeature.

    Raises:
        DecodeError: If *value* is something else.
    """
    numbers = []
    for start, stop in _elements(value):
        first, last = content(value, start, stop, INTEGER, "integer")
        numbers.append(int.from_bytes(value[first:last], signed=True))
    return numbers


# --- decoding one extension --------------------------------------------------------
#
# ``cryptography`` decodes extensions only as a part of a certificate or a CRL, so each
# function puts the extension into one that has no other.


_certificate_extensions: BoundedCache[tuple[str, bytes], x509.ExtensionType] = (
    BoundedCache()
)

_DECODED_FACTOR: Final = 32
"""Octets that a decoded extension takes for each octet of its value, at most."""


def decode_certificate_extension(oid: str, value: bytes) -> x509.ExtensionType:
    """
    Return the certificate extension *oid* with the content octets *value*; cached.

    The certificates of a CA have the same key usages, constraints and places to ask.

    Raises:
        SchemaError: If *value* is not valid for this extension.
    """
    known = _certificate_extensions.get((oid, value))
    if known is not None:
        return known
    decoded = _decode_certificate_extension(oid, value)
    octets = _DECODED_FACTOR * len(value)
    return _certificate_extensions.keep((oid, value), decoded, octets)


def _decode_certificate_extension(oid: str, value: bytes) -> x509.ExtensionType:
    if oid == oids.POLICY_MAPPINGS:
        _check_mappings(value)
    value = _without_defaults(oid, value)
    tbs = encode(SEQUENCE, _BEFORE_EXTENSIONS, encode(0xA3, _list_with(oid, value)))
    certificate = encode(SEQUENCE, tbs, _ALGORITHM, _NO_SIGNATURE)
    return _decoded(decode_in_certificate, certificate)


def _check_mappings(value: bytes) -> None:
    """Check that *value* is a list of pairs of policies (RFC 5280 §4.2.1.5)."""
    name = "policyMappings"
    try:
        for position, end in _elements(value):
            start, stop = content(value, position, end, SEQUENCE, name)
            _, start = read_oid(value, start, stop, name)
            _, start = read_oid(value, start, stop, name)
            end_of(start, stop, name)
    except DecodeError as error:
        raise SchemaError(str(error)) from error


def _without_defaults(oid: str, value: bytes) -> bytes:
    """
    Return *value* without the default values that some CAs encode and DER omits.

    These are cA FALSE in basicConstraints and minimum 0 in nameConstraints (RFC 5280
    §4.2.1.9 and §4.2.1.10). They change no meaning, and OpenSSL reads them.
    """
    change = _OMISSIONS.get(oid)
    try:
        return value if change is None else _rewritten(value, change)
    except DecodeError:
        return value  # cryptography says what is wrong


_Parts = list[bytes]


def _rewritten(value: bytes, change: Callable[[_Parts], _Parts]) -> bytes:
    """Return the constructed *value* with the parts that *change* returns."""
    tag, position, end = any_value(value, 0, len(value), "")
    parts = []
    while position < end:
        _, _, stop = any_value(value, position, end, "")
        parts.append(value[position:stop])
        position = stop
    return encode(tag, *change(parts)) + value[end:]


_FALSE: Final = encode(BOOLEAN, b"\x00")
_MINIMUM: Final = encode(0x80, b"\x00")


def _without_false(constraints: _Parts) -> _Parts:
    return constraints[1:] if constraints[:1] == [_FALSE] else constraints


def _without_minimum(subtree: _Parts) -> _Parts:
    return subtree[:1] + subtree[2:] if subtree[1:2] == [_MINIMUM] else subtree


def _in_subtrees(constraints: _Parts) -> _Parts:
    def change(subtrees: _Parts) -> _Parts:
        return [_rewritten(subtree, _without_minimum) for subtree in subtrees]

    return [_rewritten(subtrees, change) for subtrees in constraints]


_OMISSIONS: Final = {
    oids.BASIC_CONSTRAINTS: _without_false,
    oids.NAME_CONSTRAINTS: _in_subtrees,
}


def decode_crl_extension(oid: str, value: bytes) -> x509.ExtensionType:
    """
    Return the CRL extension *oid* with the content octets *value*.

    Raises:
        SchemaError: If *value* is not valid for this extension.
    """
    crl = _crl(encode(0xA0, _list_with(oid, value)))
    return _decoded(decode_in_crl, crl)


def decode_crl_entry_extension(oid: str, value: bytes) -> x509.ExtensionType:
    """
    Return the CRL entry extension *oid* with the content octets *value*.

    Raises:
        SchemaError: If *value* is not valid for this extension.
    """
    entry = encode(SEQUENCE, encode_integer(1), _TIME, _list_with(oid, value))
    crl = _crl(encode(SEQUENCE, entry))
    return _decoded(decode_in_crl_entry, crl)


def _decoded(
    decode: Callable[[bytes], x509.ExtensionType], der: bytes
) -> x509.ExtensionType:
    try:
        return decode(der)
    except LimitExceeded as error:
        raise SchemaError(str(error)) from error


def _list_with(oid: str, value: bytes) -> bytes:
    extension = encode(SEQUENCE, encode_oid(oid), encode(OCTET_STRING, value))
    return encode(SEQUENCE, extension)


_TIME: Final = encode(0x17, b"000101000000Z")
_ALGORITHM: Final = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))
_NO_SIGNATURE: Final = encode(BIT_STRING, bytes(1))
_BEFORE_EXTENSIONS: Final = b"".join(
    (
        encode(0xA0, encode_integer(2)),
        encode_integer(1),
        _ALGORITHM,
        encode(SEQUENCE),
        encode(SEQUENCE, _TIME, _TIME),
        encode(SEQUENCE),
        encode(SEQUENCE, _ALGORITHM, _NO_SIGNATURE),
    )
)


def _crl(last: bytes) -> bytes:
    """Return a CRL without an issuer, whose last field is *last*."""
    version, issuer = encode_integer(1), encode(SEQUENCE)
    tbs = encode(SEQUENCE, version, _ALGORITHM, issuer, _TIME, last)
    return encode(SEQUENCE, tbs, _ALGORITHM, _NO_SIGNATURE)
