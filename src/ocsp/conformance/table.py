"""The table of all checks."""

from __future__ import annotations

from ocsp.conformance.checks import answers, caching, http, nonces, requests
from ocsp.conformance.report import Check

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    *answers.CHECKS,
    *caching.CHECKS,
    *nonces.CHECKS,
    *requests.CHECKS,
    *http.CHECKS,
)
"""All checks, in the order in which they are made and reported."""
