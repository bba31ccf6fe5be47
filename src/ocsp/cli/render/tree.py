"""
Draw a document of :mod:`ocsp.inspection.documents` as a tree.

The labels are the field names of RFC 6960. Every value is untrusted: it is made
printable, and never interpreted as markup. Values that all entries share are drawn
once.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ocsp.asn1 import oids
from ocsp.cli.render.console import status_style
from ocsp.cli.render.tree_rows import (
    Row,
    add_rows,
    algorithm,
    heading,
    in_words,
    serial,
    text,
    with_note,
)
from ocsp.inspection.parts import Document
from ocsp.inspection.vocabulary import age, count, one_line

__all__ = ["draw"]

NOT_VERIFIED = "Nothing is verified: this is only what the message contains."

_ERRORS = {
    "malformedRequest": "The responder could not read the request.",
    "internalError": "The responder has an internal error; try another responder.",
    "tryLater": "The responder cannot answer now.",
    "sigRequired": "The responder requires signed requests.",
    "unauthorized": (
        "The responder has no record of the certificate, or does not serve this client."
    ),
}
"""What the errors mean (RFC 6960 §2.3; RFC 9919 §3.2.3 for *unauthorized*)."""


def draw(
    document: Document, *, wrapping: str, now: datetime.datetime
) -> RenderableType:
    """
    Return *document* as a tree.

    Args:
        document: The result of :func:`~ocsp.inspection.documents.request_document` or
            :func:`~ocsp.inspection.documents.response_document`.

        wrapping: The encoding of the input: ``der``, ``pem``, ...

        now: The time that ages refer to.
    """
    view = _View(now)
    tree = Tree(_title(document, wrapping), guide_style="quiet")
    if document["type"] == "request":
        view.request(tree, document)
    else:
        view.response(tree, document)
    end = Text(style="warning")
    for deviation in document["tolerated"]:
        end.append(f"Not DER: {one_line(deviation)}\n")
    end.append(NOT_VERIFIED)
    if "responses" in document:
        end.append(" To verify it: ").append("ocsp verify", "command")
    return Group(tree, end)


def _title(document: Document, wrapping: str) -> Text:
    title = Text.assemble((f"OCSP {document['type']}", "heading"), "  ")
    if document["type"] == "response":
        status = document["response_status"]
        style = "good" if status == "successful" else "refused"
        title.append(status, style=style).append("  ")
    return title.append(f"{count(document['size'], 'octet')}, {wrapping}", "quiet")


class _View:
    """The drawing functions that need the current time."""

    def __init__(self, now: datetime.datetime) -> None:
        self._now = now

    # --- messages ------------------------------------------------------------------

    def request(self, tree: Tree, document: Document) -> None:
        if document["requestor_name"] is not None:
            add_rows(tree, [("requestorName", text(document["requestor_name"]))])
        entries = document["requests"]
        branch = tree.add(heading("requestList", count_entries(entries)))
        rows = [_cert_id_rows(entry["cert_id"]) for entry in entries]
        for leaf, entry in zip(_entries(branch, rows), entries, strict=True):
            self._extensions(leaf, "singleRequestExtensions", entry["extensions"])
        self._extensions(tree, "requestExtensions", document["extensions"])
        if document["signed"]:
            add_rows(tree, [("optionalSignature", text("present, not decoded"))])

    def response(self, tree: Tree, document: Document) -> None:
        if "responses" not in document:
            tree.add(text(_ERRORS[document["response_status"]]))
            tree.add(text("An error response has no other fields, and is not signed."))
            return
        add_rows(
            tree,
            [
                ("responderID", _responder(document["responder_id"])),
                ("producedAt", self._time(document["produced_at"])),
            ],
        )
        entries = document["responses"]
        branch = tree.add(heading("responses", count_entries(entries)))
        rows = [self._single_rows(entry) for entry in entries]
        for leaf, entry in zip(_entries(branch, rows), entries, strict=True):
            self._extensions(leaf, "singleExtensions", entry["extensions"])
        self._extensions(tree, "responseExtensions", document["extensions"])
        octets = count(len(document["signature"]) // 2, "octet")
        add_rows(
            tree,
            [
                ("signatureAlgorithm", algorithm(document["signature_algorithm"])),
                ("signature", text(f"{octets}, not verified")),
            ],
        )
        self._certificates(
            tree, document["certificates"], document["unreadable_certificates"]
        )

    # --- parts ---------------------------------------------------------------------

    def _single_rows(self, entry: Document) -> list[Row]:
        status = entry["certificate_status"]
        rows = [("certStatus", text(status, status_style(status)))]
        rows += _cert_id_rows(entry["cert_id"])
        if entry["revocation_time"] is not None:
            rows.append(("revocationTime", self._time(entry["revocation_time"])))
        if entry["revocation_reason"] is not None:
            rows.append(("revocationReason", text(entry["revocation_reason"])))
        rows.append(("thisUpdate", self._time(entry["this_update"])))
        if entry["next_update"] is None:
            rows.append(
                (
                    "nextUpdate",
                    text("absent: newer status is always available", "quiet"),
                )
            )
        else:
            rows.append(("nextUpdate", self._time(entry["next_update"], limit=True)))
        return rows

    def _time(self, moment: str | None, *, limit: bool = False) -> Text:
        """Return a time with its age; a *limit* in the past is highlighted."""
        if moment is None:
            return text("unreadable", "warning")
        at = datetime.datetime.fromisoformat(moment)
        note = age(at, self._now)
        if limit and at <= self._now:
            return text(in_words(moment)).append(f"  passed {note}", "warning")
        return with_note(in_words(moment), note)

    def _extensions(
        self, branch: Tree, label: str, extensions: Sequence[Document]
    ) -> None:
        if not extensions:
            return
        branch = branch.add(heading(label, ""))
        for extension in extensions:
            leaf = branch.add(_extension_title(extension))
            for line in _extension_lines(extension):
                leaf.add(line)

    def _certificates(
        self, tree: Tree, certificates: Sequence[Document], unreadable: Sequence[str]
    ) -> None:
        number = len(certificates) + len(unreadable)
        if not number:
            return
        branch = tree.add(heading("certs", f"{number}, not verified"))
        for certificate in certificates:
            leaf = branch.add(text(certificate["subject"]))
            add_rows(leaf, self._certificate_rows(certificate))
        for reason in unreadable:
            branch.add(text(f"cannot be read: {reason}"))

    def _certificate_rows(self, certificate: Document) -> list[Row]:
        purposes = list(certificate["extended_key_usage"] or ())
        if certificate["ocsp_no_check"]:
            purposes.append("id-pkix-ocsp-nocheck")
        rows = [
            ("issuer", text(certificate["issuer"])),
            ("serialNumber", serial(certificate["serial_number"])),
            ("notBefore", self._time(certificate["not_valid_before"])),
            ("notAfter", self._time(certificate["not_valid_after"], limit=True)),
            ("publicKey", text(certificate["public_key"] or "unknown type")),
            ("signature", algorithm(certificate["signature_algorithm"])),
        ]
        if purposes:
            rows.append(("extensions", text(", ".join(purposes))))
        rows.append(("sha256", text(certificate["fingerprint_sha256"], "quiet")))
        return rows


def count_entries(entries: Sequence[object]) -> str:
    """Return the number of *entries* in words."""
    return "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"


def _cert_id_rows(cert_id: Document) -> list[Row]:
    return [
        ("serialNumber", serial(cert_id["serial_number"])),
        ("hashAlgorithm", algorithm(cert_id["hash_algorithm"])),
        ("issuerNameHash", text(cert_id["issuer_name_hash"])),
        ("issuerKeyHash", text(cert_id["issuer_key_hash"])),
    ]


def _entries(branch: Tree, entries: Sequence[list[Row]]) -> list[Tree]:
    """
    Add one leaf per entry to *branch*, and return the leaves.

    With several entries, the rows that all entries share come first, and status and
    serial number are on one line.
    """
    common: list[Row] = []
    if len(entries) > 1:
        common = [row for row in entries[0] if all(row in other for other in entries)]
        if common:
            add_rows(branch.add(Text("the same in all entries", style="quiet")), common)
    leaves = []
    for rows in entries:
        own = [row for row in rows if row not in common] or rows
        split = 2 if common and own[0][0] == "certStatus" else 1
        leaf = branch.add(Text("  ").join(_pair(row) for row in own[:split]))
        add_rows(leaf, own[split:])
        leaves.append(leaf)
    return leaves


def _pair(row: Row) -> Text:
    return Text.assemble((row[0], "label"), "  ", row[1])


def _responder(document: Document) -> Text:
    if document["by_key"] is not None:
        return with_note(document["by_key"], "byKey: SHA-1 of the signer's key")
    return with_note(document["by_name"], "byName")


def _extension_title(extension: Document) -> Text:
    title = text(extension["name"] or extension["oid"])
    if extension["critical"]:
        title.append("  critical", "warning")
    if extension["error"] is not None:
        title.append(f"  {one_line(extension['error'])}", "warning")
    elif extension["value"] is None:
        title.append("  not decoded", "quiet")
    return title


def _extension_lines(extension: Document) -> list[Text]:
    """Return the decoded value, or the octets if it could not be decoded."""
    value = extension["value"]
    if value is None:
        return [_octets(extension["der"])]
    if extension["oid"] == oids.NONCE:
        return [_octets(value)]
    if isinstance(value, str):
        return [text(value)]
    if isinstance(value, Mapping):
        return [_field(label, each) for label, each in value.items() if each]
    return [text(item) if isinstance(item, str) else _sct(item) for item in value]


def _field(label: str, value: str | Sequence[str]) -> Text:
    words = value if isinstance(value, str) else ", ".join(value)
    return Text.assemble((label, "label"), "  ", text(words))


def _octets(digits: str) -> Text:
    return with_note(digits, count(len(digits) // 2, "octet"))


def _sct(document: Document) -> Text:
    """Return a short form of a signed certificate timestamp; the JSON has all of it."""
    return with_note(in_words(document["timestamp"]), f"log {document['log_id']}")
