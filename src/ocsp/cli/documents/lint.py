"""The JSON document of ``ocsp lint``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

from ocsp.cli.documents.notes import OneOf
from ocsp.linting import LintFinding, LintReport, Profile, Severity

__all__ = [
    "LintDocument",
    "LintFindingDocument",
    "lint_document",
    "lint_finding_document",
]

SeverityName = Literal["info", "notice", "warning", "error"]


class LintFindingDocument(TypedDict):
    """A deviation from a standard."""

    rule: Annotated[str, "its number (L302), or that of a rule about headers (C9)"]
    severity: SeverityName
    clause: Annotated[str, "where it is required"]
    where: Annotated[str, "the field; empty for the whole response"]
    message: str


class LintDocument(TypedDict):
    """The output of ocsp lint."""

    type: Literal["lint"]
    profile: Annotated[str, OneOf(Profile), "the standards"]
    severity: Annotated[SeverityName, "findings below this one are left out"]
    findings: list[LintFindingDocument]


def lint_document(report: LintReport, least: Severity) -> LintDocument:
    """Describe the findings of *report* with at least the severity *least*."""
    return {
        "type": "lint",
        "profile": report.profile.value,
        "severity": _NAMES[least],
        "findings": list(map(lint_finding_document, report.at_least(least))),
    }


def lint_finding_document(finding: LintFinding) -> LintFindingDocument:
    """Describe one finding."""
    return {
        "rule": finding.rule,
        "severity": _NAMES[finding.severity],
        "clause": finding.clause,
        "where": finding.where,
        "message": finding.message,
    }


_NAMES: Mapping[Severity, SeverityName] = {
    Severity.INFO: "info",
    Severity.NOTICE: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}
