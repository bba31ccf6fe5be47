"""
Change the status of single certificates: ``ocsp status add``, ``revoke``, ``release``.

The commands record what the CA has done. Certificates are added when they are issued,
because the responder answers only for issued certificates.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import click
from cryptography import x509
from rich.progress import track

from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.commands.status.documents import Changed, show_changes
from ocsp.cli.commands.status.options import (
    DATABASE,
    REVOCATION_REASONS,
    Certificates,
    Database,
    Issuer,
    Json,
    Serials,
)
from ocsp.cli.commands.status.subjects import Subject, subjects_from
from ocsp.cli.commands.status.workers import NOT_CONFIRMED, wait_for_workers
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.input.arguments import TIME_FORMS, parse_moment
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import errors
from ocsp.errors import AlreadyRevoked, StatusChangeRefused, UnknownCertificate
from ocsp.inspection.vocabulary import count, one_line
from ocsp.messages.reasons import reason_from
from ocsp.responder import IssuerKey
from ocsp.store import Change, DatabaseAddress, Store, open_store

__all__ = ["add", "release", "revoke"]

ADD_END = epilog(
    {
        "ocsp status add --issuer ca.pem --cert leaf.pem": "add an issued certificate",
        "ocsp status add --issuer ca.pem --serial 0x1f2e": "add it by serial number",
    }
)
REVOKE_END = epilog(
    {
        "ocsp status revoke --issuer ca.pem --cert leaf.pem --reason keyCompromise": (
            "revoke it now"
        ),
        "ocsp status revoke --issuer ca.pem --serial 0x1f2e --time 2026-07-01T12:00Z": (
            "revoke it as of an earlier time"
        ),
    },
    {**COMMON_EXITS, **NOT_CONFIRMED},
)
RELEASE_END = epilog(
    {"ocsp status release --issuer ca.pem --cert leaf.pem": "end the hold"},
    {**COMMON_EXITS, **NOT_CONFIRMED},
)


@helped_by(ADD_END)
def add(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    database: Database = DATABASE,
) -> None:
    """Add issued certificates. Creates the file if it does not exist."""
    subjects = subjects_from(issuer, cert or (), serial or ())
    added = 0
    store = open_store(database, create=True, program="ocsp status add")
    with store, store.transaction():
        for each in _progress(subjects):
            added += store.add(
                each.issuer,
                each.serial_number,
                subject=each.name,
                expires=each.expires,
                cert_hash=each.cert_hash,
            )
    there = len(subjects) - added
    known = f", {there:,} already present" if there else ""
    click.echo(one_line(f"{database}: {count(added, 'certificate')} added{known}"))


@helped_by(REVOKE_END)
def revoke(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    reason: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help=f"Revocation reason: {', '.join(REVOCATION_REASONS)}.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        Option(
            metavar="TIME",
            help=f"Revocation time: {TIME_FORMS}. Default: now.",
        ),
    ] = None,
    invalidity_date: Annotated[
        str | None,
        Option(
            metavar="TIME",
            help="When the key was or may have been compromised (RFC 5280 §5.3.2):"
            f" {TIME_FORMS}.",
        ),
    ] = None,
    change_reason: Annotated[
        bool,
        Option(
            "--change-reason",
            help="Also change the reason of certificates that are revoked already.",
        ),
    ] = False,
    database: Database = DATABASE,
    as_json: Json = False,
) -> ExitCode:
    """
    Revoke certificates, permanently unless the reason is certificateHold.

    All of them are revoked, or none if one cannot be. A certificate that is revoked
    already keeps its revocation time. The command returns when all workers of a running
    responder have confirmed the change.
    """
    since = None if time is None else _past("--time", time)
    invalid = (
        None if invalidity_date is None else _past("--invalidity-date", invalidity_date)
    )
    why = None if reason is None else _reason(reason)

    def change(store: Store, each: Subject) -> Change:
        return store.revoke(
            each.issuer,
            each.serial_number,
            since,
            why,
            invalidity_date=invalid,
            change_reason=change_reason,
        )

    subjects = subjects_from(issuer, cert or (), serial or ())
    return _change_all(database, subjects, change, "revoked", as_json=as_json)


@helped_by(RELEASE_END)
def release(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    database: Database = DATABASE,
    as_json: Json = False,
) -> ExitCode:
    """Set certificates on hold (reason certificateHold) back to good: all, or none."""

    def change(store: Store, each: Subject) -> Change:
        return store.release(each.issuer, each.serial_number)

    subjects = subjects_from(issuer, cert or (), serial or ())
    return _change_all(database, subjects, change, "released", as_json=as_json)


def _change_all(
    database: DatabaseAddress,
    subjects: Sequence[Subject],
    change: Callable[[Store, Subject], Change],
    done: str,
    *,
    as_json: bool,
) -> ExitCode:
    """Make *change* for each certificate in one transaction, and print the result."""
    program = "ocsp status revoke" if done == "revoked" else "ocsp status release"
    with open_store(database, program=program) as store:
        with _refusals(database), store.transaction():
            changes = [change(store, each) for each in subjects]
        shown = [
            _changed(each, made, done)
            for each, made in zip(subjects, changes, strict=True)
        ]
        show_changes(database, shown, done, as_json=as_json)
        events = (each.event for each in changes if each.event is not None)
        return wait_for_workers(store, max(events, default=None))


def _changed(subject: Subject, made: Change, done: str) -> Changed:
    return Changed(
        issuer=name_text(name_of_subject(subject.issuer)),
        issuer_key=IssuerKey.of(subject.issuer),
        serial_number=subject.serial_number,
        subject=subject.name,
        change=done if made.changed else "unchanged",
        record=made.record,
    )


@contextmanager
def _refusals(database: DatabaseAddress) -> Iterator[None]:
    """Say what to do about a change that the store refuses."""
    try:
        yield
    except UnknownCertificate as error:
        hint = "add it first with ocsp status add; nothing was changed"
        raise CommandError(str(database), str(error), hint) from error
    except AlreadyRevoked as error:
        hint = (
            "its time cannot be changed, and its reason only with --change-reason;"
            " nothing was changed"
        )
        raise CommandError(str(database), str(error), hint) from error
    except StatusChangeRefused as error:
        raise CommandError(str(database), str(error), "nothing was changed") from error


def _past(option: str, text: str) -> datetime.datetime:
    moment = parse_moment(option, text)
    if moment > datetime.datetime.now(datetime.UTC):
        raise CommandError(
            option, f"{text!r} is in the future, and a revocation is effective at once"
        )
    return moment


def _reason(name: str) -> x509.ReasonFlags:
    try:
        reason = reason_from(name)
    except ValueError as error:
        what = f"{name!r} is not a revocation reason"
        hint = f"use one of {', '.join(REVOCATION_REASONS)}"
        raise CommandError("--reason", what, hint) from error
    if reason is x509.ReasonFlags.remove_from_crl:
        raise CommandError(
            "--reason",
            f"{name!r} is for delta CRLs only (RFC 5280 §5.3.1)",
            "ocsp status release ends a hold",
        )
    return reason


def _progress(subjects: Sequence[Subject]) -> Iterable[Subject]:
    """Show a progress bar on a terminal if there are many certificates."""
    console = errors()
    hidden = len(subjects) < 1000 or not console.is_terminal
    return track(subjects, "adding", console=console, disable=hidden, transient=True)
