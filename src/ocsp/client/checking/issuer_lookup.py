"""
Issuer lookup: fetch the issuer certificate if the caller does not give it.

RFC 5280 §4.2.2.1 (caIssuers: one DER certificate, or a "certs-only" CMS; many servers
send PEM, which the client reads too). The client
accepts a fetched certificate only if its key has signed the certificate to check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cryptography import x509

from ocsp import limits
from ocsp.asn1.certificates import certificate_der
from ocsp.client.certificate_files import readable_certificates
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import issuer_urls
from ocsp.client.engine.effects import Flow
from ocsp.client.options import MissingIssuer
from ocsp.errors import FetchError, IssuerNotFound, SchemaError
from ocsp.signing.issued import issuer_among

__all__ = ["fetch_certificates", "find_issuer"]

Result = TypeVar("Result")

_ACCEPT = "application/pkix-cert, application/pkcs7-mime"

_CACHE_SECONDS = 3600.0
"""For how long the client keeps a fetched issuer certificate."""


def find_issuer(state: CheckState) -> Flow[x509.Certificate | None]:
    """Return the issuer certificate, fetched if the options allow it, or ``None``."""
    if state.options.missing_issuer is MissingIssuer.REFUSE:
        return None
    key = certificate_der(state.certificate)
    issuer = state.memory.issuers.get(key, state.environment.monotonic())
    if issuer is None:
        issuer = yield from _fetch_issuer(state)
        if issuer is not None:
            until = state.environment.monotonic() + _CACHE_SECONDS
            state.memory.issuers.put(key, issuer, until)
    return issuer


def _fetch_issuer(state: CheckState) -> Flow[x509.Certificate | None]:
    for url in _urls(state):
        started = state.elapsed()
        try:
            issuer = yield from _fetch(
                state, url, partial(issuer_among, state.certificate)
            )
        except FetchError as error:
            state.note(url, "GET", started, error)
            continue
        if issuer is not None:
            state.note(url, "GET", started)
            return issuer
        error_text = f"{url}: no certificate there has signed the certificate to check"
        state.note(url, "GET", started, IssuerNotFound(error_text))
    return None


def fetch_certificates(
    state: CheckState, url: str
) -> Flow[tuple[x509.Certificate, ...]]:
    """Return the certificates at *url*, a caIssuers URL; none if there is a failure."""
    started = state.elapsed()
    try:
        found = yield from _fetch(state, url, tuple)
    except FetchError as error:
        state.note(url, "GET", started, error)
        return ()
    state.note(url, "GET", started)
    return found


def _fetch(
    state: CheckState, url: str, choose: Callable[[list[x509.Certificate]], Result]
) -> Flow[Result]:
    """Return what *choose* chooses of the certificates at *url*."""
    reply = yield from fetch(
        state,
        url,
        url,
        state.options.address_policy,
        accept=_ACCEPT,
        max_bytes=limits.MAX_ISSUER_BYTES,
    )
    return (
        yield from state.calculate(
            url,
            len(reply.body),
            lambda: choose(
                readable_certificates(reply.body)[: limits.MAX_CERTIFICATES]
            ),
        )
    )


def _urls(state: CheckState) -> tuple[str, ...]:
    try:
        return issuer_urls(state.certificate)
    except SchemaError as error:
        state.failures.append(error)
        return ()
