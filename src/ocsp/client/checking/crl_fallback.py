"""
CRL fallback: check a certificate with a CRL if no responder gives a status.

RFC 5280 §4.2.1.13 (distribution points), §4.2.1.15 and §5.2.6 (delta CRLs). URLs of
CRLs are restricted like those of responders. Only a CRL that :func:`ocsp.verify_crl`
accepts gives a status.
"""

from __future__ import annotations

from cryptography import x509

from ocsp import limits
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.state import CachedCRL, CheckState
from ocsp.client.checking.urls import list_urls
from ocsp.client.engine.effects import Flow
from ocsp.client.outcome import Attempt
from ocsp.errors import FetchError, VerificationError
from ocsp.verification.crl.verify import verify_crl
from ocsp.verification.evidence import VerifiedRevocation

__all__ = ["check_crls"]

_ACCEPT = "application/pkix-crl"


def check_crls(
    state: CheckState, issuer: x509.Certificate
) -> Flow[VerifiedRevocation | None]:
    """Return the evidence of the first CRL that passes verification, or ``None``."""
    for url in list_urls(state.certificate, x509.CRLDistributionPoints):
        attempt = Attempt(url=url, method="GET", started=state.elapsed())
        known = state.memory.crls.get(url, state.environment.monotonic())
        try:
            if known is None:
                known = yield from _fetch_crl(state, url)
            evidence = verify_crl(
                known.complete,
                state.certificate,
                issuer,
                delta=known.delta,
                at=state.environment.now(),
                policy=state.options.policy,
            )
        except (FetchError, VerificationError) as error:
            state.note(attempt, error)
        else:
            state.note(attempt)
            _cache_crl(state, url, known, evidence)
            return evidence
    return None


def _fetch_crl(state: CheckState, url: str) -> Flow[CachedCRL]:
    complete = yield from _fetch_body(state, url)
    for delta_url in _delta_urls(state, complete):
        attempt = Attempt(url=delta_url, method="GET", started=state.elapsed())
        try:
            delta = yield from _fetch_body(state, delta_url)
        except FetchError as error:
            # Without a delta CRL, the complete CRL counts until its own nextUpdate.
            state.note(attempt, error)
        else:
            state.note(attempt)
            return CachedCRL(complete, delta)
    return CachedCRL(complete, None)


def _fetch_body(state: CheckState, url: str) -> Flow[bytes]:
    reply = yield from fetch(
        state,
        url,
        url,
        state.options.address_policy,
        accept=_ACCEPT,
        max_bytes=limits.MAX_CRL_BYTES,
    )
    return reply.body


def _delta_urls(state: CheckState, complete: bytes) -> tuple[str, ...]:
    """Return the URLs of delta CRLs in the CRL, or else those in the certificate."""
    try:
        holder = x509.load_der_x509_crl(complete)
        urls = list_urls(holder, x509.FreshestCRL)
    except ValueError:
        return ()  # verify_crl reports the malformed CRL
    return urls or list_urls(state.certificate, x509.FreshestCRL)


def _cache_crl(
    state: CheckState, url: str, known: CachedCRL, evidence: VerifiedRevocation
) -> None:
    """Keep the CRL until it expires, for other certificates of the same issuer."""
    left = (evidence.holds_until - state.environment.now()).total_seconds()
    size = len(known.complete) + len(known.delta or b"")
    if size <= limits.MAX_KEPT_CRL_BYTES:
        state.memory.crls.put(url, known, state.environment.monotonic() + left)
