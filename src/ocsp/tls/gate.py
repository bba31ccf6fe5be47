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

    def __init__(self, judge: Judge, mode: ssl.VerifyMode, *, recheck: bool) -> None:
        """
        Make a closed gate.

        Args:
            judge: Decides.

            mode: The verify mode with which OpenSSL made the connection.

            recheck: Whether to check the peer again while the connection is used.
        """
        self._judge = judge
        self._mode = mode
        self._recheck = recheck
        self._looked = 0.0
        self._refusal: RevocationRefused | None = None
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
        self._looked = time.monotonic()

    def refuse(self, refusal: RevocationRefused) -> None:
        """Close the gate for good."""
        self.is_open = False
        self._refusal = refusal.again()
