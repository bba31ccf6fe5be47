"""
The plain tree of :mod:`ocsp.cli.render.verdict`, drawn for people.

Rules of this file: the first word is the verdict. A person has to see at once who
signed, why that counts, and until when; or all that speaks against the response, with
what was compared.
"""

from __future__ import annotations

import datetime

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ocsp.cli.render.console import status_style
from ocsp.cli.render.describe_parts import Document
from ocsp.cli.render.tree_rows import (
    Row,
    add_rows,
    algorithm,
    heading,
    in_words,
    text,
    with_note,
)
from ocsp.cli.render.vocabulary import age, span

__all__ = ["draw_verdict"]

_AUTHORISED = {
    "issuer": "it is the issuer itself",
    "delegate": "the issuer has made it a certificate for OCSP signing",
    "configured": "you have said so with --responder",
}
"""Why a signer counts: the three criteria of RFC 6960 §4.2.2.2."""

_NOT_CHECKED = (
    "Not checked: the issuer's own certificate, and that it has signed the certificate."
)


def draw_verdict(document: Document) -> RenderableType:
    """Return *document*, made by :func:`verdict_document`, as a tree."""
    tree = Tree(_title(document), guide_style="quiet")
    if document["evidence"] is None:
        for failure in document["failures"]:
            _finding(tree, failure, "error")
        add_rows(tree, [_judged(document)])
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
    about = text(certificate["subject"] or document["issuer"])
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
    why = with_note(_AUTHORISED[evidence["authorized_by"]], "RFC 6960 §4.2.2.2")
    rows = [
        ("signed by", text(evidence["responder"]["subject"])),
        ("authorised", why),
        ("signature", algorithm(evidence["signature_algorithm"])),
    ]
    if evidence["revocation_time"] and not evidence["not_issued"]:
        rows.append(("revoked since", _time(evidence["revocation_time"], now)))
    rows += [
        ("thisUpdate", _time(evidence["this_update"], now)),
        ("nextUpdate", _next_update(evidence, now)),
        ("producedAt", _time(evidence["produced_at"], now)),
        ("nonce", _nonce(evidence["nonce_matched"])),
        _judged(document),
    ]
    return rows


def _judged(document: Document) -> Row:
    return "judged at", with_note(
        in_words(document["at"]), f"policy {document['policy']}"
    )


def _time(moment: str, now: datetime.datetime) -> Text:
    at = datetime.datetime.fromisoformat(moment)
    return with_note(in_words(moment), age(at, now))


def _next_update(evidence: Document, now: datetime.datetime) -> Text:
    until = evidence["next_update"]
    if until is None:
        until = evidence["holds_until"]
        return with_note("absent", f"believed until {in_words(until)}")
    left = int((datetime.datetime.fromisoformat(until) - now).total_seconds())
    words = f"expires in {span(left)}" if left > 0 else "expired within the clock skew"
    return with_note(in_words(until), words)


def _nonce(matched: bool) -> Text:
    if matched:
        return with_note("came back", "an answer to this request, and no replay")
    return with_note("not compared", "this may be a replay, within its times")


def _finding(branch: Tree, finding: Document, style: str) -> None:
    line = text(finding["rule"], style).append("  ")
    line.append_text(text(finding["message"]))
    leaf = branch.add(line.append(f"  {finding['clause']}", "quiet"))
    add_rows(
        leaf, [(name, _compared(value)) for name, value in finding["values"].items()]
    )


def _compared(value: str | list[str] | None) -> Text:
    if isinstance(value, list):
        return text(", ".join(map(str, value)) or "none")
    return text("none" if value is None else value)
