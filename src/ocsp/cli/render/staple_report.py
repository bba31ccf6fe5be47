"""
The output of ``ocsp staple``: a table, lines or JSON, and the exit code.

Steps that change nothing print nothing. A failure is reported after each attempt, and
in capitals when the staple expires soon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from ocsp.asn1.times import timestamp
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.render.console import output, status_style, warn
from ocsp.cli.render.hints import hint_for_failure
from ocsp.cli.render.json_output import write_json
from ocsp.errors import (
    CertificateStatusUnknown,
    ConfigError,
    HookFailed,
    IssuerNotFound,
    OCSPError,
    StoreError,
)
from ocsp.inspection.vocabulary import age, one_line
from ocsp.stapling import StapleEvent, StapleReport, StapleState, compatibility_warnings

__all__ = ["StapleReporter", "exit_code"]

_LOCAL_ERRORS = (ConfigError, HookFailed, IssuerNotFound, StoreError)
"""Errors of this machine, in contrast to errors of the responder or its answer."""

_ALWAYS_REPORTED = frozenset(
    {StapleEvent.WRITTEN, StapleEvent.FAILED, StapleEvent.NOT_NEEDED}
)


def exit_code(reports: Iterable[StapleReport]) -> ExitCode:
    """Return the exit code of the most severe report."""
    # A failure to renew does not count while the staple stays valid for long.
    order = (
        ExitCode.SUCCESS,
        ExitCode.NOT_VERIFIED,
        ExitCode.UNKNOWN,
        ExitCode.REVOKED,
        ExitCode.INPUT_ERROR,
    )
    return max(map(_code, reports), key=order.index)


def _code(report: StapleReport) -> ExitCode:
    if isinstance(report.failure, _LOCAL_ERRORS):
        return ExitCode.INPUT_ERROR
    if _status(report) == "revoked":
        return ExitCode.REVOKED
    if isinstance(report.failure, CertificateStatusUnknown):
        return ExitCode.UNKNOWN
    if report.state in {StapleState.MISSING, StapleState.ENDING}:
        return ExitCode.NOT_VERIFIED
    return ExitCode.SUCCESS


class StapleReporter:
    """Print the result of each step, as text or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        """
        Choose the form of the output.

        Args:
            as_json: Whether to print JSON instead of text.
        """
        self._as_json = as_json
        self._states: dict[str, StapleState] = {}

    def summary(self, reports: Sequence[StapleReport]) -> None:
        """Print all reports of one step."""
        if self._as_json:
            self._lines(reports)
        else:
            output().print(_table(reports))
        _warn(reports)

    def events(self, reports: Sequence[StapleReport]) -> None:
        """Print the reports that are new since the previous step."""
        news = [report for report in reports if self._is_news(report)]
        if self._as_json:
            self._lines(news)
        else:
            for report in news:
                output().print(_line(report), soft_wrap=True)
        _warn(news)

    def _is_news(self, report: StapleReport) -> bool:
        key = str(report.site.staple_file)
        before = self._states.get(key)
        self._states[key] = report.state
        is_news = report.event in _ALWAYS_REPORTED or report.failure is not None
        return is_news or report.state is not before

    def _lines(self, reports: Iterable[StapleReport]) -> None:
        for report in reports:
            write_json({"type": "staple", **_document(report)}, one_line=True)


def _warn(reports: Iterable[StapleReport]) -> None:
    for report in reports:
        where = report.site.certificate
        if report.failure is not None:
            warn(f"{where}: {_why(report.failure)}")
        if report.dropped is not None:
            warn(f"{where}: its new staple replaced {report.dropped.words}")
        if report.state is StapleState.MISSING:
            warn(f"{where}: HAS NO VALID STAPLE")
        elif report.state is StapleState.ENDING and report.evidence is not None:
            left = age(report.evidence.holds_until, report.at)
            warn(
                f"{where}: ITS STAPLE EXPIRES {left.upper()}, and there is no newer one"
            )
        if report.event is StapleEvent.WRITTEN and report.evidence is not None:
            if _status(report) == "revoked":
                warn(f"{where}: IS REVOKED, and its staple says so")
            for problem in compatibility_warnings(report.evidence):
                warn(f"{where}: its staple {problem}; not every server can use it")


def _why(failure: OCSPError) -> str:
    if isinstance(failure, HookFailed):
        return f"the --exec command failed: {failure}"
    hint = hint_for_failure(failure)
    return f"could not be renewed: {failure}{f' ({hint})' if hint else ''}"


def _status(report: StapleReport) -> str | None:
    evidence = report.evidence
    return None if evidence is None else evidence.status.name.lower()


def _status_word(report: StapleReport) -> str:
    if report.state is StapleState.NOT_NEEDED:
        return "not needed"
    return _status(report) or "no staple"


def _expiry(report: StapleReport) -> str:
    evidence = report.evidence
    return "" if evidence is None else age(evidence.holds_until, report.at)


def _table(reports: Sequence[StapleReport]) -> Table:
    table = Table()
    for column in ("certificate", "staple", "expires", "result", "next attempt"):
        table.add_column(column, overflow="fold")
    for report in reports:
        table.add_row(
            Text(one_line(report.site.certificate)),
            Text(_status_word(report), style=status_style(_status_word(report))),
            Text(_expiry(report)),
            Text(_event(report)),
            Text(age(report.next_at, report.at)),
        )
    return table


def _event(report: StapleReport) -> str:
    if report.not_needed is not None:
        return f"the certificate {report.not_needed.words}"
    if report.event is StapleEvent.FAILED and report.state is StapleState.HOLDS:
        return "not renewed; the old one is still valid"
    return report.event.value


def _line(report: StapleReport) -> Text:
    expiry = f", expires {_expiry(report)}" if report.evidence is not None else ""
    return Text.assemble(
        (timestamp(report.at), "quiet"),
        f" {one_line(report.site.certificate)}: {_event(report)}: ",
        (_status_word(report), status_style(_status_word(report))),
        f"{expiry}; next attempt {age(report.next_at, report.at)}",
    )


def _document(report: StapleReport) -> dict[str, Any]:
    """Return *report* as a JSON document; its keys are stable."""
    evidence = report.evidence
    failure = report.failure
    since = None if evidence is None else evidence.revocation_time
    return {
        "time": timestamp(report.at),
        "certificate": str(report.site.certificate),
        "staple": str(report.site.staple_file),
        "event": report.event.value,
        "state": report.state.value,
        "not_needed": report.not_needed and report.not_needed.value,
        "dropped": report.dropped and report.dropped.value,
        "status": _status(report),
        "revocation_time": None if since is None else timestamp(since),
        "this_update": None if evidence is None else timestamp(evidence.this_update),
        "holds_until": None if evidence is None else timestamp(evidence.holds_until),
        "next": timestamp(report.next_at),
        "failure": None if failure is None else one_line(failure),
        "error": None if failure is None else type(failure).__name__,
    }
