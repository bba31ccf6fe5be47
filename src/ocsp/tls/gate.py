"""The gate of one connection: closed until its peer is admitted, and once refused."""

from __future__ import annotations

import ssl
import time

from ocsp.tls.judge import Judge
from ocsp.tls.peer import Connection
from ocsp.tls.refusal import RevocationPending, RevocationRefused

__all__ = ["Gate"]

_RECHECK_SECONDS = 1.0
"""How often a connection that stays open is checked again, if that is wanted."""


class Gate:
    """
    Whether a connection may be used.

    Attributes:
        is_open: Whether the peer was admitted.
    """

    __slots__ = ("_judge", "_looked", "_mode", "_recheck", "_refusal", "is_open")

    def __init__(
        self,
        judge: Judge,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        recheck: bool,
    ) -> None:
        """
        Make a closed gate.

        Args:
            judge: Decides.

            context: The context with which OpenSSL has just made the connection. Its
                settings of this moment count, because OpenSSL has copied them.

            server_side: Whether the connection is that of a server.

            recheck: Whether to check the peer again while the connection is used.
        """
        self._judge = judge
        self._mode = context.verify_mode
        self._recheck = recheck
        self._looked = 0.0
        self._refusal = _of_settings(context, server_side=server_side)
        self.is_open = False

    def raise_refusal(self) -> None:
        """
        Return if the peer was not refused.

        Raises:
            RevocationRefused: If it was.
        """
        if self._refusal is not None:
            raise self._refusal.again()

    def admit(self, connection: Connection) -> None:
        """
        Open the gate, if the peer may be used.

        Raises:
            RevocationRefused: If not. Every later use raises it again.
        """
        try:
            self._judge.require_good(connection, self._mode)
        except RevocationRefused as refusal:
            self.refuse(refusal)
            raise
        self._looked = time.monotonic()
        self.is_open = True
        if self._refusal is not None:  # another thread has refused it meanwhile
            self.refuse(self._refusal)
            self.raise_refusal()

    def check_again(self, connection: Connection) -> None:
        """
        Check the peer again, if that is wanted and due.

        While a check is pending the connection can still be used.

        Raises:
            RevocationRefused: If the peer may be used no more.
        """
        if self._recheck and time.monotonic() >= self._looked + _RECHECK_SECONDS:
            try:
                self.admit_again(connection)
            except RevocationPending:
                self._looked = time.monotonic()

    def admit_again(self, connection: Connection) -> None:
        """
        Check the peer of an open connection again, now.

        Raises:
            RevocationRefused: If the peer may be used no more.
            RevocationPending: If the check is not over; the gate stays open.
        """
        try:
            self._judge.require_good(connection, self._mode)
        except RevocationPending:
            raise
        except RevocationRefused as refusal:
            self.refuse(refusal)
            raise
        self.raise_refusal()
        self._looked = time.monotonic()

    def refuse(self, refusal: RevocationRefused) -> None:
        """Close the gate for good."""
        self._refusal = refusal.again()
        self.is_open = False  # after the refusal, which ``admit`` looks for last


def _of_settings(
    context: ssl.SSLContext, *, server_side: bool
) -> RevocationRefused | None:
    """Return why no peer is admitted: it could show another certificate later."""
    if not context.options & ssl.OP_NO_RENEGOTIATION:
        return RevocationRefused(
            "the context allows renegotiation since ocsp.tls.protect: do not remove"
            " OP_NO_RENEGOTIATION from its options"
        )
    if server_side and context.post_handshake_auth:
        return RevocationRefused(
            "the context uses post-handshake authentication since ocsp.tls.protect: do"
            " not set its post_handshake_auth"
        )
    return None
