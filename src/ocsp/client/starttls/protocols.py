"""The protocols that can start TLS on an open connection, and their ports."""

from __future__ import annotations

import enum
import socket

from ocsp.client.starttls.binary_dialogues import ldap, mysql, postgres
from ocsp.client.starttls.connection import PlainConnection
from ocsp.client.starttls.text_dialogues import ftp, imap, pop3, smtp

__all__ = ["StartTLS", "start_tls"]


class StartTLS(enum.Enum):
    """A protocol in which TLS begins on an open connection."""

    SMTP = "smtp"
    """Mail (RFC 3207)."""

    IMAP = "imap"
    """Mailboxes (RFC 9051 §6.2.1)."""

    POP3 = "pop3"
    """Mailboxes (RFC 2595 §4)."""

    FTP = "ftp"
    """Files (RFC 4217)."""

    LDAP = "ldap"
    """Directories (RFC 4511 §4.14)."""

    POSTGRES = "postgres"
    """PostgreSQL."""

    MYSQL = "mysql"
    """MySQL and MariaDB."""

    @property
    def port(self) -> int:
        """The port that servers of this protocol use by default."""
        return _PORTS[self]


_PORTS = {
    StartTLS.SMTP: 25,
    StartTLS.IMAP: 143,
    StartTLS.POP3: 110,
    StartTLS.FTP: 21,
    StartTLS.LDAP: 389,
    StartTLS.POSTGRES: 5432,
    StartTLS.MYSQL: 3306,
}

_DIALOGUES = {
    StartTLS.SMTP: smtp,
    StartTLS.IMAP: imap,
    StartTLS.POP3: pop3,
    StartTLS.FTP: ftp,
    StartTLS.LDAP: ldap,
    StartTLS.POSTGRES: postgres,
    StartTLS.MYSQL: mysql,
}


def start_tls(raw: socket.socket, protocol: StartTLS, until: float) -> None:
    """
    Agree with the server that the next octets on *raw* are those of TLS.

    Args:
        raw: A connected socket on which nothing was sent or read.

        protocol: The protocol of the server.

        until: The deadline, by ``time.monotonic``.

    Raises:
        OSError: If the server does not agree, answers in another protocol, sends more
            than the limits allow, or takes too long.
    """
    connection = PlainConnection(raw, until)
    _DIALOGUES[protocol](connection)
    connection.require_nothing_unread()
