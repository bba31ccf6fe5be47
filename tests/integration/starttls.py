"""Servers that start TLS in the dialogue of a protocol, on loopback."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from ocsp.client import StartTLS

_MYSQL = (
    b"\x0a8.0.36\0"
    + bytes(4)
    + b"saltsalt\0"
    + b"\xff\xff\x21\x02\x00\xff\xdf\x15"
    + bytes(10)
    + b"moresaltmore\0mysql_native_password\0"
)

Step = tuple[bytes, bytes]
"""A pattern for what the client sends, and what the server sends next."""

DIALOGUES: dict[StartTLS, tuple[Step, ...]] = {
    StartTLS.SMTP: (
        (b"", b"220-mail.example.org\r\n220 ready\r\n"),
        (rb"EHLO [^\r\n]+\r\n", b"250-mail.example.org\r\n250 STARTTLS\r\n"),
        (rb"STARTTLS\r\n", b"220 go ahead\r\n"),
    ),
    StartTLS.IMAP: (
        (b"", b"* OK ready\r\n"),
        # openssl asks for the capabilities first, ours does not.
        (rb"(?:\S+ CAPABILITY\r\n)?", b"* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK\r\n"),
        (rb"\S+ STARTTLS\r\n", b"%s OK begin\r\n"),
    ),
    StartTLS.POP3: ((b"", b"+OK ready\r\n"), (rb"STLS\r\n", b"+OK begin\r\n")),
    StartTLS.FTP: (
        (b"", b"220-welcome\r\n 220 here\r\n220 ready\r\n"),
        (rb"(?:FEAT\r\n)?", b"211-\r\n AUTH TLS\r\n211 End\r\n"),
        (rb"AUTH TLS\r\n", b"234 go ahead\r\n"),
    ),
    StartTLS.LDAP: (
        (
            rb"(?s)\x30.{4}\x77.*1\.3\.6\.1\.4\.1\.1466\.20037",
            bytes.fromhex("300c02010178070a010004000400"),
        ),
    ),
    StartTLS.POSTGRES: ((rb"\0\0\0\x08\x04\xd2\x16\x2f", b"S"),),
    StartTLS.MYSQL: (
        (b"", len(_MYSQL).to_bytes(3, "little") + b"\0" + _MYSQL),
        (rb"(?s).{36}", b""),
    ),
}


def _talk(peer: socket.socket, protocol: StartTLS) -> None:
    """Do the part of the server, step by step."""
    for pattern, reply in DIALOGUES[protocol]:
        said = b""
        if pattern.startswith(b"(?:"):  # an optional command
            said = peer.recv(4096, socket.MSG_PEEK)
            if not re.match(pattern[:-1], said):
                continue
            said = peer.recv(4096)
        while not re.fullmatch(pattern, said):
            more = peer.recv(1)  # what follows may be TLS already
            if not more:
                raise ConnectionError(f"{protocol}: {said!r}")
            said += more
        tag = said.split()[:1] if b"%s" in reply else []
        peer.sendall(reply % tuple(tag))


@contextlib.contextmanager
def serving(protocol: StartTLS, cert: Path, key: Path) -> Iterator[int]:
    """Run a server while the ``with`` block runs, and return its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def run() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.settimeout(10)
                _talk(peer, protocol)
                with context.wrap_socket(peer, server_side=True) as secured:
                    secured.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(15)
