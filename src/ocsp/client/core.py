"""
What both clients share: options, memory, and the flow of each kind of check.

This module does no I/O. :class:`ocsp.Client` and :class:`ocsp.AsyncClient` run the
flows with a driver and a transport.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.cache import Cache, MemoryCache
from ocsp.client.checking.crl_fallback import CRLProof
from ocsp.client.checking.flow import ask_flow, check_flow, crl_flow
from ocsp.client.checking.issuer_lookup import find_issuer
from ocsp.client.checking.state import (
    CheckRequest,
    CheckState,
    Environment,
    IDRequest,
    Memory,
)
from ocsp.client.engine.effects import Flow, race
from ocsp.client.options import Options, SendNonce
from ocsp.client.outcome import FailMode, Outcome
from ocsp.client.remembered import Recalled, recall, recall_cached, remember
from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["CRLCheck", "ChainCheck", "Core", "URLs"]

URLs = str | Iterable[str] | None
"""One URL, or several in the order in which the client uses them."""

_ALWAYS = SendNonce.ALWAYS  # looking up an enumeration member is slow


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The outcomes for a chain."""

    outcomes: tuple[Outcome, ...]
    """One for each certificate except the last, in the order of the chain."""

    def require_good(self, fail: FailMode = FailMode.HARD) -> Self:
        """
        Return this object if every certificate is good or needs no status.

        Args:
            fail: As for :meth:`Outcome.require_good`.

        Raises:
            CertificateNotGood: If one is revoked, or unknown to its responder.
            RevocationIndeterminate: If one is indeterminate and *fail* is ``HARD``.
        """
        # A revoked certificate is reported before an indeterminate one.
        for outcome in self.outcomes:
            outcome.require_good(FailMode.UNSAFE_SOFT)
        for outcome in self.outcomes:
            outcome.require_good(fail)
        return self

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a ChainCheck has no truth value: call .require_good(), or compare the"
            " .status of each of .outcomes"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CRLCheck:
    """The outcome of a check with CRLs only, and the CRLs that prove it."""

    outcome: Outcome
    """The outcome."""

    crls: tuple[bytes, ...] = ()
    """
    The CRLs in DER: complete CRLs, each with the delta CRL that was used with it. Empty
    if the outcome has no evidence.
    """

    @classmethod
    def of(cls, outcome: Outcome, proof: CRLProof | None) -> Self:
        """Return *outcome* with the CRLs of *proof*."""
        pairs = () if proof is None else proof.pairs
        found = (each for pair in pairs for each in pair if each is not None)
        return cls(outcome=outcome, crls=tuple(bytes(each.data) for each in found))

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a CRLCheck has no truth value: compare .outcome.status, or call"
            " .outcome.require_good()"
        )


