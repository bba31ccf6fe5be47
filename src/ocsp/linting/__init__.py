"""
Lint responses: report where a response deviates from the standards.

::

    report = ocsp.lint_response(response, issuer=issuer, profile=Profile.WEBPKI)
    for finding in report.findings:
        print(finding)

A lint does not verify a response; :func:`ocsp.verify` does. Every rule has a number;
:mod:`ocsp.linting.table` lists all rules.
"""

from __future__ import annotations

from ocsp.linting.lint import lint_response
from ocsp.linting.report import LintFinding, LintReport, Profile, Severity

__all__ = ["LintFinding", "LintReport", "Profile", "Severity", "lint_response"]
