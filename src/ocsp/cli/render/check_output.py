"""
The outcome of a check as a tree or a table for people, or as a JSON document.

Text from certificates and responders is never interpreted as markup. The keys of the
documents are a public contract.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ocsp.asn1.certificates import serial_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.cli.documents.check import (
    AttemptDocument,
    CheckDocument,
    CheckedDocument,
    KnownDocument,
)
from ocsp.cli.render.console import status_style
from ocsp.cli.render.hints import hint_for, names_crl, names_responder
from ocsp.client import Attempt, CheckStatus, Outcome, Reason, Source
from ocsp.errors import VerificationError
from ocsp.inspection.vocabulary import age, common_name, count, one_line
from ocsp.messages.reasons import reason_name

__all__ = ["Checked", "check_document", "draw", "table"]


@dataclass(frozen=True, slots=True)
class Checked:
    """
    A certificate that was checked.

    Attributes:
        outcome: The outcome of the check.

        is_above: Whether it is the certificate of a CA above another certificate that
            was checked.
    """

    outcome: Outcome
    is_above: bool = False

    @property
    def counts(self) -> bool:
        """
        Whether the outcome counts for the exit code.

        A CA above that names no responder and no CRL cannot be asked about. That is not
        a failure of the certificates that it issued.
        """
        outcome = self.outcome
        cannot_be_asked = outcome.reason is Reason.NO_URL and not names_crl(outcome)
        return not (self.is_above and cannot_be_asked)


def check_document(checks: Sequence[Checked]) -> CheckDocument:
    """Return the outcomes of checks as a JSON document."""
    return {"type": "check", "certificates": list(map(_checked_document, checks))}


def _checked_document(checked: Checked) -> CheckedDocument:
    outcome = checked.outcome
    evidence = outcome.evidence
    certificate = outcome.certificate
    why = None if evidence is None else evidence.revocation_reason
    signer = None if evidence is None else name_of_subject(evidence.responder)
    return {
        "subject": name_text(name_of_subject(certificate)),
        "serial_number": f"{serial_of(certificate):#x}",
        "status": outcome.status.value,
        "source": outcome.source.value,
        "reason": None if outcome.reason is None else outcome.reason.value,
        "failure": None if outcome.failure is None else str(outcome.failure),
        "newest_known": _newest_known(outcome),
        "hint": hint_for(outcome) if checked.counts else None,
        "counts": checked.counts,
        "revocation_time": _written(evidence and evidence.revocation_time),
        "revocation_reason": None if why is None else reason_name(why),
        "this_update": _written(evidence and evidence.this_update),
        "next_update": _written(evidence and evidence.next_update),
        "signed_by": None if signer is None else name_text(signer),
        "authorized_by": None if evidence is None else evidence.authorized_by.value,
        "warnings": [] if evidence is None else list(map(str, evidence.warnings)),
        "attempts": list(map(_attempt, outcome.attempts)),
    }


def _newest_known(outcome: Outcome) -> KnownDocument | None:
    known = outcome.known
    if known is None:
        return None
    return {
        "status": "revoked" if known.is_revoked else "good",
        "this_update": timestamp(known.this_update),
    }


def _attempt(attempt: Attempt) -> AttemptDocument:
    error = attempt.error
    rules = error.failures if isinstance(error, VerificationError) else ()
    return {
        "url": attempt.url,
        "method": attempt.method or None,
        "hash": attempt.hash_name or None,
        "started": round(attempt.started, 4),
        "seconds": round(attempt.seconds, 4),
        "octets": attempt.octets,
        "error": None if error is None else str(error),
        "rules": [finding.rule for finding in rules],
    }


def _written(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def draw(checked: Checked, *, verbose: bool) -> Tree:
    """Return the outcome of a check as a tree; if *verbose*, with each step."""
    outcome = checked.outcome
    tree = Tree(_headline(checked))
    evidence = outcome.evidence
    if evidence is not None:
        now = datetime.datetime.now(datetime.UTC)
        if evidence.revocation_time is not None:
            _row(tree, "revoked", _moment(evidence.revocation_time, now))
        _row(tree, "thisUpdate", _moment(evidence.this_update, now))
        if evidence.next_update is not None:
            _row(tree, "nextUpdate", _moment(evidence.next_update, now))
        by = f"{evidence.authorized_by.value} {common_name(evidence.responder)}"
        _row(tree, "signed by", by)
        for warning in evidence.warnings:
            _row(tree, "warning", str(warning), style="warning")
    for label, text in _explained(checked):
        _row(tree, label, text)
    if verbose:
        for attempt in outcome.attempts:
            _draw_attempt(tree, attempt)
    return tree


def _explained(checked: Checked) -> Iterator[tuple[str, str]]:
    """Return why the outcome has no status or is from a CRL, and what to do."""
    outcome = checked.outcome
    if outcome.source is Source.CRL and not names_responder(outcome):
        yield "note", _FROM_CRL
    if outcome.failure is not None and checked.counts:
        yield "reason", str(outcome.failure)
        if outcome.known is not None and outcome.known.is_revoked:
            yield "note", f"{_REVOKED_BEFORE}{timestamp(outcome.known.this_update)}"
        hint = hint_for(outcome)
        if hint is not None:
            yield "hint", hint


_REVOKED_BEFORE = "the newest verified answer said revoked; it is of "
_FROM_CRL = "the certificate names no responder, so the status comes from a CRL"


def _headline(checked: Checked) -> Text:
    certificate = checked.outcome.certificate
    return Text.assemble(
        (one_line(common_name(certificate)), "heading"),
        (f"  {serial_of(certificate):#x}  ", "quiet"),
        _status(checked.outcome),
        (f"  ({_origin(checked)})", "quiet"),
    )


def _status(outcome: Outcome) -> Text:
    evidence = outcome.evidence
    word = outcome.status.value
    style = "good" if outcome.status is CheckStatus.NOT_NEEDED else status_style(word)
    if evidence is not None and evidence.revocation_reason is not None:
        word += f" ({reason_name(evidence.revocation_reason)})"
    return Text(word, style=style)


def _origin(checked: Checked) -> str:
    outcome = checked.outcome
    if not checked.counts:
        return "names no responder and no CRL"
    if outcome.reason is not None:
        return outcome.reason.value
    if outcome.status is CheckStatus.NOT_NEEDED:
        return "the certificate has noRevAvail"
    return f"from {outcome.source.value}"


def _moment(moment: datetime.datetime, now: datetime.datetime) -> str:
    return f"{timestamp(moment)}, {age(moment, now)}"


def _row(tree: Tree, label: str, text: str, style: str = "") -> None:
    tree.add(Text.assemble((f"{label:<12}", "label"), (one_line(text), style)))


def _draw_attempt(tree: Tree, attempt: Attempt) -> None:
    words = [attempt.method, one_line(attempt.url), attempt.hash_name]
    branch = tree.add(
        Text.assemble(
            ("step        ", "label"),
            " ".join(filter(None, words)),
            (
                _cost(attempt),
                "quiet",
            ),
        )
    )
    error = attempt.error
    if isinstance(error, VerificationError):
        for failure in error.failures:
            branch.add(Text(one_line(failure), style="refused"))
    elif error is not None:
        branch.add(Text(one_line(error), style="refused"))
    else:
        branch.add(Text("verified", style="good"))


def _cost(attempt: Attempt) -> str:
    begin, took = attempt.started * 1000, attempt.seconds * 1000
    return f"  started at {begin:.0f} ms, took {took:.0f} ms, {attempt.octets:,} octets"


def table(checks: Sequence[Checked]) -> RenderableType:
    """Return the outcomes as a table, one line each, and what explains them below."""
    shown = Table(box=None, pad_edge=False)
    for column in ("certificate", "serial number", "status", "source", "nextUpdate"):
        shown.add_column(column, overflow="fold")
    for each in checks:
        outcome = each.outcome
        evidence = outcome.evidence
        until = None if evidence is None else evidence.next_update
        shown.add_row(
            Text(one_line(common_name(outcome.certificate))),
            Text(f"{serial_of(outcome.certificate):#x}"),
            _status(outcome),
            Text(_origin(each)),
            Text(_written(until) or ""),
        )
    return Group(shown, *_explanations(checks))


def _explanations(checks: Sequence[Checked]) -> Iterator[Text]:
    """Return each explanation once, with the certificates that it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for each in checks:
        name = one_line(common_name(each.outcome.certificate))
        for explanation in _explained(each):
            about.setdefault(explanation, []).append(name)
    for (label, text), names in about.items():
        some = names if len(names) <= _MAX_NAMES else [count(len(names), "certificate")]
        yield Text.assemble(
            (f"{label:<8}", "label"), (f"{', '.join(some)}: ", "quiet"), one_line(text)
        )


_MAX_NAMES = 3
"""Names of certificates in front of one explanation; more are counted."""
