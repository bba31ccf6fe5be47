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
    *http.ODD_FORMS,
    *requests.MALFORMED_REQUESTS,
)
"""
All checks, in the order in which they are made and reported.

Those that some responders do not survive come last.
"""
