"""
``ocsp lint``: report where a response deviates from the standards.

The command reports how a response is written. Whether it can be trusted is for ``ocsp
verify``.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated

from cryptography import x509
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ocsp.cli.documents.lint import lint_document
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.input.arguments import TIME_FORMS, parse_moment
from ocsp.cli.input.loading import (
    load_certificate,
    load_issuer,
    load_request,
    read_message,
    require_kind,
)
from ocsp.cli.options.choices import ProfileName
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import output
from ocsp.cli.render.json_output import write_json
from ocsp.inspection.vocabulary import count, one_line
from ocsp.linting import (
    LintFinding,
    LintReport,
    Profile,
    Severity,
    lint_response,
)

__all__ = ["SeverityName", "lint"]

HELP = """Report where a response deviates from the standards.

The options --issuer, --cert, --request and --at each allow more rules to be checked. A
response without findings can still be forged: only ocsp verify verifies it."""

EPILOG = epilog(
    {
        "ocsp lint response.der --issuer ca.pem": "check against RFC 6960",
        "ocsp lint response.der --issuer ca.pem --cert leaf.pem --profile webpki": (
            "check against the Baseline Requirements too"
        ),
        "ocsp lint response.der --severity info --json | jq .findings": (
            "write all findings as JSON"
        ),
    },
    {
        ExitCode.SUCCESS: "no findings",
        ExitCode.FINDINGS: "findings of the severity in --severity or above",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)


class SeverityName(StrEnum):
    """The severity of a finding."""

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


@helped_by(EPILOG, HELP)
def lint(
    source: Annotated[
        str,
        Argument(metavar="RESPONSE", help="The response; - for standard input."),
    ] = "-",
    issuer: Annotated[
        str | None,
        Option(metavar="FILE", help="Certificate of the issuer."),
    ] = None,
    cert: Annotated[
        str | None,
        Option(metavar="FILE", help="Certificate that the response is about."),
    ] = None,
    request: Annotated[
        str | None,
        Option(metavar="FILE", help="Request that the response answers."),
    ] = None,
    at: Annotated[
        str | None,
        Option(
            metavar="TIME",
            help=f"When the response was served: {TIME_FORMS}.",
        ),
    ] = None,
    profile: Annotated[
        ProfileName,
        Option(metavar="rfc6960|rfc9919|webpki", help="Standards to check against."),
    ] = ProfileName.RFC6960,
    severity: Annotated[
        SeverityName,
        Option(
            metavar="error|warning|notice|info",
            help="Report findings of this severity and above.",
        ),
    ] = SeverityName.WARNING,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Lint the response and show the findings."""
    certificate = None if cert is None else load_certificate(cert)
    message = read_message(source)
    require_kind(message, "response", source)
    report = lint_response(
        message.der,
        issuer=_issuer(issuer, certificate),
        cert=certificate,
        request=None if request is None else load_request(request),
        at=None if at is None else parse_moment("--at", at),
        profile=Profile(profile.value),
    )
    least = Severity[severity.name]
    if as_json:
        write_json(lint_document(report, least))
    else:
        output().print(_draw(report, least))
    return ExitCode.FINDINGS if report.at_least(least) else ExitCode.SUCCESS


def _issuer(
    source: str | None, certificate: x509.Certificate | None
) -> x509.Certificate | None:
    if source is None:
        return None
    return load_issuer(source, [] if certificate is None else [certificate])


def _draw(report: LintReport, least: Severity) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    shown = sorted(report.at_least(least), key=lambda each: -each.severity)
    for finding in shown:
        grid.add_row(*_cells(finding))
    hidden = [each for each in report.findings if each.severity < least]
    return Group(*([grid] if shown else []), _summary(report, shown, hidden))


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


def _summary(
    report: LintReport, shown: list[LintFinding], hidden: list[LintFinding]
) -> Text:
    words = Text(_counted(shown) or "clean", style="" if shown else "good")
    words.append(f"  profile {report.profile.value}", "quiet")
    if hidden:
        lowest = min(each.severity for each in hidden).name.lower()
        words.append(f"  not shown: {_counted(hidden)}", "quiet")
        words.append(f"  --severity {lowest}", "command")
    return words


def _counted(findings: list[LintFinding]) -> str:
    numbers = Counter(finding.severity for finding in findings)
    return ", ".join(
        count(numbers[severity], severity.name.lower())
        for severity in sorted(numbers, reverse=True)
    )
