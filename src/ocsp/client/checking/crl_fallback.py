"""
Revocation lists: what a certificate's CRL says, where no responder has told its status.

RFC 5280 §4.2.1.13 (distribution points), §4.2.1.15 and §5.2.6 (delta CRLs). Rules of
this file: the same as for responders hold for every URL; what is fetched counts as
evidence of :func:`ocsp.verify_crl` or not at all.
"""

from __future__ import annotations

from cryptography import x509

from ocsp import limits
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.state import Inquiry, KeptList
from ocsp.client.checking.urls import list_urls
from ocsp.client.engine.effects import Flow
from ocsp.client.outcome import Attempt
from ocsp.errors import FetchError
from ocsp.verification.crl.verify import verify_crl
from ocsp.verification.errors import VerificationError
from ocsp.verification.evidence import VerifiedRevocation

__all__ = ["ask_lists"]

_ACCEPT = "application/pkix-crl"


def ask_lists(
    inquiry: Inquiry, issuer: x509.Certificate
) -> Flow[VerifiedRevocation | None]:
    """Return what the first CRL says that proves anything."""
    for url in list_urls(inquiry.certificate, x509.CRLDistributionPoints):
        attempt = Attempt(url=url, method="GET", started=inquiry.elapsed())
        known = inquiry.memory.lists.get(url, inquiry.world.monotonic())
        try:
            if known is None:
                known = yield from _fetched(inquiry, url)
            evidence = verify_crl(
                known.complete,
                inquiry.certificate,
                issuer,
                delta=known.delta,
                at=inquiry.world.now(),
                policy=inquiry.options.policy,
            )
        except (FetchError, VerificationError) as error:
            inquiry.note(attempt, error)
        else:
            inquiry.note(attempt)
            _keep(inquiry, url, known, evidence)
            return evidence
    return None


def _fetched(inquiry: Inquiry, url: str) -> Flow[KeptList]:
    complete = yield from _content(inquiry, url)
    for place in _delta_urls(inquiry, complete):
        attempt = Attempt(url=place, method="GET", started=inquiry.elapsed())
        try:
            delta = yield from _content(inquiry, place)
        except FetchError as error:
            # Without it, the complete list counts while it is recent itself.
            inquiry.note(attempt, error)
        else:
            inquiry.note(attempt)
            return KeptList(complete, delta)
    return KeptList(complete, None)


def _content(inquiry: Inquiry, url: str) -> Flow[bytes]:
    reply = yield from fetch(
        inquiry,
        url,
        url,
        inquiry.options.targets,
        accept=_ACCEPT,
        max_bytes=limits.MAX_CRL_BYTES,
    )
    return reply.body


def _delta_urls(inquiry: Inquiry, complete: bytes) -> tuple[str, ...]:
    """Return where a delta CRL lies, as the list says, or else the certificate."""
    try:
        holder = x509.load_der_x509_crl(complete)
        urls = list_urls(holder, x509.FreshestCRL)
    except ValueError:
        return ()  # which verifying will find
    return urls or list_urls(inquiry.certificate, x509.FreshestCRL)


def _keep(
    inquiry: Inquiry, url: str, known: KeptList, evidence: VerifiedRevocation
) -> None:
    """Keep what other certificates of that issuer may need, until there is a newer."""
    left = (evidence.holds_until - inquiry.world.now()).total_seconds()
    size = len(known.complete) + len(known.delta or b"")
    if size <= limits.MAX_KEPT_CRL_BYTES:
        inquiry.memory.lists.put(url, known, inquiry.world.monotonic() + left)
