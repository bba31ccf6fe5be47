"""
The flow: one check from the question to its outcome.

``issuer → remembered → needs none → responders (again) → CRL``

Rules of this file: every decision of a check is taken here or in the flows that this
one starts; nothing waits, sends or reads a clock but by effects and the given world. No
status comes from anything but evidence.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.checking.cached import load_cached, store_answer
from ocsp.client.checking.crl_fallback import check_crls
from ocsp.client.checking.issuer_lookup import find_issuer
from ocsp.client.checking.responder_exchange import (
    Attempted,
    ask_responder,
    is_transient,
)
from ocsp.client.checking.state import CachedEvidence, CheckState
from ocsp.client.checking.urls import responder_urls
from ocsp.client.engine.effects import Flow, pause, race
from ocsp.client.options import CRLFallback, ResponderOrder, SendNonce
from ocsp.client.outcome import CheckStatus, Outcome, Reason, Source
from ocsp.errors import (
    DecodeError,
    HTTPStatusError,
    IssuerNotFound,
    NoResponderURL,
    OCSPError,
    SchemaError,
)
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.chain import needs_no_status
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["check_flow"]

_SHA256 = hashes.SHA256()

_PAUSE = 0.25
"""Seconds before responders that failed are asked again; doubled each time."""

_NO_ISSUER = "the certificate of the issuer was not given, and could not be fetched"

_PERMANENT_REASONS = frozenset(
    {
        Reason.UNAUTHORIZED,
        Reason.RESPONDER_ERROR,
        Reason.NOT_VERIFIED,
        Reason.CONTENT_TYPE,
        Reason.TOO_LARGE,
        Reason.HTTP_STATUS,
        Reason.REDIRECT,
    }
)
"""Reasons that will not be others a second later (C2: the negative cache)."""


def check_flow(state: CheckState) -> Flow[Outcome]:
    """Return what is known of the certificate in question."""
    issuer = state.request.issuer
    if issuer is None:
        beforehand = _without_asking(state, None)
        if beforehand is not None:
            return beforehand
        issuer = yield from find_issuer(state)
    if issuer is None:
        return _indeterminate(state, None, IssuerNotFound(_NO_ISSUER))
    cert_id = CertID.for_certificate(state.certificate, issuer, _SHA256)
    known = None
    if state.options.nonce is SendNonce.NEVER:
        known = yield from load_cached(state, cert_id, issuer)
        if known is not None and state.environment.now() < known.due:
            return _outcome(state, issuer, known.evidence, Source.CACHE)
        failed_checks = state.memory.failed_checks.get(
            _failed_check_key(state, cert_id), state.environment.monotonic()
        )
        if known is None and failed_checks is not None:
            return failed_checks
    beforehand = _without_asking(state, issuer)
    if beforehand is not None:
        return beforehand
    if known is None:
        return (yield from _ask_responders_then_crl(state, cert_id, issuer))
    return (yield from _refresh(state, cert_id, issuer, known))


def _failed_check_key(
    state: CheckState, cert_id: CertID
) -> tuple[bytes, tuple[str, ...]]:
    """Return what a check in vain is known by: another responder may know more."""
    return cert_id.der, state.request.urls


def _without_asking(
    state: CheckState, issuer: x509.Certificate | None
) -> Outcome | None:
    """Return what the certificate itself makes of the question, if anything."""
    try:
        if needs_no_status(state.certificate):
            return Outcome(CheckStatus.NOT_NEEDED, state.certificate, issuer)
    except SchemaError as error:
        reason = f"the extensions of the certificate cannot be read: {error}"
        return _indeterminate(state, issuer, DecodeError(reason))
    return None


def _indeterminate(
    state: CheckState, issuer: x509.Certificate | None, *failures: OCSPError
) -> Outcome:
    return Outcome.indeterminate(
        state.certificate,
        issuer,
        failures or tuple(state.failures),
        tuple(state.attempts),
    )


def _outcome(
    state: CheckState,
    issuer: x509.Certificate,
    evidence: VerifiedResponse | VerifiedRevocation,
    source: Source,
) -> Outcome:
    return Outcome.of(
        evidence, state.certificate, issuer, source, tuple(state.attempts)
    )


def _refresh(
    state: CheckState,
    cert_id: CertID,
    issuer: x509.Certificate,
    known: CachedEvidence,
) -> Flow[Outcome]:
    """Ask anew; what is known holds until there is something newer (C3)."""
    key, refreshing = cert_id.der, state.memory.refreshing
    if key in refreshing:
        return _outcome(state, issuer, known.evidence, Source.CACHE)
    refreshing.add(key)
    try:
        # Whoever has an answer that holds is not kept waiting for a better one.
        outcome = yield from _ask(state, cert_id, issuer, retries=0)
    finally:
        refreshing.discard(key)
    if outcome.status is CheckStatus.INDETERMINATE and known.evidence.holds_at(
        state.environment.now()
    ):
        return _outcome(state, issuer, known.evidence, Source.CACHE)
    return outcome


# --- asking ----------------------------------------------------------------------


def _ask_responders_then_crl(
    state: CheckState, cert_id: CertID, issuer: x509.Certificate
) -> Flow[Outcome]:
    """Ask the responders, then a CRL where that is wanted, and note what is in vain."""
    outcome = yield from _ask(state, cert_id, issuer, state.options.retries)
    if outcome.status is not CheckStatus.INDETERMINATE:
        return outcome
    if state.options.crl_fallback is CRLFallback.WHEN_INDETERMINATE:
        found = yield from check_crls(state, issuer)
        if found is not None:
            return _outcome(state, issuer, found, Source.CRL)
        outcome = _indeterminate(state, issuer)
    if outcome.reason in _PERMANENT_REASONS and state.options.nonce is SendNonce.NEVER:
        until = (
            state.environment.monotonic()
            + state.options.negative_cache_ttl.total_seconds()
        )
        state.memory.failed_checks.put(
            _failed_check_key(state, cert_id), outcome, until
        )
    return outcome


def _ask(
    state: CheckState, cert_id: CertID, issuer: x509.Certificate, retries: int
) -> Flow[Outcome]:
    """Ask the responders, and remember what they have told."""
    urls = state.request.urls or responder_urls(state.certificate)
    if not urls:
        state.failures.append(NoResponderURL())
        return _indeterminate(state, issuer)
    answer = yield from _ask_all(state, issuer, urls, retries)
    if answer is None or answer.evidence is None or answer.reply is None:
        return _indeterminate(state, issuer)
    state.memory.failed_checks.discard(_failed_check_key(state, cert_id))
    yield from store_answer(state, answer.evidence, answer.reply)
    return _outcome(state, issuer, answer.evidence, Source.RESPONDER)


def _ask_all(
    state: CheckState, issuer: x509.Certificate, urls: tuple[str, ...], retries: int
) -> Flow[Attempted | None]:
    """Return what tells most, after as many rounds as are allowed."""
    for again in range(retries + 1):
        tried = yield from _round(state, issuer, urls, again=again > 0)
        answer = next(filter(_is_final, tried), None)
        answer = answer or next((each for each in tried if each.evidence), None)
        if answer is not None:
            return answer
        urls = tuple(
            each.url for each in tried if each.error and is_transient(each.error)
        )
        wait = _wait(state, tried, again)
        if not urls or wait >= state.left():
            return None
        if again < retries:
            yield from pause(wait)
    return None


def _wait(state: CheckState, tried: list[Attempted], again: int) -> float:
    """Return how long to wait before the next round: as long as the shyest asks."""
    asked = [
        each.error.retry_after
        for each in tried
        if isinstance(each.error, HTTPStatusError) and each.error.retry_after
    ]
    own: float = _PAUSE * 2**again * (1 + state.environment.fraction())
    return max([own, *asked])


def _round(
    state: CheckState, issuer: x509.Certificate, urls: tuple[str, ...], *, again: bool
) -> Flow[list[Attempted]]:
    """Ask each of *urls* until one has told the status."""
    if state.options.responder_order is ResponderOrder.HEDGED and len(urls) > 1:
        flows = tuple(ask_responder(state, issuer, url, again=again) for url in urls)
        delay = state.options.hedge_after.total_seconds()
        return (yield from race(flows, delay, _is_final))
    tried = []
    for url in urls:
        tried.append((yield from ask_responder(state, issuer, url, again=again)))
        if _is_final(tried[-1]):
            break
    return tried


def _is_final(tried: Attempted) -> bool:
    """Tell whether nobody else need be asked; of *unknown* another may know more."""
    evidence = tried.evidence
    return evidence is not None and evidence.status is not OCSPCertStatus.UNKNOWN
