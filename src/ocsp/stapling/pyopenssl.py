"""
Send and check staples in TLS servers and clients in Python, with pyOpenSSL.

``ssl`` in the standard library does not support stapling. No callback here raises an
exception: pyOpenSSL stores it for the context and may raise it in another connection.
A client without proof that the certificate is good ends the handshake.
"""

from __future__ import annotations

import datetime
import enum
import socket
from collections.abc import Callable
from typing import final
from weakref import WeakKeyDictionary

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import (
    ConfigError,
    DecodeError,
    IssuerNotFound,
    MissingExtraError,
    OCSPError,
    SchemaError,
    StapleMissing,
)
from ocsp.guarded.certificates import load_certificate
from ocsp.guarded.tls import verified_chain
from ocsp.stapling.staple_file import StapleFile
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.staple import verify_staple

try:
    from OpenSSL import SSL
except ModuleNotFoundError as error:
    raise MissingExtraError("stapling in Python", "pyopenssl") from error

__all__ = ["MissingStaple", "StapleChecks", "require_staple", "staple_server"]

Clock = Callable[[], datetime.datetime]
_DEFAULT = Policy()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def staple_server(
    context: SSL.Context, staple: StapleFile, *, clock: Clock = _now
) -> None:
    """
    Make the servers of *context* send their staple to clients that ask for it.

    The file is read again after ``ocsp staple``, or a
    :class:`~ocsp.stapling.Stapler`, has replaced it. A staple that has expired or that
    cannot be verified is not sent: clients handle a missing staple better than a wrong
    one.

    Args:
        context: The context of a server, with the certificate of *staple*. If a server
            chooses among several certificates by SNI, each has its own context and its
            own staple.

        staple: The staple file.

        clock: Returns the current time, aware.
    """

    def current(connection: SSL.Connection, data: None) -> bytes:  # noqa: ARG001
        evidence = staple.evidence(clock())
        return evidence.response.public_bytes(Encoding.DER) if evidence else b""

    context.set_ocsp_server_callback(current)


class MissingStaple(enum.Enum):
    """What a client does if the server sends no staple."""

    REFUSE = "refuse"
    """End the handshake."""

    UNSAFE_ACCEPT = "unsafe-accept"
    """Continue, unless the certificate requires a staple (RFC 7633). Unsafe: a server
    with a revoked certificate can simply send none."""


