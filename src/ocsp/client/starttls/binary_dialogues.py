"""STARTTLS in binary protocols: LDAP, PostgreSQL and MySQL."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from ocsp import limits
from ocsp.client.starttls.connection import PlainConnection, shown

__all__ = ["ldap", "mysql", "postgres"]


# --- LDAP ------------------------------------------------------------------------

_START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""LDAPMessage 1: an ExtendedRequest with the name of StartTLS (RFC 4511 §4.14.1)."""

_SEQUENCE, _INTEGER, _ENUMERATED, _OCTETS, _EXTENDED_RESPONSE = 0x30, 2, 10, 4, 0x78


def ldap(connection: PlainConnection) -> None:
    """Start TLS in LDAP (RFC 4511 §4.14)."""
    connection.send(_START_TLS)
    message = io.BytesIO(_value(connection.read_exactly, _SEQUENCE))
    number = _value(message.read, _INTEGER)
    response = io.BytesIO(_value(message.read, _EXTENDED_RESPONSE))
    code = int.from_bytes(_value(response.read, _ENUMERATED))
    _value(response.read, _OCTETS)  # matchedDN
    text = _value(response.read, _OCTETS)
    if number != b"\x01" or code != 0:
        raise ConnectionError(
            f"the server did not begin TLS: its LDAP result code is {code}, "
            f"{shown(text)!r}"
        )


def _value(read: Callable[[int], bytes], tag: int) -> bytes:
    """Read one BER value with the given *tag*, and return its content."""
    if read(1) == bytes((tag,)):
        length = int.from_bytes(read(1))
        if length & 0x80:  # the long form, which some servers use for short lengths too
            length = int.from_bytes(read(min(length & 0x7F, 8)))
        if length <= limits.MAX_STARTTLS_BYTES:
            content = read(length)
            if len(content) == length:
                return content
    raise ConnectionError("the server did not answer in LDAP")


# --- PostgreSQL ------------------------------------------------------------------


def postgres(connection: PlainConnection) -> None:
    """Start TLS in the protocol of PostgreSQL 7.2 and later (SSLRequest)."""
    connection.send(struct.pack("!ii", 8, 80877103))
    answer = connection.read_exactly(1)
    if answer == b"N":
        raise ConnectionError("the PostgreSQL server does not use TLS")
    if answer != b"S":
        raise ConnectionError("the server did not answer in PostgreSQL's protocol")


# --- MySQL -----------------------------------------------------------------------

_PROTOCOL_41, _SSL, _SECURE_CONNECTION = 0x0200, 0x0800, 0x8000
_MAX_PACKET = 1 << 24
_UTF8 = 33
_AFTER_VERSION = 4 + 8 + 1
"""Octets between the version and the capabilities: thread, part of a nonce, a zero."""


def mysql(connection: PlainConnection) -> None:
    """Start TLS in the protocol of MySQL and MariaDB (Protocol::SSLRequest)."""
    length = int.from_bytes(connection.read_exactly(3), "little")
    number = connection.read_exactly(1)[0]
    greeting = connection.read_exactly(length)
    if greeting[:1] == b"\xff":
        raise ConnectionError(
            f"the MySQL server refused the connection: {shown(greeting[3:])!r}"
        )
    _, _, rest = greeting.partition(b"\0")
    flags = rest[_AFTER_VERSION : _AFTER_VERSION + 2]
    if greeting[:1] != b"\x0a" or len(flags) < 2:
        raise ConnectionError("the server did not greet in MySQL's protocol 10")
    if not int.from_bytes(flags, "little") & _SSL:
        raise ConnectionError("the MySQL server does not use TLS")
    wanted = _PROTOCOL_41 | _SSL | _SECURE_CONNECTION
    body = struct.pack("<IIB23x", wanted, _MAX_PACKET, _UTF8)
    header = len(body).to_bytes(3, "little") + bytes(((number + 1) & 0xFF,))
    connection.send(header + body)
