"""
Decide whether a certificate needs a staple.

Many certificates have no OCSP responder: the public CAs ended theirs in 2025. No staple
exists for such a certificate, so its absence is no failure.
"""

from __future__ import annotations

import enum

from cryptography import x509

from ocsp.client.checking.urls import responder_urls
from ocsp.errors import StapleUnobtainable
from ocsp.signing.issued import is_issued_by
from ocsp.verification.chain import needs_no_status
from ocsp.verification.staple import must_staple

__all__ = ["NotNeeded", "why_not_needed"]


class NotNeeded(enum.Enum):
    """Why a certificate needs no staple."""

    NO_STATUS = "no-status"
    """It states so: noRevAvail (RFC 9608 §2), or id-pkix-ocsp-nocheck (RFC 6960
    §4.2.2.2.1)."""

    SELF_SIGNED = "self-signed"
    """It has no issuer that could revoke it."""

    NO_RESPONDER = "no-responder"
    """It names no OCSP responder with an HTTP URL, and the caller names none."""

    @property
    def words(self) -> str:
        """The reason as the end of a sentence that begins with *the certificate*."""
        return _WORDS[self]


_WORDS = {
    NotNeeded.NO_STATUS: "states that it has no status",
    NotNeeded.SELF_SIGNED: "is self-signed",
    NotNeeded.NO_RESPONDER: "names no responder",
}


def why_not_needed(
    certificate: x509.Certificate, *, has_responder: bool
) -> NotNeeded | None:
    """
    Return why *certificate* needs no staple, or ``None`` if it needs one.

    ``None`` also if its extensions cannot be decoded: the check of its status reports
    that.

    Args:
        certificate: The certificate of a TLS server.

        has_responder: Whether the caller names a responder.

    Raises:
        StapleUnobtainable: If it requires a staple (RFC 7633), which it cannot have.
    """
    try:
        reason = _reason(certificate, has_responder=has_responder)
        is_required = must_staple(certificate)
    except ValueError:
        return None
    if reason is not None and is_required:
        raise StapleUnobtainable(reason.words)
    return reason


def _reason(certificate: x509.Certificate, *, has_responder: bool) -> NotNeeded | None:
    if needs_no_status(certificate):
        return NotNeeded.NO_STATUS
    if is_issued_by(certificate, certificate):
        return NotNeeded.SELF_SIGNED
    if not has_responder and not responder_urls(certificate):
        return NotNeeded.NO_RESPONDER
    return None
