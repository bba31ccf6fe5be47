"""
Draw a document of :mod:`ocsp.cli.render.verdict` as a tree.

The first word is the verdict. Below it are the signer, why the signer is authorized,
and the times; or all failures, with the values that were compared.
"""

from __future__ import annotations

import datetime

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ocsp.cli.render.console import status_style
from ocsp.cli.render.tree_rows import (
    Row,
    add_rows,
    algorithm,
    heading,
    in_words,
    text,
    with_note,
)
from ocsp.inspection.parts import Document
from ocsp.inspection.vocabulary import age, span

__all__ = ["draw_verdict"]

_AUTHORIZED = {
    "issuer": "the signer is the issuer",
    "delegate": "the issuer issued its certificate for OCSP signing",
    "configured": "the signer is trusted by --responder",
}
"""Why a signer is authorized: the three criteria of RFC 6960 §4.2.2.2."""

_NOT_CHECKED = (
    "Not checked: the issuer's certificate, and its signature on the certificate."
)


def draw_verdict(document: Document) -> RenderableType:
    """Return *document*, a result of :func:`verdict_document`, as a tree."""
    tree = Tree(_title(document), guide_style="quiet")
    if document["evidence"] is None:
        for failure in document["failures"]:
            _finding(tree, failure, "error")
        add_rows(tree, [_checked_at(document)])
        return tree
    add_rows(tree, _evidence_rows(document))
    if document["warnings"]:
        branch = tree.add(heading("warnings", str(len(document["warnings"]))))
        for warning in document["warnings"]:
            _finding(branch, warning, "warning")
    return Group(tree, Text(_NOT_CHECKED, style="quiet"))


def _title(document: Document) -> Text:
    certificate = document["certificate"]
    number = f"0x{certificate['serial_number']['hex']}"
    about = text(certificate["subject"] or f"issued by {document['issuer']}")
    return Text.assemble(_verdict(document), "  ", about, "  ", (number, "quiet"))


def _verdict(document: Document) -> Text:
    status = document["status"]
    if status is None:
        stale = ": revoked, stale" if document["revoked_but_stale"] else ""
        return Text(f"not verified{stale}", style="refused")
    words = Text(status, style=status_style(status))
    evidence = document["evidence"]
    if evidence["not_issued"]:
        return words.append(" (never issued)")
    reason = evidence["revocation_reason"]
    return words.append(f" ({reason})") if reason else words


def _evidence_rows(document: Document) -> list[Row]:
    evidence = document["evidence"]
    now = datetime.datetime.fromisoformat(document["at"])
    why = with_note(_AUTHORIZED[evidence["authorized_by"]], "RFC 6960 §4.2.2.2")
    rows = [
        ("signed by", text(evidence["responder"]["subject"])),
        ("authorized", why),
        ("signature", algorithm(evidence["signature_algorithm"])),
    ]
    if evidence["revocation_time"] and not evidence["not_issued"]:
        rows.append(("revoked since", _time(evidence["revocation_time"], now)))
    rows += [
        ("thisUpdate", _time(evidence["this_update"], now)),
        ("nextUpdate", _next_update(evidence, now)),
        ("producedAt", _time(evidence["produced_at"], now)),
        ("nonce", _nonce(evidence["nonce_matched"])),
        _checked_at(document),
    ]
    return rows


def _checked_at(document: Document) -> Row:
    return "checked at", with_note(
        in_words(document["at"]), f"policy {document['policy']}"
    )


def _time(moment: str, now: datetime.datetime) -> Text:
    at = datetime.datetime.fromisoformat(moment)
    return with_note(in_words(moment), age(at, now))


def _next_update(evidence: Document, now: datetime.datetime) -> Text:
    until = evidence["next_update"]
    if until is None:
        until = evidence["holds_until"]
        return with_note("absent", f"accepted until {in_words(until)}")
    left = int((datetime.datetime.fromisoformat(until) - now).total_seconds())
    words = f"expires in {span(left)}" if left > 0 else "expired, within the clock skew"
    return with_note(in_words(until), words)


def _nonce(matched: bool) -> Text:
    if matched:
        return with_note("matches", "this is an answer to the request, not a replay")
    return with_note(
        "not checked", "this may be a replay of a response that is still valid"
    )


def _finding(branch: Tree, finding: Document, style: str) -> None:
    line = text(finding["rule"], style).append("  ")
    line.append_text(text(finding["message"]))
    leaf = branch.add(line.append(f"  {finding['clause']}", "quiet"))
    add_rows(
        leaf,
        [
            (name, _compared(value))
            for name, value in finding["values"].items()
            if name != "delegate"  # a whole certificate; the message has its name
        ],
    )


def _compared(value: str | list[str] | None) -> Text:
    if isinstance(value, list):
        return text(", ".join(map(str, value)) or "none")
    return text("none" if value is None else value)
