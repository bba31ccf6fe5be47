"""``ocsp status show``: all that the file knows about one certificate."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from rich.text import Text
from rich.tree import Tree

from ocsp.asn1.times import timestamp
from ocsp.cli.commands.status.documents import (
    certificate_document,
    names_in,
    status_text,
)
from ocsp.cli.commands.status.options import DATABASE, AnyIssuer, Database, Json
from ocsp.cli.commands.status.reading.events import event_document, event_line
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.input.arguments import parse_serial
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.parameters import Argument
from ocsp.cli.render.console import output
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.tree_rows import Row, add_rows, heading, text, with_note
from ocsp.inspection.vocabulary import SERIAL_FORMS, age, count
from ocsp.responder import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, StoredAnswer
from ocsp.store import Entry, Event, Store, open_store

__all__ = ["show"]

END = epilog(
    {
        "ocsp status show 0x1f2e": "show status, history and stored answers",
        "ocsp status show 0x1f2e --json": "the same for a program",
    },
    {
        **COMMON_EXITS,
        ExitCode.PROBLEM: "no issuer in the file has a certificate with that number",
    },
)

_FORMS = {
    CertIDForm.SHA1: "SHA-1",
    CertIDForm.SHA256: "SHA-256",
    CertIDForm.BOTH: "SHA-1 and SHA-256",
}


class _Found(NamedTuple):
    """A certificate in the file, with its history and its stored answers."""

    issuer: str
    entry: Entry
    events: Sequence[Event]
    answers: Sequence[tuple[CertIDForm, StoredAnswer]]


@helped_by(END)
def show(
    serial: Annotated[
        str,
        Argument(metavar="SERIAL", help=f"The serial number: {SERIAL_FORMS}."),
    ],
    issuer: AnyIssuer = None,
    database: Database = DATABASE,
    as_json: Json = False,
) -> ExitCode:
    """
    Show the status of one certificate, its history and its stored answers.

    If several issuers in the file have a certificate with this serial number, all of
    them are shown.
    """
    number = parse_serial(serial, "SERIAL")
    now = datetime.datetime.now(datetime.UTC)
    with open_store(database, read_only=True) as store:
        names = names_in(store)
        issuers = GivenIssuers(issuer or ()).keys() or names
        entries = (store.find(each, number) for each in issuers)
        found = [
            _found(store, names.get(each.issuer_key, each.issuer), each)
            for each in entries
            if each is not None
        ]
    if as_json:
        certificates = [_document(each, now) for each in found]
        write_json({"type": "status-show", "certificates": certificates})
    elif not found:
        output().print(
            text(
                f"{database}: has no certificate with the serial number {number:#x}; "
                "the responder does not know it"
            ),
            soft_wrap=True,
        )
    for each in () if as_json else found:
        output().print(_tree(each, now))
    return ExitCode.SUCCESS if found else ExitCode.PROBLEM


def _found(store: Store, issuer: str, entry: Entry) -> _Found:
    query = StatusQuery(entry.issuer_key, entry.serial_number)
    answers = []
    for form in CertIDForm:
        result = store.look_up_with_answer(query, form)
        if result is not None and result.stored is not None:
            answers.append((form, result.stored))
    return _Found(
        issuer,
        entry,
        store.history(entry.issuer_key, entry.serial_number),
        answers,
    )


def _document(found: _Found, now: datetime.datetime) -> dict[str, Any]:
    return {
        **certificate_document(found.entry),
        "version": found.entry.version,
        "history": [event_document(each) for each in found.events],
        "answers": [
            {
                "form": _FORMS[form],
                "this_update": timestamp(_moment(answer.this_update)),
                "next_update": timestamp(_moment(answer.next_update)),
                "signed_again": timestamp(_moment(answer.due)),
                "age_seconds": int(now.timestamp()) - answer.this_update,
                "octets": len(answer.tbs) + len(answer.signature),
            }
            for form, answer in found.answers
        ],
    }


def _tree(found: _Found, now: datetime.datetime) -> Tree:
    entry = found.entry
    title = Text.assemble(
        status_text(entry.record),
        "  ",
        text(entry.subject or f"issued by {found.issuer}"),
        (f"  {entry.serial_number:#x}", "quiet"),
    )
    tree = Tree(title, guide_style="quiet")
    add_rows(tree, _rows(found, now))
    history = tree.add(heading("history", count(len(found.events), "event")))
    for event in found.events:
        history.add(event_line(event))
    answers = tree.add(heading("stored answers", str(len(found.answers))))
    for form, answer in found.answers:
        answers.add(_answer(form, answer, now))
    return tree


def _rows(found: _Found, now: datetime.datetime) -> list[Row]:
    entry, record = found.entry, found.entry.record
    rows = [("issuer", text(found.issuer))]
    for label, moment in (
        ("revoked since", record.revocation_time),
        ("invalid since", record.invalidity_date),
        ("expires", entry.expires),
    ):
        if moment is not None:
            rows.append((label, with_note(timestamp(moment), age(moment, now))))
    return rows


def _answer(form: CertIDForm, answer: StoredAnswer, now: datetime.datetime) -> Text:
    begin, end = _moment(answer.this_update), _moment(answer.next_update)
    ends = f"valid until {timestamp(end)}" if end > now else "no longer valid"
    return with_note(
        f"{_FORMS[form]}: thisUpdate {age(begin, now)}, {ends}",
        f"signed again {age(_moment(answer.due), now)}",
    )


def _moment(second: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(second, datetime.UTC)
