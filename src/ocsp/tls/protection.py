"""``protect``: make an SSL context check the revocation of its peers."""

from __future__ import annotations

import socket
import ssl
import sys
from typing import Any, cast

from ocsp import limits
from ocsp.client import Client, FailMode
from ocsp.errors import ConfigError, UnsupportedError
from ocsp.tls.guards import (
    GuardedObject,
    GuardedSocket,
    guarded_object,
    guarded_socket,
)
from ocsp.tls.judge import Chain, Judge
from ocsp.tls.waiting import Waiting

__all__ = ["Protection", "protect"]


class Protection:
    """
    The protection of one SSL context. :func:`protect` makes it.

    Attributes:
        client: The client that checks the certificates.

        fail: What happens to a peer without a status.

        chain: Which certificates of a peer are checked.
    """

    def __init__(self, context: ssl.SSLContext, judge: Judge, *, recheck: bool) -> None:
        self._context = context
        self._judge = judge
        self._recheck = recheck

    @property
    def client(self) -> Client:
        """The client that checks the certificates."""
        return self._judge.client

    @property
    def fail(self) -> FailMode:
        """What happens to a peer whose check gives no status."""
        return self._judge.fail

    @property
    def chain(self) -> Chain:
        """Which certificates of a peer are checked."""
        return self._judge.chain

    def prime(
        self,
        host: str,
        port: int,
        *,
        server_hostname: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        """
        Connect to a server once, so that its status is known before it is needed.

        This blocks. Call it before an event loop starts, or in a thread
        (``asyncio.to_thread``).

        Args:
            host: The name or the address of the server.

            port: Its TCP port. The server speaks TLS there from the first octet on.

            server_hostname: The name in its certificate; by default *host*.

            timeout: How many seconds connecting, and each step of the handshake, may
                take.

        Raises:
            RevocationRefused: If the server is refused.
            OSError: If the connection or the handshake fails for another reason.
        """
        name = host if server_hostname is None else server_hostname
        with (
            socket.create_connection((host, port), timeout) as connected,
            self._context.wrap_socket(connected, server_hostname=name),
        ):
            pass

    def recheck(self, connection: object) -> None:
        """
        Check the peer of an open connection again, for example in a pool.

        The answer is the one that a new handshake would give now. A refused connection
        raises the error at every later use too.

        Args:
            connection: An ``SSLSocket`` or ``SSLObject`` of a protected context. The
                transports of asyncio have it as ``ssl_object``; httpcore has it as
                ``socket``, and what it calls ``ssl_object`` is another object.

        Raises:
            RevocationRefused: If the peer may be used no more.
            RevocationPending: If the check is not over. The connection stays open.
            TypeError: If *connection* is not one of a protected context.
            ValueError: If its handshake is not over.
        """
        if not isinstance(connection, (GuardedSocket, GuardedObject)):
            raise TypeError(
                "connection must be an SSLSocket or SSLObject that a protected context"
                f" made, not {type(connection).__name__}"
            )
        gate = connection._ocsp_gate
        if gate is not None:
            gate.raise_refusal()
        if gate is None or not gate.is_open:
            raise ValueError("the handshake of this connection is not over")
        gate.admit_again(connection)

    def verify(self, context: ssl.SSLContext) -> None:
        """
        Return if *context* still makes connections that this protection checks.

        For the tests of programs: other code can replace the classes of a context after
        :func:`protect`.

        Raises:
            ConfigError: If it does not.
        """
        for made in _samples(context):
            judge = getattr(made, "_ocsp_judge", None)
            is_ours = isinstance(made, (GuardedObject, GuardedSocket))
            if not is_ours or judge is not self._judge:
                raise ConfigError(
                    "context",
                    f"makes connections of {type(made).__name__}, which are not"
                    " protected: it chooses its classes itself, or something has"
                    " replaced them after ocsp.tls.protect",
                )

    def _is_like(self, judge: Judge, *, recheck: bool) -> bool:
        mine = self._judge
        return (
            mine.client is judge.client
            and (mine.fail, mine.chain) == (judge.fail, judge.chain)
            and mine.waiting.seconds == judge.waiting.seconds
            and mine.waiting.loop_seconds == judge.waiting.loop_seconds
            and self._recheck == recheck
        )


def protect(
    context: ssl.SSLContext,
    client: Client,
    *,
    fail: FailMode = FailMode.HARD,
    wait: float = 15.0,
    loop_wait: float = 1.0,
    chain: Chain = Chain.LEAF,
    recheck: bool = False,
) -> Protection:
    """
    Make *context* refuse peers whose certificates are revoked.

    Each handshake of the context, as a client or as a server, ends with a check of the
    peer's certificate: from memory, or by asking its responder. A peer that is refused
    raises :class:`RevocationRefused`, an ``ssl.SSLCertVerificationError``, in the
    handshake and at each later use of the connection.

    *context* is changed: its ``sslsocket_class`` and ``sslobject_class`` become
    subclasses of those that it has, and ``OP_NO_RENEGOTIATION`` is set. Protect a
    context before it is used; connections that it has made before are not protected.

    Not checked: staples, because ``ssl`` shows none; connections that stay open, unless
    *recheck* is set; code that uses the private ``_sslobj`` of a connection.

    Args:
        context: The context. Its ``verify_mode`` is ``CERT_REQUIRED`` or, for a server,
            ``CERT_OPTIONAL``.

        client: Checks the certificates. Its options have the policy, the cache, the
            deadline and the use of CRLs. The caller closes it.

        fail: What happens if there is no status. ``UNSAFE_SOFT`` lets the peer pass.

        wait: How many seconds a handshake in a thread of its own waits for a check.

        loop_wait: How many seconds one handshake waits for a check in a thread that
            runs an event loop; all connections of the loop wait meanwhile. Others, and
            this one after the time, raise :class:`RevocationPending`. With 0 no
            handshake waits.

        chain: Which certificates of the peer are checked.

        recheck: Whether to check the peer of an open connection again when it is
            written to, at most once a second.

    Returns:
        The protection. If the context has the same one already, that one.

    Raises:
        TypeError: If *context* is not an ``ssl.SSLContext``, such as the contexts of
            pyOpenSSL, or another argument has the wrong type.
        ConfigError: If the context verifies no certificates, uses post-handshake
            authentication as a server, has other socket classes than ``ssl``, makes
            objects of classes that cannot be chosen, or was protected differently.
        UnsupportedError: If it is a context of truststore on macOS or Windows, which
            verifies certificates after the handshake.
    """
    _check_arguments(context, client, fail, wait, loop_wait, chain)
    inner = _inner(context)
    _check_context(inner)
    judge = Judge(client, fail, chain, Waiting(wait, loop_wait))
    existing = _existing(inner)
    if existing is not None:
        if existing._is_like(judge, recheck=recheck):
            existing.verify(context)
            return existing
        raise ConfigError("context", "was protected before, with another setting")
    protection = Protection(context, judge, recheck=recheck)
    _install(inner, judge, protection, recheck=recheck)
    protection.verify(context)
    return protection


def _install(
    context: ssl.SSLContext, judge: Judge, protection: Protection, *, recheck: bool
) -> None:
    sockets = guarded_socket(context.sslsocket_class, judge, recheck=recheck)
    objects = guarded_object(context.sslobject_class, judge, recheck=recheck)
    for kind in (sockets, objects):
        kind._ocsp_protection = protection  # type: ignore[union-attr]
    context.sslsocket_class, context.sslobject_class = sockets, objects
    # A peer could show another certificate in a second handshake.
    context.options |= ssl.OP_NO_RENEGOTIATION


def _existing(context: ssl.SSLContext) -> Protection | None:
    """Return the protection of a context; also if one of its classes was replaced."""
    for kind in (context.sslsocket_class, context.sslobject_class):
        found = getattr(kind, "_ocsp_protection", None)
        if isinstance(found, Protection):
            return found
    return None


def _check_arguments(
    context: ssl.SSLContext,
    client: Client,
    fail: FailMode,
    wait: float,
    loop_wait: float,
    chain: Chain,
) -> None:
    if not isinstance(context, ssl.SSLContext):
        raise TypeError(
            "context must be an ssl.SSLContext, not"
            f" {type(context).__module__}.{type(context).__qualname__}"
        )
    if not isinstance(client, Client):
        raise TypeError(
            f"client must be an ocsp.Client, not {type(client).__qualname__}; it works"
            " in event loops too"
        )
    if not isinstance(fail, FailMode):
        raise TypeError("fail must be a FailMode")
    if not isinstance(chain, Chain):
        raise TypeError("chain must be a Chain")
    for name, seconds in (("wait", wait), ("loop_wait", loop_wait)):
        if not 0 <= seconds <= limits.MAX_WAIT_SECONDS:
            most = limits.MAX_WAIT_SECONDS
            raise ConfigError(
                name, f"must be from 0 to {most:,.0f} seconds, and is {seconds}"
            )


def _check_context(context: ssl.SSLContext) -> None:
    if context.verify_mode is ssl.CERT_NONE:
        raise ConfigError(
            "context",
            "verifies no certificates: set verify_mode to ssl.CERT_REQUIRED first",
        )
    if _is_server(context) and context.post_handshake_auth:
        raise ConfigError(
            "context",
            "uses post-handshake authentication, whose certificates are not checked:"
            " set post_handshake_auth to False",
        )
    for kind, base in (
        (context.sslsocket_class, ssl.SSLSocket),
        (context.sslobject_class, ssl.SSLObject),
    ):
        if not issubclass(kind, base):
            raise ConfigError(
                "context",
                f"makes connections of {kind!r}, which is no subclass of"
                f" ssl.{base.__name__}",
            )


def _inner(context: Any) -> ssl.SSLContext:
    """Return the context that makes the connections: truststore has it inside."""
    if not type(context).__module__.startswith("truststore"):
        return cast("ssl.SSLContext", context)
    if sys.platform in {"darwin", "win32"}:
        raise UnsupportedError(
            "truststore verifies certificates after the handshake on this system, so"
            " their issuers are not proven in it: use ssl.create_default_context()"
        )
    return cast("ssl.SSLContext", context._ctx)


def _is_server(context: ssl.SSLContext) -> bool:
    return context.protocol is ssl.PROTOCOL_TLS_SERVER


def _samples(context: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLSocket]:
    """Return connections of *context* that are never used."""
    server = _is_server(_inner(context))
    name = None if server else "sample.invalid"
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = context.wrap_bio(
        incoming, outgoing, server_side=server, server_hostname=name
    )
    with (
        socket.socket() as raw,  # not connected, so there is no handshake
        context.wrap_socket(raw, server_side=server, server_hostname=name) as wrapped,
    ):
        return made, wrapped
