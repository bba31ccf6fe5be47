"""
``ocsp lint``: show in what a response is not written as the standards want it.

Rules of this file: it shows findings and judges nothing. Whether the response is to be
believed is what ``ocsp verify`` says.
"""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

import typer
from cryptography import x509
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ocsp.cli.exit_codes import ExitCode, one_line
from ocsp.cli.help_text import epilog
from ocsp.cli.input.arguments import parse_moment
from ocsp.cli.input.loading import (
    load_certificate,
    load_issuer,
    load_request,
    read_message,
)
from ocsp.cli.render.console import output
from ocsp.cli.render.vocabulary import count
from ocsp.linting import (
    LintFinding,
    LintReport,
    Profile,
    Severity,
    lint_response,
)

__all__ = ["EPILOG", "HELP", "ProfileName", "SeverityName", "lint"]

HELP = """Show in what a response is not written as the standards want it.

The more is given beside it, the more there is to compare with. A response without
findings may be forged all the same: ocsp verify says whether to believe it."""

EPILOG = epilog(
    {
        "ocsp lint response.der --issuer ca.pem": "by RFC 6960",
        "ocsp lint response.der --issuer ca.pem --cert leaf.pem --profile webpki": (
            "and by the Baseline Requirements"
        ),
        "ocsp lint response.der --severity info --json | jq .findings": (
            "all of it, for other programs"
        ),
    },
    {
        ExitCode.FINE: "no findings",
        ExitCode.FOUND: "findings as grave as --severity, or graver",
        ExitCode.UNUSABLE: "something could not be read, or was used wrongly",
    },
)


class ProfileName(StrEnum):
    """By which standards."""

    RFC6960 = "rfc6960"
    RFC9919 = "rfc9919"
    WEBPKI = "webpki"


class SeverityName(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    INFO = "info"


_STYLES = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTICE: "label",
    Severity.INFO: "quiet",
}


def lint(
    source: Annotated[
        str,
        typer.Argument(metavar="RESPONSE", help="The response; - is standard input."),
    ] = "-",
    issuer: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Certificate of the issuer it is about."),
    ] = None,
    cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="The certificate it is about.")
    ] = None,
    request: Annotated[
        str | None, typer.Option(metavar="FILE", help="The request that it answers.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it was served, in ISO 8601, UTC without a zone."
        ),
    ] = None,
    profile: Annotated[
        ProfileName,
        typer.Option(metavar="rfc6960|rfc9919|webpki", help="By which standards."),
    ] = ProfileName.RFC6960,
    severity: Annotated[
        SeverityName,
        typer.Option(
            metavar="error|warning|notice|info", help="Show these, and graver ones."
        ),
    ] = SeverityName.WARNING,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON; the keys are stable.")
    ] = False,
) -> int:
    """Lint the response and show what was found."""
    certificate = None if cert is None else load_certificate(cert)
    report = lint_response(
        read_message(source).der,
        issuer=_issuer(issuer, certificate),
        cert=certificate,
        request=None if request is None else load_request(request),
        at=None if at is None else parse_moment("--at", at),
        profile=Profile(profile.value),
    )
    least = Severity[severity.name]
    if as_json:
        typer.echo(json.dumps(_document(report, least), indent=2))
    else:
        output().print(_drawn(report, least))
    return ExitCode.FOUND if report.at_least(least) else ExitCode.FINE


def _issuer(
    source: str | None, certificate: x509.Certificate | None
) -> x509.Certificate | None:
    if source is None:
        return None
    return load_issuer(source, [] if certificate is None else [certificate])


def _document(report: LintReport, least: Severity) -> dict[str, Any]:
    return {
        "type": "lint",
        "profile": report.profile.value,
        "severity": least.name.lower(),
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.name.lower(),
                "clause": finding.clause,
                "where": finding.where,
                "message": finding.message,
            }
            for finding in report.at_least(least)
        ],
    }


def _drawn(report: LintReport, least: Severity) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    shown = sorted(report.at_least(least), key=lambda each: -each.severity)
    for finding in shown:
        grid.add_row(*_cells(finding))
    hidden = [each for each in report.findings if each.severity < least]
    return Group(*([grid] if shown else []), _sum(report, shown, hidden))


def _cells(finding: LintFinding) -> tuple[Text, ...]:
    what = Text(one_line(finding.where), "label", overflow="fold")
    what.append(" " if finding.where else "")
    what.append(one_line(finding.message), "default")
    return (
        Text(finding.severity.name.lower(), style=_STYLES[finding.severity]),
        Text(finding.rule),
        what,
        Text(finding.clause, style="quiet"),
    )


def _sum(
    report: LintReport, shown: list[LintFinding], hidden: list[LintFinding]
) -> Text:
    words = Text(_counted(shown) or "clean", style="" if shown else "good")
    words.append(f"  profile {report.profile.value}", "quiet")
    if hidden:
        graver = min(each.severity for each in hidden).name.lower()
        words.append(f"  not shown: {_counted(hidden)}", "quiet")
        words.append(f"  --severity {graver}", "command")
    return words


def _counted(findings: list[LintFinding]) -> str:
    numbers = Counter(finding.severity for finding in findings)
    return ", ".join(
        count(numbers[severity], severity.name.lower())
        for severity in sorted(numbers, reverse=True)
    )
