"""Whether a request may pass: what the middleware for ASGI and for WSGI share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from cryptography import x509

from ocsp.client import FailMode, Outcome
from ocsp.errors import ConfigError, OCSPError, SchemaError
from ocsp.guarded.addresses import IPv6Address, Network, address_of, read_network
from ocsp.signing.issued import is_issued_by
from ocsp.tls.middleware.headers import CertificateHeader

__all__ = ["ClientRefused", "Rules", "note"]

_log = logging.getLogger("ocsp.tls")

UNIX = "unix"
"""The name of a peer without an address: a proxy on a Unix socket."""


class ClientRefused(OCSPError):
    """
    The client of a request may not pass.

    Attributes:
        outcome: The outcome of the check; ``None`` if there was no check.
    """

    def __init__(self, reason: str, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome

    def __reduce__(self) -> tuple[object, ...]:
        return ClientRefused, self.args  # an outcome cannot be pickled


class Rules:
    """The settings of a middleware, and the decisions that follow from them."""

    def __init__(
        self,
        issuers: Iterable[x509.Certificate],
        header: CertificateHeader | None,
        trusted_proxies: Iterable[str],
        fail: FailMode,
        *,
        required: bool,
    ) -> None:
        """
        Check the settings.

        Raises:
            ConfigError: If there is no issuer, a proxy is no address, or a header is
                given without the proxies that write it.
            TypeError: If *fail* is not a :class:`FailMode`.
        """
        self._issuers = tuple(issuers)
        proxies = tuple(trusted_proxies)
        if not self._issuers:
            raise ConfigError("issuers", "must have the certificate of a CA at least")
        if not isinstance(fail, FailMode):
            raise TypeError("fail must be a FailMode")
        if (header is None) != (not proxies):
            raise ConfigError(
                "trusted_proxies", "and header must be given both, or neither"
            )
        self.header = header
        self.fail = fail
        self.required = required
        self._networks = _networks(proxies)
        self._unix = UNIX in proxies

    def trusts(self, peer: str | None) -> bool:
        """
        Return whether the peer of the connection is one of the trusted proxies.

        Args:
            peer: Its IP address; empty or ``None`` for a Unix socket. On a socket of
                IPv6 that of IPv4 can be IPv4-mapped (RFC 4291 §2.5.5.2).
        """
        if not peer:
            return self._unix
        address = address_of(peer)
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(
            each in network
            for each in (address, inner)
            if each is not None
            for network in self._networks
        )

    def from_header(self, values: Sequence[str]) -> x509.Certificate | None:
        """
        Return the certificate in the header of a trusted proxy, if there is one.

        Raises:
            ClientRefused: If the header cannot be read, or occurs twice.
        """
        if self.header is None or values in ([], [""]):
            return None
        if len(values) > 1:
            raise ClientRefused(f"the header {self.header.name} occurs twice")
        try:
            return self.header.certificate(values[0])
        except OCSPError as error:
            raise ClientRefused(f"the header {self.header.name}: {error}") from error

    def pair(
        self, cert: x509.Certificate | None
    ) -> tuple[x509.Certificate, x509.Certificate] | None:
        """
        Return what to check: *cert* and its issuer; ``None`` if there is nothing.

        Raises:
            ClientRefused: If there is no certificate but one is required, or none of
                the issuers has signed it.
        """
        if cert is None:
            if self.required:
                raise ClientRefused("the client has shown no certificate")
            return None
        for issuer in self._issuers:
            if is_issued_by(cert, issuer):
                return cert, issuer
        raise ClientRefused("the certificate is from none of the given issuers")

    def require_good(self, outcome: Outcome) -> None:
        """
        Return if a client with this outcome may pass.

        Raises:
            ClientRefused: If not.
        """
        try:
            outcome.require_good(self.fail)
        except OCSPError as error:
            raise ClientRefused(str(error), outcome) from error


def note(refused: ClientRefused) -> None:
    """Log why a client was refused, whom the answer does not tell."""
    _log.warning("refused the client of a request: %s", refused)


def _networks(proxies: Sequence[str]) -> list[Network]:
    found = []
    for each in proxies:
        if each != UNIX:
            try:
                found.append(read_network(each))
            except SchemaError as error:
                raise ConfigError("trusted_proxies", str(error)) from error
    return found
