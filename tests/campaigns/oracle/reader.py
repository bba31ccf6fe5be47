"""Read certificates and responses with asn1crypto, as far as it is able to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from asn1crypto import core, ocsp, parser, x509

from tests.campaigns.oracle.signatures import Signed

__all__ = [
    "FAULTS",
    "Certificate",
    "Entry",
    "Extension",
    "Response",
    "Unreadable",
    "elements",
    "extensions_in",
    "moment",
    "read_certificate",
    "read_extensions",
    "read_response",
    "read_signed",
    "split",
]


class Unreadable(Exception):
    """asn1crypto does not read it."""


FAULTS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError)
"""What asn1crypto raises for malformed values."""


class Extension(NamedTuple):
    """
    An extension.

    Attributes:
        oid: Which one, dotted.

        critical: Whether it is critical.

        value: The content of extnValue.
    """

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The fields of a certificate that matter here."""

    der: bytes
    issuer: bytes
    subject: bytes
    serial: int
    key_info: bytes
    key_bits: bytes
    begin: datetime.datetime
    end: datetime.datetime
    extensions: tuple[Extension, ...]
    inner: bytes
    outer: bytes
    signed: Signed

    def values(self, oid: str) -> list[bytes]:
        """Return the values of the extensions with this identifier."""
        return [each.value for each in self.extensions if each.oid == oid]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A SingleResponse."""

    hashed: str
    name_hash: bytes
    key_hash: bytes
    serial: int
    status: str
    revoked_at: datetime.datetime | None
    removed: bool
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, kw_only=True)
class Response:
    """A successful basic response."""

    version: int
    responder_name: bytes | None
    responder_key: bytes | None
    entries: tuple[Entry, ...]
    extensions: tuple[Extension, ...]
    certificates: tuple[bytes, ...]
    signed: Signed


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> Certificate:
    """
    Read a certificate.

    Raises:
        Unreadable: If asn1crypto does not read it.
    """
    try:
        cert = x509.Certificate.load(der, strict=True)
        tbs = cert["tbs_certificate"]
        info = tbs["subject_public_key_info"]
        return Certificate(
            der=der,
            issuer=tbs["issuer"].dump(),
            subject=tbs["subject"].dump(),
            serial=tbs["serial_number"].native,
            key_info=info.dump(),
            key_bits=elements(info.contents)[1][1][1:],
            begin=moment(tbs["validity"]["not_before"]),
            end=moment(tbs["validity"]["not_after"]),
            extensions=read_extensions(tbs["extensions"]),
            inner=tbs["signature"].dump(),
            outer=cert["signature_algorithm"].dump(),
            signed=read_signed(cert.contents),
        )
    except FAULTS as error:
        raise Unreadable(str(error)) from error


def read_extensions(each: Any) -> tuple[Extension, ...]:
    """
    Return a list of extensions, which may be absent.

    asn1crypto decodes the known ones with their lists; here none is decoded.

    Raises:
        ValueError: If the list is malformed.
    """
    if isinstance(each, core.Void):
        return ()
    return extensions_in(each.contents)


def extensions_in(contents: bytes) -> tuple[Extension, ...]:
    """
    Return the extensions in the content of their list.

    Raises:
        ValueError: If the list is malformed.
    """
    return tuple(_extension(item) for _, item in elements(contents))


def _extension(contents: bytes) -> Extension:
    (tag, identifier), *flag, (last, value) = elements(contents)
    if (tag, last) != (0x06, 0x04) or [tag for tag, _ in flag] not in ([], [0x01]):
        raise ValueError("not an extension")
    named = core.ObjectIdentifier(contents=identifier).dotted
    return Extension(named, any(content != b"\0" for _, content in flag), value)


def elements(contents: bytes) -> list[tuple[int, bytes]]:
    """Return the identifier octets and the contents of the values."""
    read = (parser.parse(each) for each in split(contents))
    return [(each[0] << 6 | each[1] << 5 | each[2], each[4]) for each in read]


def split(contents: bytes) -> list[bytes]:
    """Return the values, each with its identifier and its length."""
    found = []
    while contents:
        length = sum(len(part) for part in parser.parse(contents)[3:])
        found.append(contents[:length])
        contents = contents[length:]
    return found


def read_signed(contents: bytes) -> Signed:
    """Return what is signed, from the content of a certificate, a CRL or a response."""
    data, algorithm, signature, *_ = split(contents)
    identifier, *parameters = split(parser.parse(algorithm)[4])
    named = core.ObjectIdentifier.load(identifier).dotted
    bits = parser.parse(signature)[4]
    return Signed(data, named, b"".join(parameters), bits[1:])


def moment(value: Any) -> datetime.datetime:
    """
    Return a time, in UTC, without a fraction; the year 0 counts as the year 1.

    RFC 5280 §4.1.2.5.2 forbids fractions; a reader that accepts them may cut them off.

    Raises:
        Unreadable: If it has no time zone.
    """
    found = value.native
    if not isinstance(found, datetime.datetime):  # the year 0
        return _FIRST
    if found.tzinfo is None:
        raise Unreadable("a time without a time zone")
    try:
        return found.astimezone(datetime.UTC).replace(microsecond=0)
    except OverflowError:
        raise Unreadable("a time that is outside of all years in UTC") from None


_FIRST = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def read_response(der: bytes) -> Response:
    """
    Read a response.

    Raises:
        Unreadable: If asn1crypto does not read it, or it has no BasicOCSPResponse.
    """
    try:
        outer = ocsp.OCSPResponse.load(der, strict=True)
        if outer["response_status"].native != "successful":
            raise Unreadable("an error response")
        inner = outer["response_bytes"]
        if inner["response_type"].native != "basic_ocsp_response":
            raise Unreadable("another type of response")
        return _basic(inner["response"].parsed)
    except FAULTS as error:
        raise Unreadable(str(error)) from error


def _basic(basic: Any) -> Response:
    tbs = basic["tbs_response_data"]
    by = tbs["responder_id"]
    by_name = by.name == "by_name"
    return Response(
        version={"v1": 0}.get(tbs["version"].native, 1),
        responder_name=by.chosen.untag().dump() if by_name else None,
        responder_key=None if by_name else by.chosen.native,
        entries=tuple(_entry(each) for each in tbs["responses"]),
        extensions=read_extensions(tbs["response_extensions"]),
        certificates=tuple(split(basic["certs"].contents or b"")),
        signed=read_signed(basic.contents),
    )


def _entry(entry: Any) -> Entry:
    cert_id, status = entry["cert_id"], entry["cert_status"]
    next_update = entry["next_update"]
    revoked = status.name == "revoked"
    if not revoked and status.chosen.contents:
        raise Unreadable("a status with content")
    return Entry(
        hashed=cert_id["hash_algorithm"]["algorithm"].dotted,
        name_hash=cert_id["issuer_name_hash"].native,
        key_hash=cert_id["issuer_key_hash"].native,
        serial=cert_id["serial_number"].native,
        status=status.name,
        revoked_at=moment(status.chosen["revocation_time"]) if revoked else None,
        removed=revoked and status.chosen["revocation_reason"].contents == b"\x08",
        this_update=moment(entry["this_update"]),
        next_update=None if isinstance(next_update, core.Void) else moment(next_update),
        extensions=read_extensions(entry["single_extensions"]),
    )
