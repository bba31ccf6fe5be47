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

from ocsp.client.checking.cached import remember, remembered
from ocsp.client.checking.crl_fallback import ask_lists
from ocsp.client.checking.issuer_lookup import find_issuer
from ocsp.client.checking.responder_exchange import Tried, ask_responder, is_passing
from ocsp.client.checking.state import Inquiry, Remembered
from ocsp.client.checking.urls import responder_urls
from ocsp.client.engine.effects import Flow, pause, race
from ocsp.client.options import Asking, CRLFallback, SendNonce
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

_LASTING = frozenset(
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


def check_flow(inquiry: Inquiry) -> Flow[Outcome]:
    """Return what is known of the certificate in question."""
    issuer = inquiry.question.issuer
    if issuer is None:
        beforehand = _without_asking(inquiry, None)
        if beforehand is not None:
            return beforehand
        issuer = yield from find_issuer(inquiry)
    if issuer is None:
        return _indeterminate(inquiry, None, IssuerNotFound(_NO_ISSUER))
    cert_id = CertID.for_certificate(inquiry.certificate, issuer, _SHA256)
    known = None
    if inquiry.options.nonce is SendNonce.NEVER:
        known = yield from remembered(inquiry, cert_id, issuer)
        if known is not None and inquiry.world.now() < known.due:
            return _outcome(inquiry, issuer, known.evidence, Source.CACHE)
        vain = inquiry.memory.vain.get(
            _vain_key(inquiry, cert_id), inquiry.world.monotonic()
        )
        if known is None and vain is not None:
            return vain
    beforehand = _without_asking(inquiry, issuer)
    if beforehand is not None:
        return beforehand
    if known is None:
        return (yield from _ask_all_that_can_tell(inquiry, cert_id, issuer))
    return (yield from _refresh(inquiry, cert_id, issuer, known))


def _vain_key(inquiry: Inquiry, cert_id: CertID) -> tuple[bytes, tuple[str, ...]]:
    """Return what a check in vain is known by: another responder may know more."""
    return cert_id.der, inquiry.question.urls


def _without_asking(
    inquiry: Inquiry, issuer: x509.Certificate | None
) -> Outcome | None:
    """Return what the certificate itself makes of the question, if anything."""
    try:
        if needs_no_status(inquiry.certificate):
            return Outcome(CheckStatus.NOT_NEEDED, inquiry.certificate, issuer)
    except SchemaError as error:
        reason = f"the extensions of the certificate cannot be read: {error}"
        return _indeterminate(inquiry, issuer, DecodeError(reason))
    return None


def _indeterminate(
    inquiry: Inquiry, issuer: x509.Certificate | None, *failures: OCSPError
) -> Outcome:
    return Outcome.indeterminate(
        inquiry.certificate,
        issuer,
        failures or tuple(inquiry.failures),
        tuple(inquiry.attempts),
    )


def _outcome(
    inquiry: Inquiry,
    issuer: x509.Certificate,
    evidence: VerifiedResponse | VerifiedRevocation,
    source: Source,
) -> Outcome:
    return Outcome.of(
        evidence, inquiry.certificate, issuer, source, tuple(inquiry.attempts)
    )


def _refresh(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate, known: Remembered
) -> Flow[Outcome]:
    """Ask anew; what is known holds until there is something newer (C3)."""
    key, refreshing = cert_id.der, inquiry.memory.refreshing
    if key in refreshing:
        return _outcome(inquiry, issuer, known.evidence, Source.CACHE)
    refreshing.add(key)
    try:
        # Whoever has an answer that holds is not kept waiting for a better one.
        outcome = yield from _ask(inquiry, cert_id, issuer, retries=0)
    finally:
        refreshing.discard(key)
    if outcome.status is CheckStatus.INDETERMINATE and known.evidence.holds_at(
        inquiry.world.now()
    ):
        return _outcome(inquiry, issuer, known.evidence, Source.CACHE)
    return outcome


# --- asking ----------------------------------------------------------------------


def _ask_all_that_can_tell(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate
) -> Flow[Outcome]:
    """Ask the responders, then a CRL where that is wanted, and note what is in vain."""
    outcome = yield from _ask(inquiry, cert_id, issuer, inquiry.options.retries)
    if outcome.status is not CheckStatus.INDETERMINATE:
        return outcome
    if inquiry.options.crl_fallback is CRLFallback.WHEN_INDETERMINATE:
        found = yield from ask_lists(inquiry, issuer)
        if found is not None:
            return _outcome(inquiry, issuer, found, Source.CRL)
        outcome = _indeterminate(inquiry, issuer)
    if outcome.reason in _LASTING and inquiry.options.nonce is SendNonce.NEVER:
        until = inquiry.world.monotonic() + inquiry.options.negative_for.total_seconds()
        inquiry.memory.vain.put(_vain_key(inquiry, cert_id), outcome, until)
    return outcome


def _ask(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate, retries: int
) -> Flow[Outcome]:
    """Ask the responders, and remember what they have told."""
    urls = inquiry.question.urls or responder_urls(inquiry.certificate)
    if not urls:
        inquiry.failures.append(NoResponderURL())
        return _indeterminate(inquiry, issuer)
    told = yield from _ask_all(inquiry, issuer, urls, retries)
    if told is None or told.evidence is None or told.reply is None:
        return _indeterminate(inquiry, issuer)
    inquiry.memory.vain.discard(_vain_key(inquiry, cert_id))
    yield from remember(inquiry, told.evidence, told.reply)
    return _outcome(inquiry, issuer, told.evidence, Source.RESPONDER)


def _ask_all(
    inquiry: Inquiry, issuer: x509.Certificate, urls: tuple[str, ...], retries: int
) -> Flow[Tried | None]:
    """Return what tells most, after as many rounds as are allowed."""
    for again in range(retries + 1):
        tried = yield from _round(inquiry, issuer, urls, again=again > 0)
        told = next(filter(_is_final, tried), None)
        told = told or next((each for each in tried if each.evidence), None)
        if told is not None:
            return told
        urls = tuple(
            each.url for each in tried if each.error and is_passing(each.error)
        )
        wait = _wait(inquiry, tried, again)
        if not urls or wait >= inquiry.left():
            return None
        if again < retries:
            yield from pause(wait)
    return None


def _wait(inquiry: Inquiry, tried: list[Tried], again: int) -> float:
    """Return how long to wait before the next round: as long as the shyest asks."""
    asked = [
        each.error.retry_after
        for each in tried
        if isinstance(each.error, HTTPStatusError) and each.error.retry_after
    ]
    own: float = _PAUSE * 2**again * (1 + inquiry.world.fraction())
    return max([own, *asked])


def _round(
    inquiry: Inquiry, issuer: x509.Certificate, urls: tuple[str, ...], *, again: bool
) -> Flow[list[Tried]]:
    """Ask each of *urls* until one has told the status."""
    if inquiry.options.asking is Asking.HEDGED and len(urls) > 1:
        flows = tuple(ask_responder(inquiry, issuer, url, again=again) for url in urls)
        delay = inquiry.options.hedge_after.total_seconds()
        return (yield from race(flows, delay, _is_final))
    tried = []
    for url in urls:
        tried.append((yield from ask_responder(inquiry, issuer, url, again=again)))
        if _is_final(tried[-1]):
            break
    return tried


def _is_final(tried: Tried) -> bool:
    """Tell whether nobody else need be asked; of *unknown* another may know more."""
    evidence = tried.evidence
    return evidence is not None and evidence.status is not OCSPCertStatus.UNKNOWN
