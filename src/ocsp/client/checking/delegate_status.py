"""
Delegate status: find evidence about the delegate that signed a response.

RFC 6960 §4.2.2.2.1. If a response lacks only this evidence, the client asks where the
delegate's certificate says: its OCSP responders, then its CRLs. It asks for one level
only: a response about the delegate must be acceptable without more evidence. The client
never asks the responder that it judges, and evidence that the delegate's own key signed
does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from cryptography import x509

from ocsp.asn1.certificates import certificate_der
from ocsp.client.checking.crl_fallback import check_crls
from ocsp.client.checking.newest import newest_known
from ocsp.client.checking.state import CheckRequest, CheckState
from ocsp.client.checking.urls import readable_responder_urls
from ocsp.client.engine.effects import Flow
from ocsp.client.options import DelegateStatus
from ocsp.errors import ResponderRevocationUnknown
from ocsp.guarded.certificates import load_certificate
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["Ask", "find_delegate_evidence"]

Evidence = VerifiedResponse | VerifiedRevocation

Ask = Callable[[CheckState, x509.Certificate, str], Flow[VerifiedResponse | None]]
"""Ask the responder at a URL about the certificate of a check, with its issuer."""


def find_delegate_evidence(
    state: CheckState,
    issuer: x509.Certificate,
    error: ResponderRevocationUnknown,
    judged: tuple[str, ...],
    ask: Ask,
) -> Flow[tuple[Evidence, ...]]:
    """
    Return evidence about the delegates that *error* names, remembered or fetched.

    Args:
        state: The check whose response lacks evidence.

        issuer: The issuer of the certificate and of the delegates.

        error: The error of the verification.

        judged: The URLs of the responders that may have sent the response.

        ask: How to ask a responder.
    """
    found: tuple[Evidence, ...] = ()
    for delegate in _delegates(error):
        key = certificate_der(issuer), certificate_der(delegate)
        known = yield from _remembered(state, key)
        if known is None and state.options.delegate_status is DelegateStatus.FETCH:
            known = yield from _fetch(state, issuer, delegate, judged, ask)
            _remember(state, key, known)
        found += known or ()
    return found


def _remembered(
    state: CheckState, key: tuple[bytes, bytes]
) -> Flow[tuple[Evidence, ...] | None]:
    """Return the remembered evidence, if it is valid now and still the newest."""
    known = state.memory.delegates.get(key, state.environment.monotonic())
    for each in known or ():
        if state.environment.now() >= each.holds_until:
            return None
        newest = yield from newest_known(state, each.canonical_cert_id)
        if newest is not None and newest.is_newer_than(each):
            return None
    return known


def _delegates(error: ResponderRevocationUnknown) -> list[x509.Certificate]:
    """Return the delegates whose status is all that the verification lacks."""
    if {each.error for each in error.failures} != {ResponderRevocationUnknown}:
        return []
    named = (dict(each.values)["delegate"] for each in error.failures)
    return [load_certificate(der) for der in named if isinstance(der, bytes)]


def _fetch(
    state: CheckState,
    issuer: x509.Certificate,
    delegate: x509.Certificate,
    judged: tuple[str, ...],
    ask: Ask,
) -> Flow[tuple[Evidence, ...]]:
    """Return the evidence that the places in *delegate* give; empty if none does."""
    about = replace(
        state,
        request=CheckRequest(certificate=delegate, issuer=issuer),
        options=replace(state.options, delegate_status=DelegateStatus.NEVER),
        failures=[],  # the check itself has another failure; the attempts are shared
    )
    unknown: tuple[Evidence, ...] = ()
    refused = {_place(url) for url in judged}
    for url in readable_responder_urls(delegate):
        if _place(url) in refused:
            continue
        answer = yield from ask(about, issuer, url)
        if answer is None or answer.is_signed_by_key_of(delegate):
            continue
        if answer.status is not OCSPCertStatus.UNKNOWN:
            return (answer,)
        unknown = (answer,)
    if unknown:
        return unknown
    listed = yield from check_crls(about, issuer)
    return () if listed is None else (listed,)


def _place(url: str) -> tuple[str | None, int, str] | None:
    """Return a value that is equal for URLs of the same responder."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None  # a malformed URL, which is not asked
    return parts.hostname, port, parts.path.rstrip("/")


def _remember(
    state: CheckState, key: tuple[bytes, bytes], found: tuple[Evidence, ...]
) -> None:
    """Keep evidence until it ends, and a failure for as long as a failed check."""
    now, seconds = state.environment.now(), state.options.negative_cache_ttl
    ends = [
        each.holds_until for each in found if each.status is not OCSPCertStatus.UNKNOWN
    ]
    left = (min(ends) - now if ends else seconds).total_seconds()
    if found or state.left() > 0:  # without time left, nothing was asked
        until = state.environment.monotonic() + left
        state.memory.delegates.put(key, found, until)
