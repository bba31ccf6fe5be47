"""
What a TLS server shows: its chain, and the staple beside it.

RFC 6066 §8 (staples), RFC 5280 §6 (the path). Rules of this file: nothing in the chain
is used before its path is verified, by ``cryptography``, to a root that the user or the
system trusts: the URLs in it would otherwise be anybody's. Python's own ``ssl`` does
not give staples, so the handshake is pyOpenSSL's.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import select
import socket
import ssl
import time
import warnings
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.x509 import verification

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.loading import load_certificates
from ocsp.errors import MissingExtraError

if TYPE_CHECKING:
    from OpenSSL import SSL

__all__ = ["ServerCertificates", "from_server"]


class ServerCertificates(NamedTuple):
    """
    What a server has shown.

    Attributes:
        chain: Its certificates from its own to the root, the path verified.

        staple: The OCSP response that came along, or empty. Nothing of it is verified.
    """

    chain: list[x509.Certificate]
    staple: bytes


def from_server(
    host: str, port: int, roots: str | None, timeout: float
) -> ServerCertificates:
    """
    Return what the server at *host* and *port* shows.

    Raises:
        CommandError: If there is no connection, or the path is not trusted.
        MissingExtraError: If pyOpenSSL is not installed.
    """
    where = f"{host}:{port}"
    try:
        shown, staple = _handshake(host, port, timeout)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host
        raise CommandError(where, str(error) or type(error).__name__) from error
    return ServerCertificates(_verified(where, host, shown, roots), staple)


def _handshake(
    host: str, port: int, timeout: float
) -> tuple[list[x509.Certificate], bytes]:
    """
    Return the certificates and the staple that the server sends.

    Raises:
        OSError: If that fails, or takes too long.
    """
    try:
        from OpenSSL import SSL
    except ModuleNotFoundError as error:
        raise MissingExtraError("asking a TLS server", "pyopenssl") from error
    staples: list[bytes] = []

    def keep(_: SSL.Connection, staple: bytes, __: object) -> bool:
        staples.append(staple)
        return True  # it is verified later, when the chain is

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_ocsp_client_callback(keep)
    until = time.monotonic() + timeout
    with contextlib.closing(socket.create_connection((host, port), timeout)) as raw:
        connection = SSL.Connection(context, raw)
        if _address(host) is None:
            connection.set_tlsext_host_name(host.encode("idna"))
        connection.request_ocsp()
        connection.set_connect_state()
        raw.setblocking(False)
        try:
            _finish(connection, raw, until)
        except SSL.Error as error:
            raise OSError(f"the TLS handshake failed: {_reason(error)}") from error
        chain = connection.get_peer_cert_chain(as_cryptography=True) or []
    return list(chain), staples[0] if staples else b""


def _finish(connection: SSL.Connection, raw: socket.socket, until: float) -> None:
    from OpenSSL import SSL

    while True:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the TLS handshake took too long")
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            select.select([raw], [], [], left)
        except SSL.WantWriteError:
            select.select([], [raw], [], left)
        else:
            return


def _reason(error: Exception) -> str:
    """Return what OpenSSL says last, without its codes."""
    stack = error.args[0] if error.args else None
    if isinstance(stack, list) and stack:
        return str(stack[-1][-1])
    return str(error) or type(error).__name__


def _verified(
    where: str, host: str, shown: list[x509.Certificate], roots: str | None
) -> list[x509.Certificate]:
    """Return the path from the server's certificate to a root that is trusted."""
    if not shown:
        raise CommandError(where, "shows no certificate")
    builder = verification.PolicyBuilder().store(verification.Store(_roots(roots)))
    builder = builder.time(datetime.datetime.now(datetime.UTC))
    try:
        verifier = builder.build_server_verifier(_subject(host))
        return verifier.verify(shown[0], shown[1:])
    except (verification.VerificationError, ValueError) as error:
        hint = "--ca FILE names other roots" if roots is None else ""
        raise CommandError(where, f"its path is not trusted: {error}", hint) from error


def _roots(file: str | None) -> list[x509.Certificate]:
    if file is not None:
        return load_certificates(file)
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    found = [root for each in known for root in _loaded(each)]
    if not found:
        raise CommandError("--ca", "this system names no trusted roots", "give a file")
    return found


def _loaded(der: bytes) -> list[x509.Certificate]:
    """Return a root of the system, if it can be read: some are older than the rules."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [x509.load_der_x509_certificate(der)]
        except ValueError:
            return []


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _subject(host: str) -> x509.DNSName | x509.IPAddress:
    address = _address(host)
    if address is not None:
        return x509.IPAddress(address)
    return x509.DNSName(host.encode("idna").decode())
