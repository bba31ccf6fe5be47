"""
Get the certificate chain and the staple of a TLS server.

RFC 6066 §8. The handshake uses pyOpenSSL, because Python's ``ssl`` does not return
staples. The path is verified before anything in it is used: without that, an attacker
could choose the URLs in the certificates.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from ocsp import limits
from ocsp.client.certificate_files import readable_certificates
from ocsp.client.starttls.protocols import StartTLS, start_tls
from ocsp.client.tls_path import system_roots, verified_path
from ocsp.client.transport.resolver import NOT_A_NAME, resolver
from ocsp.errors import DecodeError, MissingExtraError, TLSPeerError
from ocsp.guarded.addresses import address_of
from ocsp.guarded.certificates import load_certificate
from ocsp.guarded.tls import shown_chain

if TYPE_CHECKING:
    from OpenSSL import SSL

__all__ = ["TLSPeer", "read_tls_peer"]


_HIGHEST_PORT = 65535


class TLSPeer(NamedTuple):
    """
    The certificates and the staple of a server.

    Attributes:
        chain: The verified path, from the server's certificate to the root.

        staple: The stapled OCSP response, not verified; empty if there is none.
    """

    chain: list[x509.Certificate]
    staple: bytes


def read_tls_peer(
    host: str,
    port: int,
    *,
    server_name: str | None = None,
    starttls: StartTLS | None = None,
    roots: Sequence[x509.Certificate] | None = None,
    timeout: float = 10.0,
) -> TLSPeer:
    """
    Connect to the server at *host* and *port*, and return its chain and staple.

    The certification path is verified for the name of the server (RFC 5280 §6,
    RFC 9525). Not checked: the status of any certificate, and the staple.

    Args:
        host: A host name, or an IP address.

        port: The TCP port.

        server_name: The name of the server, sent to it (RFC 6066 §3) and expected in
            its certificate. Default: *host*.

        starttls: The protocol in which the server starts TLS. Default: TLS begins at
            once.

        roots: The trusted roots. Default: those of the system.

        timeout: Seconds for the connection, the start of TLS and the handshake.

    Raises:
        TLSPeerError: If the connection or the handshake fails.
        TLSPeerNotTrusted: If the certification path is not trusted, or (as
            ``TLSPeerWrongName``) the certificate is for another name.
        ConfigError: If there are no trusted roots.
        MissingExtraError: If pyOpenSSL is not installed.
    """
    server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = host if server_name is None else server_name
    try:
        shown, staple = _handshake(host, port, name, starttls, timeout)
    except (OSError, UnicodeError) as error:  # UnicodeError: not a host name
        raise TLSPeerError(server, _why(error)) from error
    if not shown:
        raise TLSPeerError(server, "the server sent no certificate")
    trusted = system_roots() if roots is None else list(roots)
    return TLSPeer(verified_path(server, name, shown, trusted), staple)


def _why(error: OSError | UnicodeError) -> str:
    """Return what failed, without the number of the error."""
    if isinstance(error, UnicodeError):
        return NOT_A_NAME
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__


def _handshake(
    host: str, port: int, name: str, starttls: StartTLS | None, timeout: float
) -> tuple[list[x509.Certificate], bytes]:
    """
    Return the certificates and the staple that the server sends.

    Raises:
        OSError: If the handshake fails, or takes too long.
    """
    try:
        from OpenSSL import SSL
    except ModuleNotFoundError as error:
        raise MissingExtraError("checking a TLS server", "pyopenssl") from error
    staples: list[bytes] = []

    def keep(_: SSL.Connection, staple: bytes, __: object) -> bool:
        staples.append(staple)
        return True  # the staple is verified later, after the chain

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_ocsp_client_callback(keep)
    until = time.monotonic() + min(timeout, limits.MAX_WAIT_SECONDS)
    with contextlib.closing(_connect(host, port, until)) as raw:
        if starttls is not None:
            start_tls(raw, starttls, until)
        connection = SSL.Connection(context, raw)
        if address_of(name) is None:
            connection.set_tlsext_host_name(_indicated(name))
        connection.request_ocsp()
        connection.set_connect_state()
        raw.setblocking(False)
        try:
            _finish(connection, raw, until)
        except SSL.Error as error:
            raise OSError(f"the TLS handshake failed: {_reason(error)}") from error
        return _readable(connection), staples[0] if staples else b""


def _indicated(name: str) -> bytes:
    """
    Return *name* as it is sent to the server (RFC 6066 §3).

    Raises:
        OSError: If it has a null character, for which pyOpenSSL raises a ``TypeError``.
        UnicodeError: If it is no host name.
    """
    if "\0" in name:
        raise OSError("the name has a null character")
    return name.encode("idna")


def _readable(connection: SSL.Connection) -> list[x509.Certificate]:
    """
    Return the certificates that the server sent, its own first.

    Others that cannot be read are left out: the path may not need them.

    Raises:
        OSError: If its own cannot be read.
    """
    try:
        shown = shown_chain(connection)
        certificates = [load_certificate(der) for der in shown[:1]]
    except DecodeError as error:
        raise OSError("the server's certificate cannot be read") from error
    for der in shown[1:]:
        certificates += readable_certificates(der)
    return certificates


def _connect(host: str, port: int, until: float) -> socket.socket:
    """
    Return a connection to *host*.

    Raises:
        OSError: If none of its addresses can be connected to in time.
    """
    if not 1 <= port <= _HIGHEST_PORT:
        raise OSError(f"the port is not between 1 and {_HIGHEST_PORT}")
    addresses = [host]
    if address_of(host) is None:
        addresses = resolver.resolve(host, port, _left(until, "resolving the name"))
    failure = OSError(f"{host} has no address")
    for address in addresses[: limits.MAX_ADDRESSES]:
        left = _left(until, "connecting")
        try:
            return socket.create_connection((address, port), left)
        except OSError as error:
            failure = error
    raise failure


def _left(until: float, what: str) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"{what} took too long")
    return left


def _finish(connection: SSL.Connection, raw: socket.socket, until: float) -> None:
    from OpenSSL import SSL

    while True:
        left = _left(until, "the TLS handshake")
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            _wait(raw, selectors.EVENT_READ, left)
        except SSL.WantWriteError:
            _wait(raw, selectors.EVENT_WRITE, left)
        else:
            return


def _wait(raw: socket.socket, event: int, seconds: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(raw, event)
        selector.select(seconds)


def _reason(error: Exception) -> str:
    """Return the text of OpenSSL's last error, without its codes."""
    stack = error.args[0] if error.args else None
    if isinstance(stack, list) and stack:
        return str(stack[-1][-1])
    return str(error) or type(error).__name__
