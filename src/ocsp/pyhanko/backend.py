"""The fetcher backend: one client, and fetchers for each validation."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509
from pyhanko_certvalidator.fetchers import FetcherBackend, Fetchers

from ocsp.client import AsyncClient, MissingIssuer, Options
from ocsp.pyhanko.fetched import Clock, Fetched
from ocsp.pyhanko.fetchers import (
    ClientCertificateFetcher,
    ClientCRLFetcher,
    ClientOCSPFetcher,
)

__all__ = ["ClientFetcherBackend"]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class ClientFetcherBackend(FetcherBackend):
    """
    A fetcher backend of pyHanko that asks an :class:`ocsp.AsyncClient`.

    It gives pyHanko only what the client has verified. Several validation contexts can
    share one backend: an answer in the cache of the client is used until it ends.
    pyHanko verifies everything once more by its own rules.
    """

    def __init__(
        self,
        client: AsyncClient | None = None,
        *,
        issuers: Iterable[x509.Certificate] = (),
        clock: Clock = _now,
    ) -> None:
        """
        Make a backend.

        Args:
            client: Asks the responders. It is not closed with the backend. Default: a
                new one with ``Options(missing_issuer=MissingIssuer.FETCH)``, closed
                with the backend. Whether issuers are fetched, and where URLs may lead
                to, is up to the options of the client.

            issuers: Certificates of issuers, such as the trust roots and the other
                certificates of the validation context. A CRL is verified with the
                certificate of its issuer, and pyHanko does not tell the CRL fetcher
                which that is. Issuers of certificates that name a responder, and those
                that were fetched, are known without.

            clock: Returns the current time, aware. What has ended is fetched again.
        """
        self._own = client is None
        self._client = client or AsyncClient(
            Options(missing_issuer=MissingIssuer.FETCH)
        )
        self._issuers = tuple(issuers)
        self._clock = clock

    def get_fetchers(self) -> Fetchers:
        """Return fetchers for one validation."""
        fetched = Fetched(self._issuers, self._clock)
        return Fetchers(
            ocsp_fetcher=ClientOCSPFetcher(self._client, fetched),
            crl_fetcher=ClientCRLFetcher(self._client, fetched),
            cert_fetcher=ClientCertificateFetcher(self._client, fetched),
        )

    async def close(self) -> None:
        """Close the connections of the client, unless it was given."""
        if self._own:
            await self._client.aclose()
