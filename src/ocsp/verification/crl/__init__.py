"""Verify CRLs (RFC 5280 §6.3): the rules R1 to R15, and :func:`verify_crl`."""

from __future__ import annotations

from ocsp.verification.crl.verify import verify_crl

__all__ = ["verify_crl"]
