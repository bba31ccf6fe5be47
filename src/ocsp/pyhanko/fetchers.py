"""The three fetchers of pyHanko, each of which asks one :class:`ocsp.AsyncClient`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

from asn1crypto import crl, ocsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from pyhanko_certvalidator.authority import Authority, AuthorityWithCert
from pyhanko_certvalidator.fetchers import CertificateFetcher, CRLFetcher, OCSPFetcher

from ocsp.client import AsyncClient, CheckStatus, FailMode, Outcome, Reason
from ocsp.errors import MissingExtraError, OCSPError, RevokedBefore, RevokedButStale
from ocsp.pyhanko.conversion import (
    AnyCertificate,
    to_asn1_certificate,
    to_asn1_crl,
    to_asn1_response,
    to_certificate,
)
from ocsp.pyhanko.errors import CRLNotFetched, ResponseNotFetched, RevokedNotProven
from ocsp.pyhanko.fetched import Fetched
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["ClientCRLFetcher", "ClientCertificateFetcher", "ClientOCSPFetcher"]


class _ClientFetcher:
    """A fetcher that uses our client."""

    def __init__(self, client: AsyncClient, fetched: Fetched) -> None:
        """
        Make a fetcher.

        Args:
            client: Asks the responders, and downloads CRLs and certificates.

            fetched: Where the results are kept.
        """
        self._client = client
        self._fetched = fetched


class ClientOCSPFetcher(_ClientFetcher, OCSPFetcher):
    """Fetches OCSP responses: only verified ones."""

    async def fetch(
        self, cert: AnyCertificate, authority: Authority
    ) -> ocsp.OCSPResponse:
        """
        Return a verified response, which can say *good*, *revoked* or *unknown*.

        Args:
            cert: The certificate.

            authority: Its issuer.

        Raises:
            ResponseNotFetched: If there is no verified response.
            RevokedNotProven: If the newest verified answer says *revoked*, and has
                ended.
            MissingExtraError: If the extra ``client`` is not installed.
        """
        try:
            self._fetched.count()
            outcome = await self._client.check(*self._pair(cert, authority))
            evidence = _response_of(outcome)
            response = to_asn1_response(evidence.response)
        except (MissingExtraError, ResponseNotFetched, RevokedNotProven):
            raise
        except OCSPError as error:
            raise ResponseNotFetched(str(error)) from error
        self._fetched.keep_response(cert.dump(), response, evidence.holds_until)
        return response

    def _pair(
        self, cert: AnyCertificate, authority: Authority
    ) -> tuple[x509.Certificate, x509.Certificate | None]:
        """Return the certificates of *cert* and its issuer, if that is known."""
        asked = to_certificate(cert)
        if not isinstance(authority, AuthorityWithCert):
            return asked, self._fetched.issuer_of(asked)
        issuer = to_certificate(authority.certificate)
        self._fetched.add_issuer(issuer)
        return asked, issuer

    def fetched_responses(self) -> Iterable[ocsp.OCSPResponse]:
        """Return all responses that were fetched and have not ended."""
        return self._fetched.all_responses()

    def fetched_responses_for_cert(
        self, cert: AnyCertificate
    ) -> Iterable[ocsp.OCSPResponse]:
        """Return the response for *cert*, if one was fetched and has not ended."""
        found = self._fetched.response_of(cert.dump())
        return [] if found is None else [found]


def _response_of(outcome: Outcome) -> VerifiedResponse:
    """
    Return the evidence of *outcome* if it is a response.

    Raises:
        ResponseNotFetched: If it is none.
        RevokedNotProven: If the newest verified answer says *revoked*, and has ended.
    """
    if isinstance(outcome.evidence, VerifiedResponse):
        return outcome.evidence
    if outcome.evidence is not None:
        raise ResponseNotFetched("no responder gives a status, and a CRL does")
    if outcome.status is CheckStatus.NOT_NEEDED:
        raise ResponseNotFetched("the certificate says that it has no status")
    try:
        outcome.require_good(FailMode.UNSAFE_SOFT)
    except (RevokedBefore, RevokedButStale) as error:
        raise RevokedNotProven(str(error)) from error
    raise ResponseNotFetched(str(outcome.failure)) from outcome.failure


class ClientCRLFetcher(_ClientFetcher, CRLFetcher):
    """Fetches CRLs: only verified ones, which together prove a status."""

    async def fetch(
        self, cert: AnyCertificate, *, use_deltas: bool | None = None
    ) -> Iterable[crl.CertificateList]:
        """
        Return the CRLs that prove the status of a certificate.

        Args:
            cert: The certificate.

            use_deltas: ``False`` leaves delta CRLs out.

        Returns:
            The CRLs; none if the certificate names none.

        Raises:
            CRLNotFetched: If no verified CRLs prove a status, or the issuer is not
                known.
            MissingExtraError: If the extra ``client`` is not installed.
        """
        try:
            found = await self._crls(cert)
        except (CRLNotFetched, MissingExtraError):
            raise
        except OCSPError as error:
            raise CRLNotFetched(str(error)) from error
        if use_deltas is False:
            return [each for each in found if each.delta_crl_indicator_value is None]
        return list(found)

    async def _crls(self, cert: AnyCertificate) -> tuple[crl.CertificateList, ...]:
        self._fetched.count()
        asked = to_certificate(cert)
        issuer = self._fetched.issuer_of(asked)
        check = await self._client.check_crls(asked, issuer)
        outcome = check.outcome
        if outcome.evidence is None:
            if outcome.reason is Reason.NO_URL:
                self._fetched.keep_crls(cert.dump(), ())
                return ()
            raise CRLNotFetched(str(outcome.failure)) from outcome.failure
        signer = to_asn1_certificate(outcome.evidence.responder)
        for der in check.crls:
            self._fetched.crl_signers[der] = signer
        found = tuple(to_asn1_crl(der) for der in check.crls)
        self._fetched.keep_crls(cert.dump(), found, outcome.evidence.holds_until)
        return found

    def fetched_crls(self) -> Iterable[crl.CertificateList]:
        """Return all CRLs that were fetched and have not ended."""
        return self._fetched.all_crls()

    def fetched_crls_for_cert(
        self, cert: AnyCertificate
    ) -> Iterable[crl.CertificateList]:
        """
        Return the CRLs that were fetched for *cert*.

        Raises:
            KeyError: If none were asked for, or they have ended.
        """
        return list(self._fetched.crls_of(cert.dump()))


class ClientCertificateFetcher(_ClientFetcher, CertificateFetcher):
    """Fetches issuers: only those whose key has signed the certificate or the CRL."""

    async def fetch_cert_issuers(
        self, cert: AnyCertificate
    ) -> AsyncGenerator[asn1.Certificate, None]:
        """
        Yield the issuer of *cert*, from the caIssuers URLs of *cert*.

        It yields nothing if there is none, or the options of the client do not allow to
        fetch it.
        """
        try:
            self._fetched.count()
            issuer = await self._client.find_issuer(to_certificate(cert))
            if issuer is None:
                return
            found = to_asn1_certificate(issuer)
        except MissingExtraError:
            raise
        except OCSPError:
            return
        self._fetched.keep_certificate(issuer, found)
        yield found

    async def fetch_crl_issuers(
        self, certificate_list: crl.CertificateList
    ) -> AsyncGenerator[asn1.Certificate, None]:
        """Yield the certificate whose key signed a CRL that was fetched here."""
        signer = self._fetched.crl_signers.get(certificate_list.dump())
        if signer is not None:
            yield signer

    def fetched_certs(self) -> Iterable[asn1.Certificate]:
        """Return all certificates that were fetched."""
        return list(self._fetched.certificates.values())