class Core:
    """The options and the memory of one client."""

    def __init__(
        self, options: Options, cache: Cache | None, environment: Environment
    ) -> None:
        if not isinstance(options, Options):
            raise TypeError("options must be Options")
        self.options = options
        self.environment = environment
        self._memory = Memory(
            MemoryCache() if cache is None else cache, environment.fraction()
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be pickled: create one in each process, and share a"
            " SQLiteCache between them"
        )

    def request(
        self, cert: x509.Certificate, issuer: x509.Certificate | None, url: URLs
    ) -> CheckRequest:
        """
        Return the request of a caller, after checking the types of the arguments.

        Raises:
            TypeError: If *cert* or *issuer* is not a certificate.
        """
        _check_certificates(cert, issuer)
        return CheckRequest(certificate=cert, issuer=issuer, urls=_urls(url))

    def check(self, request: CheckRequest, nonce: SendNonce | None) -> Flow[Outcome]:
        """Return the flow that checks one certificate."""
        options = self.options
        if nonce is not None and nonce is not options.nonce:
            options = replace(options, nonce=nonce)
        return _check_and_remember(self._state(request, options))

    def check_crls(self, request: CheckRequest) -> Flow[CRLCheck]:
        """Return the flow that checks one certificate with the CRLs that it names."""
        outcome, proof = yield from crl_flow(self._state(request, self.options))
        return CRLCheck.of(outcome, proof)

    def ask(
        self, cert_id: CertID, issuer: x509.Certificate, url: URLs
    ) -> Flow[VerifiedResponse]:
        """
        Return the flow that asks responders about a CertID.

        Raises:
            TypeError: If an argument has the wrong type.
            ConfigError: If *cert_id* is not that of a certificate of *issuer*, or there
                is no URL.
        """
        request = _id_request(cert_id, issuer, url)
        return ask_flow(self._state(request, self.options), request)

    def find_issuer(self, request: CheckRequest) -> Flow[x509.Certificate | None]:
        """Return the flow that finds the issuer of one certificate."""
        return find_issuer(self._state(request, self.options))

    def recall_cached(
        self,
        cert: x509.Certificate,
        issuer: x509.Certificate | None,
        nonce: SendNonce | None,
    ) -> Outcome | None:
        """
        Return the outcome of :meth:`check` if the cache in memory has it, or ``None``.

        A check of a certificate that was checked before takes no more than this.

        Raises:
            TypeError: If *cert* or *issuer* is not a certificate.
        """
        _check_certificates(cert, issuer)
        sent = self.options.nonce if nonce is None else nonce
        if issuer is None or sent is _ALWAYS:
            return None
        return recall_cached(self._memory, self.environment, cert, issuer)

    def recall(
        self, cert: x509.Certificate, issuer: x509.Certificate | None
    ) -> Recalled:
        """
        Return what the memory says about *cert*, without I/O.

        Raises:
            TypeError: If *cert* or *issuer* is not a certificate.
        """
        _check_certificates(cert, issuer)
        if self.options.nonce is _ALWAYS:
            return Recalled(None)
        return recall(self._memory, self.environment, cert, issuer)

    def _state(self, request: CheckRequest | IDRequest, options: Options) -> CheckState:
        return CheckState(
            request=request,
            options=options,
            environment=self.environment,
            memory=self._memory,
            started=self.environment.monotonic(),
        )

    def check_chain(
        self, chain: Sequence[x509.Certificate], url: URLs, nonce: SendNonce | None
    ) -> Flow[ChainCheck]:
        """
        Return the flow that checks all certificates of *chain* at the same time.

        Raises:
            ValueError: If *chain* has fewer than two certificates.
            TypeError: If one of them is not a certificate.
        """
        if len(chain) < 2:
            raise ValueError(
                f"the chain has {len(chain)} certificates; give a certificate and its"
                " issuer at least"
            )
        requests = [self.request(cert, issuer, url) for cert, issuer in pairwise(chain)]
        return self._together([self.check(each, nonce) for each in requests])

    def _together(self, flows: Sequence[Flow[Outcome]]) -> Flow[ChainCheck]:
        outcomes = yield from race(tuple(flows))
        return ChainCheck(outcomes=tuple(outcomes))


def _id_request(cert_id: CertID, issuer: x509.Certificate, url: URLs) -> IDRequest:
    if not isinstance(cert_id, CertID):
        raise TypeError("cert_id must be a CertID")
    if not isinstance(issuer, x509.Certificate):
        raise TypeError("issuer must be a Certificate")
    serial = cert_id.serial_number
    if cert_id != CertID.for_serial(issuer, serial, cert_id.hash_algorithm):
        raise ConfigError("cert_id", "is not that of a certificate of this issuer")
    urls = _urls(url)
    if not urls:
        raise ConfigError("url", "is empty: a CertID names no responder")
    canonical = CertID.for_serial(issuer, serial, hashes.SHA256())
    return IDRequest(cert_id=canonical, issuer=issuer, urls=urls)


def _urls(url: URLs) -> tuple[str, ...]:
    if url is None:
        return ()
    return (url,) if isinstance(url, str) else tuple(url)


def _check_certificates(cert: object, issuer: object) -> None:
    if not isinstance(cert, x509.Certificate):
        raise TypeError("cert must be a Certificate")
    if issuer is not None and not isinstance(issuer, x509.Certificate):
        raise TypeError("issuer must be a Certificate")


def _check_and_remember(state: CheckState) -> Flow[Outcome]:
    outcome = yield from check_flow(state)
    remember(state, outcome)
    return outcome
