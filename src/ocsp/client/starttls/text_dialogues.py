"""
STARTTLS in protocols of text lines: SMTP, FTP, IMAP and POP3.

No text of the caller is part of a command, so nothing can be injected.
"""

from __future__ import annotations

from ocsp.client.starttls.connection import PlainConnection, shown

__all__ = ["ftp", "imap", "pop3", "smtp"]


def smtp(connection: PlainConnection) -> None:
    """Start TLS in SMTP (RFC 3207)."""
    _require_code(connection, b"220", "its greeting was")
    connection.send(f"EHLO {connection.address_literal()}\r\n".encode())
    _require_code(connection, b"250", "it answered EHLO with")
    connection.send(b"STARTTLS\r\n")
    _require_code(connection, b"220", "it answered STARTTLS with")


def ftp(connection: PlainConnection) -> None:
    """Start TLS on the control connection of FTP (RFC 4217 §4)."""
    _require_code(connection, b"220", "its greeting was")
    connection.send(b"AUTH TLS\r\n")
    _require_code(connection, b"234", "it answered AUTH TLS with")


def imap(connection: PlainConnection) -> None:
    """Start TLS in IMAP (RFC 9051 §6.2.1)."""
    # After "* PREAUTH" the command is not allowed (RFC 9051 §7.1.4).
    _require_start(connection.read_line(), b"* OK", "its greeting was")
    connection.send(b"A1 STARTTLS\r\n")
    line = connection.read_line()
    while line.startswith(b"* "):  # an untagged response, which may come at any time
        line = connection.read_line()
    _require_start(line, b"A1 OK", "it answered STARTTLS with")


def pop3(connection: PlainConnection) -> None:
    """Start TLS in POP3 (RFC 2595 §4)."""
    _require_start(connection.read_line(), b"+OK", "its greeting was")
    connection.send(b"STLS\r\n")
    _require_start(connection.read_line(), b"+OK", "it answered STLS with")


def _require_code(connection: PlainConnection, code: bytes, what: str) -> None:
    """
    Read one reply of SMTP or FTP, and check its code.

    A reply of several lines has a hyphen after the code in its first line, and a space
    in its last (RFC 5321 §4.2.1, RFC 959 §4.2).
    """
    first = line = connection.read_line()
    if first[3:4] == b"-":
        while line[:4].rstrip() != first[:3]:
            line = connection.read_line()
    _require_start(first, code, what)


def _require_start(line: bytes, start: bytes, what: str) -> None:
    if not line.upper().startswith(start):
        raise ConnectionError(f"the server did not begin TLS: {what} {shown(line)!r}")
