"""An examination as a table for people, or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ocsp.cli.documents.conformance import (
    CheckResultDocument,
    ConformanceDocument,
    CountsDocument,
)
from ocsp.conformance import CheckResult, ConformanceReport, Outcome
from ocsp.inspection.vocabulary import count, one_line

__all__ = ["conformance_document", "draw_conformance"]


def conformance_document(report: ConformanceReport) -> ConformanceDocument:
    """Return *report* as a JSON document."""
    return {
        "type": "conformance",
        "url": report.url,
        "counts": _counts(report),
        "violations": len(report.violations),
        "results": list(map(_result, report.results)),
    }


def _counts(report: ConformanceReport) -> CountsDocument:
    numbers = Counter(each.outcome for each in report.results)
    return {
        "passed": numbers[Outcome.PASSED],
        "failed": numbers[Outcome.FAILED],
        "not_applicable": numbers[Outcome.NOT_APPLICABLE],
        "could_not_tell": numbers[Outcome.COULD_NOT_TELL],
    }


def _result(result: CheckResult) -> CheckResultDocument:
    check = result.check
    return {
        "id": check.id,
        "requirements": list(check.requirements),
        "clause": check.clause,
        "strength": check.strength.value,
        "sentence": check.sentence,
        "outcome": result.outcome.value,
        "seen": result.seen,
    }


_STYLES: Mapping[Outcome, str] = {
    Outcome.PASSED: "good",
    Outcome.FAILED: "error",
    Outcome.NOT_APPLICABLE: "quiet",
    Outcome.COULD_NOT_TELL: "warning",
}


def draw_conformance(report: ConformanceReport) -> RenderableType:
    """Return *report* as a table: a line for each check, and the sums."""
    shown = Table(box=None, pad_edge=False)
    for column in ("outcome", "check", "", "clause", "seen"):
        shown.add_column(column, overflow="fold")
    for result in report.results:
        shown.add_row(*_cells(result))
    return Group(shown, _sums(report))


def _cells(result: CheckResult) -> Iterator[Text]:
    check = result.check
    yield Text(result.outcome.value, _STYLES[result.outcome])
    yield Text(check.id)
    yield Text(check.strength.value, "quiet")
    yield Text(check.clause, "quiet")
    failed = result.outcome is Outcome.FAILED
    words = f"{check.sentence} Seen: {result.seen}" if failed else result.seen
    yield Text(one_line(words))


def _sums(report: ConformanceReport) -> Text:
    numbers = Counter(each.outcome for each in report.results)
    words = ", ".join(
        f"{numbers[each]} {each.value}" for each in Outcome if numbers[each]
    )
    violations = count(len(report.violations), "violation")
    style = "error" if report.violations else "good"
    return Text.assemble(
        (violations, style), (f" of what must or should be: {words}", "")
    )
