"""
A probe as a table for people, as the line of a monitoring plugin, or as JSON.

The form of the line is that of the Monitoring Plugins guidelines: the level, a text,
and after a bar the performance data. No text of a responder can add a bar or a line.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cryptography import x509
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.cli.documents.lint import lint_finding_document
from ocsp.cli.documents.probe import LevelName, ProbeAnswerDocument, ProbeDocument
from ocsp.cli.render.console import status_style
from ocsp.cli.render.verdict import STATUS_NAMES, subject_document
from ocsp.errors import VerificationError
from ocsp.inspection.vocabulary import count, one_line, span
from ocsp.linting import LintFinding, Severity
from ocsp.messages.certid import CertID
from ocsp.probing import Judgement, Level, ProbeAnswer, ProbeReport, Thresholds

__all__ = [
    "Probe",
    "draw_probe",
    "nagios_unknown",
    "probe_as_nagios",
    "probe_document",
]


class Probe(NamedTuple):
    """
    A probe that was made.

    Attributes:
        report: The answers.

        judgement: Their level.

        thresholds: The thresholds of the level.

        cert: What was asked about.

        issuer: Its issuer.
    """

    report: ProbeReport
    judgement: Judgement
    thresholds: Thresholds
    cert: x509.Certificate | CertID
    issuer: x509.Certificate


_LEVELS: Mapping[Level, LevelName] = {
    Level.OK: "ok",
    Level.WARNING: "warning",
    Level.CRITICAL: "critical",
    Level.UNKNOWN: "unknown",
}

# --- JSON -----------------------------------------------------------------------------


def probe_document(probe: Probe) -> ProbeDocument:
    """Return *probe* as a JSON document."""
    return {
        "type": "probe",
        "url": probe.report.url,
        "certificate": subject_document(probe.cert),
        "issuer": name_text(name_of_subject(probe.issuer)),
        "level": _LEVELS[probe.judgement.level],
        "problems": [
            {"level": _LEVELS[each.level], "text": each.text}
            for each in probe.judgement.problems
        ],
        "answers": list(map(_answer, probe.report.answers)),
    }


def _answer(answer: ProbeAnswer) -> ProbeAnswerDocument:
    evidence, error = answer.evidence, answer.error
    rules = error.failures if isinstance(error, VerificationError) else ()
    signer = None if evidence is None else name_of_subject(evidence.responder)
    return {
        "method": answer.question.method.value,
        "hash": answer.question.hash_name.value,
        "nonce": answer.nonce.value,
        "time": timestamp(answer.at.replace(microsecond=0)),
        "seconds": round(answer.seconds, 4),
        "verified": evidence is not None,
        "status": None if evidence is None else STATUS_NAMES[evidence.status],
        "failure": None if answer.failure is None else answer.failure.value,
        "error": None if error is None else str(error),
        "rules": [finding.rule for finding in rules],
        "this_update": _moment(evidence and evidence.this_update),
        "next_update": _moment(evidence and evidence.next_update),
        "produced_at": _moment(evidence and evidence.produced_at),
        "age_seconds": _whole(answer.age),
        "remaining_seconds": _whole(answer.remaining),
        "signed_by": None if signer is None else name_text(signer),
        "authorized_by": None if evidence is None else evidence.authorized_by.value,
        "http_status": answer.http_status,
        "octets": answer.octets,
        "headers": [{"name": name, "value": value} for name, value in answer.headers],
        "findings": list(map(lint_finding_document, answer.findings)),
    }


def _moment(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _whole(duration: datetime.timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


# --- for people -----------------------------------------------------------------------


def draw_probe(probe: Probe) -> RenderableType:
    """Return *probe* as a table, with the problems and the findings below."""
    shown = Table(box=None, pad_edge=False)
    for column in ("question", "status", "age", "valid for", "nonce", "time", "octets"):
        shown.add_column(column, overflow="fold")
    for answer in probe.report.answers:
        shown.add_row(*_cells(answer))
    return Group(shown, *_lines(probe))


def _cells(answer: ProbeAnswer) -> Iterator[Text]:
    yield Text(str(answer.question))
    yield _status(answer)
    yield Text("" if answer.age is None else span(int(answer.age.total_seconds())))
    left = answer.remaining
    yield Text("" if left is None else span(int(left.total_seconds())))
    yield Text(answer.nonce.value.replace("-", " ") if answer.question.nonce else "")
    yield Text(f"{answer.seconds * 1000:,.1f} ms", "quiet")
    yield Text(f"{answer.octets:,}", "quiet")


def _status(answer: ProbeAnswer) -> Text:
    if answer.evidence is not None:
        word = STATUS_NAMES[answer.evidence.status]
        return Text(word, status_style(word))
    return Text(answer.failure.value if answer.failure else "", "refused")


def _lines(probe: Probe) -> Iterator[Text]:
    for problem in probe.judgement.problems:
        level = _LEVELS[problem.level]
        style = "warning" if problem.level is Level.WARNING else "error"
        text = one_line(problem.text)
        yield Text.assemble((f"{level:<9}", style), text)
    for finding, where in _distinct_findings(probe.report).items():
        kind = finding.severity.name.lower()
        place = f"{finding.where} " if finding.where else ""
        yield Text.assemble(
            (f"{kind:<9}", "label"),
            f"{finding.rule}  {one_line(place + finding.message)}",
            (f"  {finding.clause}  ({where})", "quiet"),
        )


def _distinct_findings(report: ProbeReport) -> dict[LintFinding, str]:
    """Return each finding of at least a notice once, with where it was found."""
    numbers = Counter(
        finding
        for answer in report.answers
        for finding in set(answer.findings)
        if finding.severity >= Severity.NOTICE
    )
    return {each: count(number, "answer") for each, number in numbers.items()}


# --- for monitoring systems -----------------------------------------------------------


def probe_as_nagios(probe: Probe) -> str:
    """Return the output of a monitoring plugin: a line, and a line for each problem."""
    level, problems = probe.judgement
    first = problems[0].text if problems else _summary(probe.report)
    more = [f"{each.level.name}: {each.text}" for each in problems[1:]]
    head = f"OCSP {level.name}: {_plain(first)} | {' '.join(_data(probe))}"
    return "\n".join([head, *map(_plain, more)])


def nagios_unknown(error: Exception) -> str:
    """Return the output of a plugin that could not do its work."""
    return f"OCSP UNKNOWN: {_plain(error)}"


def _plain(text: object) -> str:
    """Return *text* as one line without the bar that begins performance data."""
    return one_line(text).replace("|", "/")


def _summary(report: ProbeReport) -> str:
    total = count(len(report.answers), "answer")
    found = {each.evidence.status for each in report.answers if each.evidence}
    statuses = " and ".join(sorted(STATUS_NAMES[each] for each in found))
    left = min(
        (each.remaining for each in report.answers if each.remaining), default=None
    )
    valid = "" if left is None else f", valid for {span(int(left.total_seconds()))}"
    return f"{total} verified, {statuses}{valid}"


def _data(probe: Probe) -> Iterator[str]:
    """Return the performance data: the worst answer, with the thresholds."""
    answers, limits = probe.report.answers, probe.thresholds
    verified = sum(each.evidence is not None for each in answers)
    yield f"verified={verified};;;0;{len(answers)}"
    slowest = max((each.seconds for each in answers), default=0.0)
    warning, critical = _text(limits.warning_latency), _text(limits.critical_latency)
    yield f"latency={slowest:.4f}s;{warning};{critical};0"
    left = probe.report.remaining
    if left is not None:
        warning = _at_least(limits.warning_remaining)
        critical = _at_least(limits.critical_remaining)
        yield f"remaining={left.total_seconds():.0f}s;{warning};{critical}"


def _text(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g}"


def _at_least(duration: datetime.timedelta | None) -> str:
    """Return the range of values that are not below *duration*."""
    return "" if duration is None else f"{duration.total_seconds():.0f}:"
