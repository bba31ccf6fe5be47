"""The clients of the standard library with a protected context."""

from __future__ import annotations

import socket
import ssl
import urllib.error
from pathlib import Path

import pytest

from ocsp.tls import RevocationRefused
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import (
    check_client,
    lines,
    recipe,
    serve_http,
)


def test_http_client(scene: Scene) -> None:
    """A revoked server raises the error itself."""
    source = recipe("howto/tls-http-clients.md", "http.client")
    assert isinstance(check_client(scene, source, serve_http), RevocationRefused)


def test_a_private_ca(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its root in a file, and its responder at a private address."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text(scene.root_pem())
    own = recipe("tls.md", "A private CA")
    assert own.endswith("ocsp.tls.protect(context, ocsp.Client(options))\n")
    source = own + recipe("howto/tls-http-clients.md", "http.client")
    assert isinstance(check_client(scene, source, serve_http), RevocationRefused)


def test_urllib_request(scene: Scene) -> None:
    """A revoked server raises ``URLError``, with the error as its reason."""
    source = recipe("howto/tls-http-clients.md", "urllib.request")
    error = check_client(scene, source, serve_http)
    assert isinstance(error, urllib.error.URLError)
    assert isinstance(error.reason, RevocationRefused)


def _serve_smtp(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.sendall(b"220 ready\r\n")
    for line in lines(connection):
        if line.upper().startswith(b"EHLO"):
            connection.sendall(b"250-localhost\r\n250 STARTTLS\r\n")
        else:
            connection.sendall(b"220 go ahead\r\n")
            break
    with context.wrap_socket(connection, server_side=True) as tls:
        for line in lines(tls):
            if line.upper() == b"QUIT":
                tls.sendall(b"221 bye\r\n")
                break
            tls.sendall(b"250 ok\r\n")


def _serve_imap(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.sendall(b"* OK ready\r\n")
    for line in lines(connection):
        tag, command = line.split()[:2]
        if command == b"CAPABILITY":
            connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
        connection.sendall(tag + b" OK done\r\n")
        if command == b"STARTTLS":
            break
    with context.wrap_socket(connection, server_side=True) as tls:
        for line in lines(tls):
            tag, command = line.split()[:2]
            if command == b"CAPABILITY":
                tls.sendall(b"* CAPABILITY IMAP4rev1\r\n")
            if command == b"LOGOUT":
                tls.sendall(b"* BYE\r\n")
            tls.sendall(tag + b" OK done\r\n")
            if command == b"LOGOUT":
                break


def _serve_ftp(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.sendall(b"220 ready\r\n")
    for line in lines(connection):
        connection.sendall(b"234 go ahead\r\n")
        if line.upper().startswith(b"AUTH"):
            break
    with context.wrap_socket(connection, server_side=True) as tls:
        for line in lines(tls):
            tls.sendall(b"200 ok\r\n")
            if line.upper() == b"QUIT":
                break


@pytest.mark.parametrize(
    ("library", "serve"),
    [("smtplib", _serve_smtp), ("imaplib", _serve_imap), ("ftplib", _serve_ftp)],
    ids=["smtplib", "imaplib", "ftplib"],
)
def test_starttls(scene: Scene, library: str, serve: object) -> None:
    """A revoked server raises the error itself, and gets no command over TLS."""
    source = recipe("howto/tls-other-clients.md", library)
    error = check_client(scene, source, serve)  # type: ignore[arg-type]
    assert isinstance(error, RevocationRefused)
