"""
The flow of one check, from the request to the outcome.

``issuer → cache → is a status needed? → responders (with retries) → CRL → cache``

This flow, and the flows that it starts, take every decision of a check. They wait and
send by yielding effects only, and read the time from the given environment. Only
evidence gives a status.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.cache import KnownStatus
from ocsp.client.checking.cached import load_cached
from ocsp.client.checking.crl_fallback import CRLProof, check_crls, prove_by_crls
from ocsp.client.checking.issuer_lookup import find_issuer
from ocsp.client.checking.newest import keep_newest, newest_known
from ocsp.client.checking.responder_exchange import (
    Attempted,
    ask_responder,
)
from ocsp.client.checking.state import CachedEvidence, CheckState, IDRequest
from ocsp.client.checking.urls import readable_responder_urls, responder_urls
from ocsp.client.engine.effects import Flow, pause, race
from ocsp.client.options import CRLFallback, ResponderOrder, SendNonce
from ocsp.client.outcome import (
    CheckStatus,
    Outcome,
    Source,
    nearest_failure,
    reason_of,
)
from ocsp.client.retry import PERMANENT_REASONS, is_transient, pause_before_retry
from ocsp.errors import (
    IssuerNotFound,
    NoCRLURL,
    NoResponderURL,
    OCSPError,
    OlderThanKnown,
    RevocationIndeterminate,
    RevokedBefore,
    SchemaError,
)
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.chain import needs_no_status
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["ask_flow", "check_flow", "crl_flow"]

_SHA256 = hashes.SHA256()

_NO_ISSUER = "the issuer certificate was neither given nor found"


def check_flow(state: CheckState) -> Flow[Outcome]:
    """Return the outcome of one check."""
    issuer = state.request.issuer
    if issuer is None:
        if needs_no_status(state.certificate):
            return Outcome(CheckStatus.NOT_NEEDED, state.certificate, None)
        issuer = yield from find_issuer(state)
    if issuer is None:
        return _indeterminate(state, None, IssuerNotFound(_NO_ISSUER))
    cert_id = CertID.for_certificate(state.certificate, issuer, _SHA256)
    known = yield from _load_cached(state, cert_id, issuer)
    if known is not None and state.environment.now() < known.refresh_at:
        return _outcome(state, issuer, known.evidence, Source.CACHE)
    outcome = yield from _ask_unless_failed(state, cert_id, issuer, known)
    if outcome.status is not CheckStatus.INDETERMINATE:
        return outcome
    # Another check may have brought a newer answer meanwhile, so load it again.
    known = yield from _load_cached(state, cert_id, issuer)
    if known is not None:
        return _outcome(state, issuer, known.evidence, Source.CACHE)
    return outcome.with_known((yield from newest_known(state, cert_id)))


def crl_flow(state: CheckState) -> Flow[tuple[Outcome, CRLProof | None]]:
    """Return the outcome of a check with CRLs only, and its proof."""
    issuer = state.request.issuer or (yield from find_issuer(state))
    if issuer is None:
        return _indeterminate(state, None, IssuerNotFound(_NO_ISSUER)), None
    state.is_for_archive = True
    proof = yield from prove_by_crls(state, issuer)
    if proof is not None:
        return _outcome(state, issuer, proof.evidence, Source.CRL), proof
    if not state.failures:
        state.failures.append(NoCRLURL())
    outcome = _indeterminate(state, issuer)
    cert_id = CertID.for_certificate(state.certificate, issuer, _SHA256)
    return outcome.with_known((yield from newest_known(state, cert_id))), None


def ask_flow(state: CheckState, request: IDRequest) -> Flow[VerifiedResponse]:
    """
    Return a verified response about a CertID.

    Raises:
        RevokedBefore: If there is none now, and the newest verified answer said
            *revoked*.
        RevocationIndeterminate: If there is none.
    """
    cert_id, issuer = request.cert_id, request.issuer
    known = yield from _load_cached(state, cert_id, issuer)
    if known is not None and state.environment.now() < known.refresh_at:
        return known.evidence
    retries = state.options.retries if known is None else 0
    found = yield from _newest_answer(state, issuer, request.urls, retries)
    if found is None:
        known = yield from _load_cached(state, cert_id, issuer)
        found = None if known is None else known.evidence
    if found is not None:
        return found
    failure, attempts = nearest_failure(state.failures), tuple(state.attempts)
    newest = yield from newest_known(state, cert_id)
    if newest is not None and newest.is_revoked:
        raise RevokedBefore(reason_of(failure), failure, attempts, newest.this_update)
    raise RevocationIndeterminate(reason_of(failure), failure, attempts)


def _load_cached(
    state: CheckState, cert_id: CertID, issuer: x509.Certificate
) -> Flow[CachedEvidence | None]:
    """Return the cached answer, unless the answer must have the nonce of a request."""
    if state.options.nonce is SendNonce.ALWAYS:
        return None
    return (yield from load_cached(state, cert_id, issuer))


def _ask_unless_failed(
    state: CheckState,
    cert_id: CertID,
    issuer: x509.Certificate,
    known: CachedEvidence | None,
) -> Flow[Outcome]:
    """Ask for a status, unless none is needed or the same check failed recently."""
    failed_checks = state.memory.failed_checks
    if failed_checks and known is None and state.options.nonce is SendNonce.NEVER:
        failed_check = failed_checks.get(
            state.failed_check_key(issuer), state.environment.monotonic()
        )
        if failed_check is not None:
            return failed_check
    if needs_no_status(state.certificate):
        return Outcome(CheckStatus.NOT_NEEDED, state.certificate, issuer)
    if known is None:
        return (yield from _ask_responders_then_crl(state, issuer))
    return (yield from _refresh(state, cert_id, issuer, known))


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
    """Ask for a newer answer, unless another check is asking for one."""
    key, refreshing = cert_id.der, state.memory.refreshing
    if key in refreshing:
        return _outcome(state, issuer, known.evidence, Source.CACHE)
    refreshing.add(key)
    try:
        # No retries: the caller should not wait while the cached answer is valid.
        return (yield from _ask(state, issuer, retries=0))
    finally:
        refreshing.discard(key)


# --- asking ----------------------------------------------------------------------


def _ask_responders_then_crl(
    state: CheckState, issuer: x509.Certificate
) -> Flow[Outcome]:
    """Ask the responders, then use a CRL if the options say so; cache a failure."""
    outcome = yield from _ask(state, issuer, state.options.retries)
    if outcome.status is not CheckStatus.INDETERMINATE:
        return outcome
    if _uses_crls(state):
        found = yield from check_crls(state, issuer)
        if found is not None:
            return _outcome(state, issuer, found, Source.CRL)
        outcome = _indeterminate(state, issuer)
    if outcome.reason in PERMANENT_REASONS and state.options.nonce is SendNonce.NEVER:
        until = (
            state.environment.monotonic()
            + state.options.negative_cache_ttl.total_seconds()
        )
        state.memory.failed_checks.put(
            state.failed_check_key(issuer),
            outcome,
            until,
            outcome.certificate,
            outcome.failure,
            *((each.url, each.error) for each in outcome.attempts),
        )
    return outcome


def _uses_crls(state: CheckState) -> bool:
    """Return whether the options allow CRLs for a certificate without a status."""
    if state.options.crl_fallback is CRLFallback.WHEN_NO_RESPONDER:
        return not (state.request.urls or readable_responder_urls(state.certificate))
    return state.options.crl_fallback is CRLFallback.WHEN_INDETERMINATE


def _ask(state: CheckState, issuer: x509.Certificate, retries: int) -> Flow[Outcome]:
    """Ask the responders."""
    try:
        urls = state.request.urls or responder_urls(state.certificate)
    except SchemaError as error:
        state.failures.append(error)
        return _indeterminate(state, issuer)
    if not urls:
        state.failures.append(NoResponderURL())
        return _indeterminate(state, issuer)
    evidence = yield from _newest_answer(state, issuer, urls, retries)
    if evidence is None:
        return _indeterminate(state, issuer)
    if state.memory.failed_checks:
        state.memory.failed_checks.discard(state.failed_check_key(issuer))
    return _outcome(state, issuer, evidence, Source.RESPONDER)


def _newest_answer(
    state: CheckState, issuer: x509.Certificate, urls: tuple[str, ...], retries: int
) -> Flow[VerifiedResponse | None]:
    """Return the best answer of the responders, unless a newer one is known."""
    evidence = yield from _ask_all(state, issuer, urls, retries)
    if evidence is None:
        return None
    try:  # again: another check, or another responder, may have brought a newer answer
        yield from keep_newest(state, issuer, evidence)
    except OlderThanKnown as error:
        state.failures.append(error)
        return None
    return evidence


def _ask_all(
    state: CheckState, issuer: x509.Certificate, urls: tuple[str, ...], retries: int
) -> Flow[VerifiedResponse | None]:
    """Return the best answer of the responders, with up to *retries* more rounds."""
    for again in range(retries + 1):
        tried = yield from _ask_each(state, issuer, urls, again=again > 0)
        answers = [each.evidence for each in tried if each.evidence is not None]
        if answers:
            return answers[0] if len(answers) == 1 else max(answers, key=_preference)
        urls = tuple(
            each.url for each in tried if each.error and is_transient(each.error)
        )
        wait = pause_before_retry(
            again, state.environment.fraction(), (each.error for each in tried)
        )
        if not urls or wait >= state.left():
            return None
        if again < retries:
            yield from pause(wait)
    return None


def _ask_each(
    state: CheckState, issuer: x509.Certificate, urls: tuple[str, ...], *, again: bool
) -> Flow[list[Attempted]]:
    """Ask each of *urls* once, until one returns *good* or *revoked*."""
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


def _preference(
    evidence: VerifiedResponse,
) -> tuple[bool, datetime.datetime, bool, datetime.datetime]:
    """Return a key: *good* or *revoked* before *unknown*, and the newest of these."""
    is_final = evidence.status is not OCSPCertStatus.UNKNOWN
    return is_final, *KnownStatus.of(evidence)[:3]


def _is_final(tried: Attempted) -> bool:
    """Return whether *tried* ends the search: *good* or *revoked*, with evidence."""
    evidence = tried.evidence
    return evidence is not None and evidence.status is not OCSPCertStatus.UNKNOWN
