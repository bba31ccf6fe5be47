"""
Staples in Python's own TLS servers and clients, with pyOpenSSL.

``ssl`` in the standard library has no stapling. Rules of this file: a callback raises
nothing, since pyOpenSSL keeps what is raised for all connections of a context and may
show it to another one. A client that is in doubt ends the handshake.
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
    IssuerNotFound,
    MissingExtraError,
    OCSPError,
    StapleMissing,
)
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
_STRICT = Policy()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def staple_server(
    context: SSL.Context, staple: StapleFile, *, clock: Clock = _now
) -> None:
    """
    Let the servers of *context* send their staple to clients that ask for it.

    The file is read again whenever ``ocsp staple``, or a
    :class:`~ocsp.stapling.Stapler`, has replaced it. A staple that has ended, or is no
    evidence about the certificate, is not sent: clients then see none, which is what
    they can handle best.

    Args:
        context: Of a server, with the certificate of *staple*. Where several
            certificates are chosen among by name, each context has its own staple.

        staple: The file.

        clock: What tells the time, aware.
    """

    def current(connection: SSL.Connection, data: None) -> bytes:  # noqa: ARG001
        evidence = staple.evidence(clock())
        return evidence.response.public_bytes(Encoding.DER) if evidence else b""

    context.set_ocsp_server_callback(current)


class MissingStaple(enum.Enum):
    """What becomes of a server that sends no staple."""

    REFUSE = "refuse"
    """The handshake ends."""

    UNSAFE_ACCEPT = "unsafe-accept"
    """It goes on, unless the certificate demands a staple (RFC 7633): a server with a
    revoked certificate need only keep silent."""


@final
class StapleChecks:
    """
    The staples that the connections of a client got; from :func:`require_staple`.

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
        """Use :func:`require_staple`."""
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
        Return a connection that asks for a staple, ready for the handshake.

        One that is made in another way has to call ``request_ocsp()`` itself: without
        that no staple comes, and pyOpenSSL checks nothing.

        Args:
            sock: Connected; ``None`` for the memory BIOs of pyOpenSSL.

            server_name: The host, for SNI. Whether the certificate is for that host is
                not checked here, nor by pyOpenSSL: use ``service-identity``.
        """
        connection = SSL.Connection(self._context, sock)
        if server_name:
            connection.set_tlsext_host_name(server_name.encode("idna"))
        connection.request_ocsp()
        connection.set_connect_state()
        return connection

    def handshake(self, connection: SSL.Connection) -> VerifiedResponse | None:
        """
        Do the handshake of a blocking connection, and return what the staple proves.

        Returns:
            Evidence that says *good*. ``None`` only if there was no staple, and that
            was accepted.

        Raises:
            OCSPError: As :meth:`evidence`.
            OpenSSL.SSL.Error: If something else was wrong.
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
        Return what the staple of *connection* proves, after the handshake.

        Returns:
            As :meth:`handshake`.

        Raises:
            VerificationError: If the staple is no evidence, or there is none where the
                certificate demands one.
            CertificateNotGood: If it says *revoked* or *unknown*.
            StapleMissing: If there is none, or none was asked for.
            IssuerNotFound: If the chain of the server has no issuer in it.
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
        chain = connection.get_verified_chain(as_cryptography=True) or []
        if len(chain) < 2:
            raise IssuerNotFound("the chain of the server ends with its certificate")
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
            raise OCSPError(f"the certificate cannot be read: {error}") from error
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
    policy: Policy = _STRICT,
    clock: Clock = _now,
) -> StapleChecks:
    """
    Let the clients of *context* accept only servers whose staple says *good*.

    Checked is the staple of the server's own certificate, by
    :func:`ocsp.verify_staple`; not those of intermediate certificates, for which TLS
    1.2 has no place and which servers do not send. A session that is resumed brings no
    staple, and is refused like a server that sends none.

    Args:
        context: Of a client. It verifies the chain of the server
            (``set_verify(VERIFY_PEER)``, before): the issuer is taken from there.

        missing: What becomes of a server that sends no staple.

        responders: As for :func:`ocsp.verify`.

        policy: As for :func:`ocsp.verify`.

        clock: What tells the time, aware.

    Returns:
        What makes connections, and knows what came of their staples.

    Raises:
        ConfigError: If *context* does not verify the server.
        TypeError: If *missing* is no :class:`MissingStaple`.
    """
    if not isinstance(missing, MissingStaple):
        raise TypeError("missing must be a MissingStaple")
    if not context.get_verify_mode() & SSL.VERIFY_PEER:
        raise ConfigError("context", "does not verify the server: set VERIFY_PEER")
    return StapleChecks(context, missing, responders, policy, clock)
