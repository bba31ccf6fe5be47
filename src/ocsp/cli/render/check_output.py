"""
The outcome of a check as a tree or a table for people, or as a JSON document.

Text from certificates and responders is never interpreted as markup. The keys of the
documents are a public contract.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ocsp.asn1.times import timestamp
from ocsp.cli.exit_codes import one_line
from ocsp.cli.render.console import status_style
from ocsp.cli.render.vocabulary import age, common_name, reason_name
from ocsp.client import Attempt, CheckStatus, Outcome, Reason
from ocsp.errors import VerificationError
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["draw", "outcome_document", "table"]


_HINTS = {
    Reason.NO_ISSUER: "use --issuer FILE, or --fetch-issuer to download it",
    Reason.NO_URL: "use --url URL to name a responder, or --crl-fallback for a CRL",
    Reason.FORBIDDEN: "use --private to allow private addresses, or --url URL",
    Reason.TIMEOUT: "use --timeout SECONDS to wait longer, --verbose to see each step",
    Reason.UNAUTHORIZED: "the responder has no record of it; check --issuer and --url",
}
"""What the user can do, by the reason of the failure."""


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* as a JSON document."""
    evidence = outcome.evidence
    certificate = outcome.certificate
    document: dict[str, Any] = {
        "subject": certificate.subject.rfc4514_string(),
        "serial_number": f"{certificate.serial_number:x}",
        "status": outcome.status.value,
        "source": outcome.source.value,
        "reason": None if outcome.reason is None else outcome.reason.value,
        "failure": None if outcome.failure is None else str(outcome.failure),
    }
    if evidence is not None:
        why = evidence.revocation_reason
        document |= {
            "revocation_time": _written(evidence.revocation_time),
            "revocation_reason": None if why is None else reason_name(why),
            "this_update": _written(evidence.this_update),
            "next_update": _written(evidence.next_update),
            "signed_by": evidence.responder.subject.rfc4514_string(),
            "authorized_by": (
                evidence.authorized_by.value
                if isinstance(evidence, VerifiedResponse)
                else "issuer"
            ),
            "warnings": [str(warning) for warning in evidence.warnings],
        }
    return document | {"attempts": [_attempt(each) for each in outcome.attempts]}


def _attempt(attempt: Attempt) -> dict[str, Any]:
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


def draw(outcome: Outcome, *, verbose: bool) -> Tree:
    """Return *outcome* as a tree; if *verbose*, with each step."""
    tree = Tree(_headline(outcome))
    evidence = outcome.evidence
    if evidence is not None:
        now = datetime.datetime.now(datetime.UTC)
        if evidence.revocation_time is not None:
            _row(tree, "revoked", _moment(evidence.revocation_time, now))
        _row(tree, "thisUpdate", _moment(evidence.this_update, now))
        if evidence.next_update is not None:
            _row(tree, "nextUpdate", _moment(evidence.next_update, now))
        by = (
            f"{evidence.authorized_by.value} "
            if isinstance(evidence, VerifiedResponse)
            else "issuer "
        )
        _row(tree, "signed by", by + common_name(evidence.responder.subject))
        for warning in evidence.warnings:
            _row(tree, "warning", str(warning), style="warning")
    elif outcome.failure is not None:
        _row(tree, "reason", str(outcome.failure))
        if outcome.reason in _HINTS:
            _row(tree, "hint", _HINTS[outcome.reason])
    if verbose:
        for attempt in outcome.attempts:
            _draw_attempt(tree, attempt)
    return tree


def _headline(outcome: Outcome) -> Text:
    return Text.assemble(
        (one_line(common_name(outcome.certificate.subject)), "heading"),
        (f"  {outcome.certificate.serial_number:x}  ", "quiet"),
        _status(outcome),
        (f"  ({_origin(outcome)})", "quiet"),
    )


def _status(outcome: Outcome) -> Text:
    evidence = outcome.evidence
    word = outcome.status.value
    style = "good" if outcome.status is CheckStatus.NOT_NEEDED else status_style(word)
    if evidence is not None and evidence.revocation_reason is not None:
        word += f" ({reason_name(evidence.revocation_reason)})"
    return Text(word, style=style)


def _origin(outcome: Outcome) -> str:
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


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return *outcomes* as a table, one line each."""
    shown = Table(box=None, pad_edge=False)
    for column in ("certificate", "serial number", "status", "source", "nextUpdate"):
        shown.add_column(column, overflow="fold")
    for outcome in outcomes:
        evidence = outcome.evidence
        until = None if evidence is None else evidence.next_update
        shown.add_row(
            Text(one_line(common_name(outcome.certificate.subject))),
            Text(f"{outcome.certificate.serial_number:x}"),
            _status(outcome),
            Text(_origin(outcome)),
            Text(_written(until) or ""),
        )
    return shown
