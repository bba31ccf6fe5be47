"""``ocsp status prune``: delete what is no longer needed."""

from __future__ import annotations

import datetime
from typing import Annotated

import click

from ocsp.asn1.times import timestamp
from ocsp.cli.commands.status.options import DATABASE, Database, DryRun, Json, Yes
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.arguments import parse_duration
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import errors, output
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.tree_rows import text
from ocsp.inspection.vocabulary import count
from ocsp.store import DatabaseAddress, Pruned, Store, open_store

__all__ = ["prune"]

END = epilog(
    {
        "ocsp status prune --expired 30d --dry-run": (
            "count the certificates that expired more than 30 days ago"
        ),
        "ocsp status prune --expired 30d --events 3650d --yes": (
            "delete them, and what is older than ten years in the log"
        ),
    }
)


@helped_by(END)
def prune(
    expired: Annotated[
        str | None,
        Option(
            "--expired",
            metavar="DURATION",
            help="Delete certificates that expired longer ago than this.",
        ),
    ] = None,
    events: Annotated[
        str | None,
        Option(
            "--events",
            metavar="DURATION",
            help="Delete events of the audit log that are older; those of the last "
            "day stay. Export them first with ocsp status log.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """
    Delete expired certificates, and old events of the audit log.

    The responder no longer knows a deleted certificate. A certificate whose end is not
    known is never deleted. The audit log says how many were deleted, when and by whom,
    but not which: if you need that, keep an export.
    """
    now = datetime.datetime.now(datetime.UTC)
    before = None if expired is None else _ago("--expired", expired, now)
    until = None if events is None else _ago("--events", events, now)
    if before is None and until is None:
        raise CommandError(
            "ocsp status prune", "nothing to delete", "use --expired or --events"
        )
    with open_store(database, read_only=dry_run, program="ocsp status prune") as store:
        if dry_run or not yes:
            counted = _count(store, before, until)
            if not dry_run:
                _ask(database, counted, before, until)
        if dry_run:
            _print(database, counted, done=False, as_json=as_json)
            return
        pruned = store.prune(expired_before=before, events_before=until)
    _print(database, pruned, done=True, as_json=as_json)


def _ago(option: str, given: str, now: datetime.datetime) -> datetime.datetime:
    span = parse_duration(option, given)
    try:
        return now - span
    except OverflowError as error:
        hint = "use 30s, 5m, 36h or 10d"
        raise CommandError(option, f"{given!r} is too long", hint) from error


def _count(
    store: Store,
    before: datetime.datetime | None,
    until: datetime.datetime | None,
) -> Pruned:
    certificates = events = 0
    if before is not None:
        certificates = sum(1 for _ in store.entries(expires_before=before))
    if until is not None:
        events = sum(each.at < until for each in store.events())
    return Pruned(certificates, events)


def _ask(
    database: DatabaseAddress,
    counted: Pruned,
    before: datetime.datetime | None,
    until: datetime.datetime | None,
) -> None:
    """Ask on the terminal; without one, ``--yes`` is needed."""
    parts = []
    if before is not None:
        certificates = count(counted.certificates, "certificate")
        parts.append(f"{certificates} that expired before {timestamp(before)}")
    if until is not None:
        old = count(counted.events, "event")
        parts.append(f"{old} of the audit log before {timestamp(until)}")
    question = f"{database}: delete {' and '.join(parts)}?"
    if not errors().is_terminal:
        raise CommandError(
            "ocsp status prune", "there is no terminal to ask on", "confirm with --yes"
        )
    click.confirm(question, abort=True, err=True)


def _print(
    database: DatabaseAddress, pruned: Pruned, *, done: bool, as_json: bool
) -> None:
    if as_json:
        write_json(
            {"type": "status-prune", "dry_run": not done, **pruned._asdict()},
        )
        return
    what = (
        f"{count(pruned.certificates, 'certificate')} and "
        f"{count(pruned.events, 'event')} of the audit log"
    )
    verb = "deleted" if done else "would be deleted"
    output().print(text(f"{database}: {what} {verb}"), soft_wrap=True)
