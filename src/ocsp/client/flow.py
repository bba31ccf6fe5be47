"""
The flow: one check from the question to its outcome.

``remembered → needs none → issuer → responders (again) → remembered, though old``

Rules of this file: every decision of a check is taken here or in the flows that this
one starts; nothing waits, sends or reads a clock but by effects and the given world. No
status comes from anything but evidence.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.certid import CertID
from ocsp.client.asking import Tried, ask_responder, is_passing
from ocsp.client.cache import CachedAnswer, MemoryCache
from ocsp.client.effects import Flow, call, pause, race
from ocsp.client.inquiry import Inquiry
from ocsp.client.issuers import find_issuer
from ocsp.client.lifetime import expiry, refresh_from
from ocsp.client.options import Asking, SendNonce
from ocsp.client.outcome import CheckStatus, Outcome, Reason, Source
from ocsp.client.targets import responder_urls
from ocsp.errors import (
    DecodeError,
    HTTPStatusError,
    IssuerNotFound,
    NoResponderURL,
    OCSPError,
)
from ocsp.statuses import OCSPCertStatus
from ocsp.verification.chain import needs_no_status
from ocsp.verification.errors import VerificationError
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.response import verify

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


class _Remembered(NamedTuple):
    """An answer of the cache that still holds."""

    evidence: VerifiedResponse
    is_due: bool


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
        known = yield from _remembered(inquiry, cert_id, issuer)
        if known is not None and not known.is_due:
            return _from_cache(inquiry, issuer, known)
        vain = inquiry.memory.vain.get(cert_id.der, inquiry.world.monotonic())
        if known is None and vain is not None:
            return vain
    beforehand = _without_asking(inquiry, issuer)
    if beforehand is not None:
        return beforehand
    if known is None:
        return (yield from _ask(inquiry, cert_id, issuer, inquiry.options.retries))
    return (yield from _refresh(inquiry, cert_id, issuer, known))


def _without_asking(
    inquiry: Inquiry, issuer: x509.Certificate | None
) -> Outcome | None:
    """Return what the certificate itself makes of the question, if anything."""
    try:
        if needs_no_status(inquiry.certificate):
            return Outcome(CheckStatus.NOT_NEEDED, inquiry.certificate, issuer)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as e:
        reason = f"the extensions of the certificate cannot be read: {e}"
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


def _from_cache(
    inquiry: Inquiry, issuer: x509.Certificate, known: _Remembered
) -> Outcome:
    return Outcome.of(
        known.evidence,
        inquiry.certificate,
        issuer,
        Source.CACHE,
        tuple(inquiry.attempts),
    )


# --- what is remembered ----------------------------------------------------------


def _remembered(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate
) -> Flow[_Remembered | None]:
    """Return the evidence in the cache that holds at this moment (C2)."""
    cache = inquiry.memory.cache
    if type(cache) is MemoryCache:  # which never blocks
        answer = cache.get(cert_id)
    else:
        answer = yield from call(lambda: cache.get(cert_id))
    if answer is None:
        return None
    now = inquiry.world.now()
    evidence = answer.evidence
    if evidence is None:
        evidence = _verified_again(inquiry, issuer, answer, now)
    if (
        evidence is None
        or not evidence.holds_at(now)
        or evidence.canonical_cert_id != cert_id
    ):
        return None
    return _Remembered(evidence, _is_due(inquiry, answer, evidence, now))


def _verified_again(
    inquiry: Inquiry,
    issuer: x509.Certificate,
    answer: CachedAnswer,
    now: datetime.datetime,
) -> VerifiedResponse | None:
    """Return what an answer from outside of this process proves, if anything."""
    try:
        return verify(
            answer.der,
            inquiry.certificate,
            issuer,
            at=now,
            responders=inquiry.options.responders,
            policy=inquiry.options.policy,
        )
    except VerificationError:
        return None


def _is_due(
    inquiry: Inquiry,
    answer: CachedAnswer,
    evidence: VerifiedResponse,
    now: datetime.datetime,
) -> bool:
    """Tell whether it is time for a newer answer (C3)."""
    if now >= answer.expires:
        return True
    # Verified again just now, it does not know when it was fetched; where HTTP has
    # not shortened its life, that began with thisUpdate.
    start = evidence.at
    if answer.evidence is None and answer.expires >= evidence.holds_until:
        start = answer.this_update
    fraction = (inquiry.memory.salt + evidence.cert_id.serial_number % 97 / 97) % 1
    return now >= refresh_from(start, answer.expires, fraction)


def _refresh(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate, known: _Remembered
) -> Flow[Outcome]:
    """Ask anew; what is known holds until there is something newer (C3)."""
    key, refreshing = cert_id.der, inquiry.memory.refreshing
    if key in refreshing:
        return _from_cache(inquiry, issuer, known)
    refreshing.add(key)
    try:
        # Whoever has an answer that holds is not kept waiting for a better one.
        outcome = yield from _ask(inquiry, cert_id, issuer, retries=0)
    finally:
        refreshing.discard(key)
    if outcome.status is CheckStatus.INDETERMINATE and known.evidence.holds_at(
        inquiry.world.now()
    ):
        return _from_cache(inquiry, issuer, known)
    return outcome


def _remember(inquiry: Inquiry, tried: Tried, evidence: VerifiedResponse) -> Flow[None]:
    """Put into the cache what may be there (C1, C2)."""
    if inquiry.options.nonce is SendNonce.ALWAYS or tried.reply is None:
        return
    until = expiry(evidence, tried.reply, inquiry.world.now())
    if until is None or evidence.status is OCSPCertStatus.UNKNOWN:
        return
    cache = inquiry.memory.cache
    cert_id = evidence.canonical_cert_id
    if type(cache) is MemoryCache:
        cache.put(cert_id, evidence, until)
    else:
        yield from call(lambda: cache.put(cert_id, evidence, until))


# --- asking ----------------------------------------------------------------------


def _ask(
    inquiry: Inquiry, cert_id: CertID, issuer: x509.Certificate, retries: int
) -> Flow[Outcome]:
    """Ask the responders, and note what came of it."""
    urls = inquiry.question.urls or responder_urls(inquiry.certificate)
    if not urls:
        return _indeterminate(inquiry, issuer, NoResponderURL())
    told = yield from _ask_all(inquiry, issuer, urls, retries)
    if told is not None and told.evidence is not None:
        inquiry.memory.vain.discard(cert_id.der)
        yield from _remember(inquiry, told, told.evidence)
        return Outcome.of(
            told.evidence,
            inquiry.certificate,
            issuer,
            Source.RESPONDER,
            tuple(inquiry.attempts),
        )
    outcome = _indeterminate(inquiry, issuer)
    if outcome.reason in _LASTING and inquiry.options.nonce is SendNonce.NEVER:
        until = inquiry.world.monotonic() + inquiry.options.negative_for.total_seconds()
        inquiry.memory.vain.put(cert_id.der, outcome, until)
    return outcome


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