@final
class StapleChecks:
    """
    Checks the staples of a client's connections; made by :func:`require_staple`.

    ::

        checks = require_staple(context)
        connection = checks.connection(sock, "example.org")
        evidence = checks.handshake(connection)
    """

    def __init__(
        self,
        context: SSL.Context,
        missing: MissingStaple,
        responders: tuple[x509.Certificate, ...],
        policy: Policy,
        clock: Clock,
    ) -> None:
        """Do not call this directly; use :func:`require_staple`."""
        self._context = context
        self._missing = missing
        self._responders = responders
        self._policy = policy
        self._clock = clock
        self._found: WeakKeyDictionary[
            SSL.Connection, VerifiedResponse | OCSPError | None
        ] = WeakKeyDictionary()
        context.set_ocsp_client_callback(self._decide)

    def connection(
        self, sock: socket.socket | None, server_name: str = ""
    ) -> SSL.Connection:
        """
        Return a connection that requests a staple, ready for the handshake.

        If you create the connection in another way, call ``request_ocsp()`` yourself:
        otherwise the server sends no staple and pyOpenSSL does not run the check.

        Args:
            sock: A connected socket; ``None`` for the memory BIOs of pyOpenSSL.

            server_name: The host name, for SNI. Not checked, neither here nor by
                pyOpenSSL: that the certificate is for this host. Use
                ``service-identity`` for that.
        """
        connection = SSL.Connection(self._context, sock)
        if server_name:
            connection.set_tlsext_host_name(server_name.encode("idna"))
        connection.request_ocsp()
        connection.set_connect_state()
        return connection

    def handshake(self, connection: SSL.Connection) -> VerifiedResponse | None:
        """
        Do the handshake of a blocking connection, and return the verified staple.

        Returns:
            Evidence with status *good*. ``None`` only if the server sent no staple and
            the client accepts that.

        Raises:
            OCSPError: As :meth:`evidence`.
            OpenSSL.SSL.Error: If the handshake failed for another reason.
        """
        try:
            connection.do_handshake()
        except SSL.Error:
            found = self._found.get(connection)
            if isinstance(found, OCSPError):
                raise found from None
            raise
        return self.evidence(connection)

    def evidence(self, connection: SSL.Connection) -> VerifiedResponse | None:
        """
        Return the verified staple of *connection*, after the handshake.

        Returns:
            As :meth:`handshake`.

        Raises:
            VerificationError: If the staple cannot be verified, or is missing and the
                certificate requires one.
            CertificateNotGood: If its status is *revoked* or *unknown*.
            StapleMissing: If the server sent none, or the client did not request one.
            IssuerNotFound: If the server's chain does not contain the issuer.
            ConfigError: If the verification of the server was switched off meanwhile.
        """
        found = self._found.get(connection, StapleMissing())
        if isinstance(found, OCSPError):
            raise found
        return found

    def _decide(self, connection: SSL.Connection, staple: bytes, _: None) -> bool:
        try:
            self._found[connection] = self._judge(connection, staple)
        except OCSPError as error:
            self._found[connection] = error
            return False
        return True

    def _judge(
        self, connection: SSL.Connection, staple: bytes
    ) -> VerifiedResponse | None:
        _require_verification(connection)
        try:
            chain = [load_certificate(der) for der in verified_chain(connection)[:2]]
        except DecodeError as error:
            raise SchemaError("a certificate of the server cannot be read") from error
        if len(chain) < 2:
            raise IssuerNotFound(
                "the server's chain has only its own certificate, without the issuer"
            )
        try:
            evidence = verify_staple(
                staple,
                chain[0],
                chain[1],
                at=self._clock(),
                responders=self._responders,
                policy=self._policy,
            )
        except ValueError as error:
            if isinstance(error, OCSPError):
                raise
            raise OCSPError(
                f"the server's certificate cannot be decoded: {error}"
            ) from error
        if evidence is not None:
            return evidence.require_good()
        if self._missing is MissingStaple.REFUSE:
            raise StapleMissing
        return None


def require_staple(
    context: SSL.Context,
    *,
    missing: MissingStaple = MissingStaple.REFUSE,
    responders: tuple[x509.Certificate, ...] = (),
    policy: Policy = _DEFAULT,
    clock: Clock = _now,
) -> StapleChecks:
    """
    Make the clients of *context* accept only servers with a staple that is *good*.

    :func:`ocsp.verify_staple` checks the staple of the server's own certificate. Not
    checked: staples of intermediate certificates, which TLS 1.2 does not support and
    servers do not send; what a callback of ``set_verify`` accepts against the verdict
    of OpenSSL. A resumed session has no staple, and is refused also if *missing* says
    that none is needed.

    Args:
        context: The context of a client. It must verify the server's chain already
            (``set_verify(VERIFY_PEER)``), because the issuer is taken from that chain.

        missing: What to do if the server sends no staple.

        responders: As for :func:`ocsp.verify`.

        policy: As for :func:`ocsp.verify`.

        clock: Returns the current time, aware.

    Returns:
        An object that makes connections and has the result for each.

    Raises:
        ConfigError: If *context* does not verify the server.
        TypeError: If *missing* is not a :class:`MissingStaple`.
    """
    if not isinstance(missing, MissingStaple):
        raise TypeError(f"missing must be a MissingStaple, not {missing!r}")
    _require_verification(context)
    return StapleChecks(context, missing, responders, policy, clock)


def _require_verification(client: SSL.Context | SSL.Connection) -> None:
    """Raise if the issuer in the chain of a server is not proven."""
    if not client.get_verify_mode() & SSL.VERIFY_PEER:
        raise ConfigError(
            "context", "does not verify the server; call set_verify(SSL.VERIFY_PEER)"
        )
