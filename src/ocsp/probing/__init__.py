"""
Probe a responder: ask it in every way that clients do, and measure its answers.

::

    report = probe("http://ocsp.example.org", cert, issuer)
    judged = judge(report, Thresholds())

A probe asks by GET and POST, with and without a nonce, with SHA-1 and SHA-256 CertIDs.
Each answer has evidence from :func:`ocsp.verify` or the error, the headers, how long it
took, and what deviates from the standards. A status is only in the evidence.
"""

from __future__ import annotations

from ocsp.probing.headers import header_findings
from ocsp.probing.judging import Judgement, Level, Thresholds, judge
from ocsp.probing.probe import ProbeSettings, check_responder_url, probe
from ocsp.probing.questions import HashName, Method, Question, questions
from ocsp.probing.report import Failure, NonceUse, ProbeAnswer, ProbeReport

__all__ = [
    "Failure",
    "HashName",
    "Judgement",
    "Level",
    "Method",
    "NonceUse",
    "ProbeAnswer",
    "ProbeReport",
    "ProbeSettings",
    "Question",
    "Thresholds",
    "check_responder_url",
    "header_findings",
    "judge",
    "probe",
    "questions",
]
