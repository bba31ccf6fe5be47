"""
Linting: is a response written as the standards want it.

::

    report = ocsp.lint_response(response, issuer=issuer, profile=Profile.WEBPKI)
    for finding in report.findings:
        print(finding)

Whether a response is to be believed is another question: :func:`ocsp.verify`. The rules
are numbered; :mod:`ocsp.linting.table` has them all.
"""

from __future__ import annotations

from ocsp.linting.lint import lint_response
from ocsp.linting.report import LintFinding, LintReport, Profile, Severity

__all__ = ["LintFinding", "LintReport", "Profile", "Severity", "lint_response"]
