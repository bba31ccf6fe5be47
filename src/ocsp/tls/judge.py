"""Decide whether a connection whose handshake is over may be used."""

from __future__ import annotations

import enum
import logging
import ssl
from concurrent.futures import Future
from itertools import pairwise

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.client import Client, FailMode, Outcome
from ocsp.errors import OCSPError
from ocsp.errors.verification import CertificateRevoked, RevokedButStale
from ocsp.signing.issued import is_issued_by
from ocsp.tls.peer import Connection, Path, PeerPaths
from ocsp.tls.refusal import RevocationPending, RevocationRefused
from ocsp.tls.waiting import Waiting, runs_event_loop

__all__ = ["Chain", "Judge"]

_log = logging.getLogger("ocsp.tls")

Pair = tuple[x509.Certificate, x509.Certificate | None]


class Chain(enum.Enum):
    """Which certificates of the peer are checked."""

    LEAF = "leaf"
    """The certificate of the peer. Most public intermediate CAs have CRLs only."""

    ALL = "all"
    """Every certificate in the path, except the trust anchor."""


class Judge:
    """Judges the connections of one context."""

    def __init__(
        self, client: Client, fail: FailMode, chain: Chain, waiting: Waiting
    ) -> None:
        self.client = client
        self.fail = fail
        self.chain = chain
        self.waiting = waiting
        self.paths = PeerPaths(whole=chain is Chain.ALL)

    def require_good(self, connection: Connection, mode: ssl.VerifyMode) -> None:
        """
        Return if the peer may be used.

        Args:
            connection: A connection whose handshake is over.

            mode: The verify mode that it was made with.

        Raises:
            RevocationRefused: If not, or if the check itself failed.
        """
        try:
            path = self.paths.path_of(connection, mode)
            for pair, outcome in self._outcomes(self._pairs(path), connection):
                _require_good(pair[0], outcome, self.fail)
        except RevocationRefused as refusal:
            _note(connection, refusal)
            raise
        except Exception as error:
            failed = RevocationRefused(f"the check failed: {error}")
            _note(connection, failed)
            raise failed from error

    def _pairs(self, path: Path) -> list[Pair]:
        """Return what to check: certificates with their issuers."""
        if len(path) == 1:
            # It is trusted itself. Nothing is above a certificate that signed itself.
            return [] if is_issued_by(path[0], path[0]) else [(path[0], None)]
        pairs: list[Pair] = list(pairwise(path))
        return pairs[:1] if self.chain is Chain.LEAF else pairs

    def _outcomes(
        self, pairs: list[Pair], connection: Connection
    ) -> list[tuple[Pair, Outcome | None]]:
        """Return the outcome for each pair; ``None`` if a soft check takes too long."""
        known = [self.client.cached_outcome(*pair) for pair in pairs]
        asked = [
            self.client.check_in_background(*pair)
            for pair, outcome in zip(pairs, known, strict=True)
            if outcome is None
        ]
        if not asked:
            return list(zip(pairs, known, strict=True))
        found = iter(self._wait(asked, connection))
        return [
            (pair, next(found) if outcome is None else outcome)
            for pair, outcome in zip(pairs, known, strict=True)
        ]

    def _wait(
        self, checks: list[Future[Outcome]], connection: Connection
    ) -> list[Outcome | None]:
        must_not_block = runs_event_loop() or _is_non_blocking(connection)
        try:
            return [*self.waiting.outcomes(checks, must_not_block=must_not_block)]
        except TimeoutError:
            if self.fail is FailMode.UNSAFE_SOFT and not must_not_block:
                return [each.result() if each.done() else None for each in checks]
            raise RevocationPending(
                "the status of the peer's certificate is not known yet: connect again"
                " when the check in the background has ended",
                tuple(checks),
            ) from None


def _is_non_blocking(connection: Connection) -> bool:
    return isinstance(connection, ssl.SSLSocket) and connection.gettimeout() == 0


def _require_good(
    cert: x509.Certificate, outcome: Outcome | None, fail: FailMode
) -> None:
    if outcome is None:
        return
    try:
        outcome.require_good(fail)
    except OCSPError as error:
        name = text(name_of_subject(cert))
        revoked = isinstance(error, (CertificateRevoked, RevokedButStale))
        raise RevocationRefused(
            f"certificate {name}: {error}", outcome, revoked=revoked
        ) from error


def _note(connection: Connection, refusal: RevocationRefused) -> None:
    """Log why a server refuses a client, whom Python cannot tell in an alert."""
    if connection.server_side:
        _log.warning("refused a TLS client: %s", refusal.verify_message)
