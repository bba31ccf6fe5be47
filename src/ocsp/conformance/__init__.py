"""
Find out from outside whether a responder does what the standards require.

::

    report = examine("http://ocsp.example.org", cert, issuer)
    for each in report.results:
        print(each.check.id, each.outcome, each.seen)

Each check has its clause (RFC 6960, RFC 9919, RFC 9654, and those of HTTP). It sends
requests, some of them odd, and says what it has seen. An examination sends about a
hundred requests. It changes nothing; ask the operator of the responder first.
"""

from __future__ import annotations

from ocsp.conformance.examination import ConformanceSettings
from ocsp.conformance.report import (
    Check,
    CheckResult,
    ConformanceReport,
    Outcome,
    Strength,
)
from ocsp.conformance.run import examine
from ocsp.conformance.table import CHECKS

__all__ = [
    "CHECKS",
    "Check",
    "CheckResult",
    "ConformanceReport",
    "ConformanceSettings",
    "Outcome",
    "Strength",
    "examine",
]
