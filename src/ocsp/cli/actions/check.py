"""
What ``ocsp check`` does: find the certificates, check them, and show the outcomes.

The exit code follows from the outcomes only. An indeterminate status never exits with
0, except with ``--soft-fail``. Only certificates that the user named are checked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ocsp import limits
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.input.targets import Target, Wanted, find_targets
from ocsp.cli.render.check_output import Checked, check_document, draw, table
from ocsp.cli.render.console import errors, output, report, warn
from ocsp.cli.render.json_output import write_json
from ocsp.client.cache.sqlite import SQLiteCache
from ocsp.client.checking.scheduler import Progress as CheckProgress
from ocsp.client.outcome import CheckStatus, FailMode, Outcome
from ocsp.client.sync import Client
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    OlderThanKnown,
    RevocationIndeterminate,
    RevokedBefore,
    RevokedButStale,
    UnreadableFile,
)
from ocsp.guarded.files import read_file
from ocsp.inspection.file_kinds import kind_of
from ocsp.inspection.vocabulary import common_name
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["run"]


def run(
    sources: Sequence[str],
    wanted: Wanted,
    *,
    url: list[str] | None,
    cache: str | None,
    fail: FailMode,
    verbose: bool,
    as_json: bool,
) -> ExitCode:
    """Check all *sources*, show the outcomes, and return the worst exit code."""
    targets, all_found = _find_all(sources, wanted)
    if not targets and not all_found:
        return ExitCode.INPUT_ERROR
    with _open_cache(cache) as kept, Client(wanted.options, cache=kept) as client:
        targets = [_without_old_staple(kept, target) for target in targets]
        outcomes = _outcomes(client, targets, url)
    checks = [
        Checked(outcome, target.is_above)
        for target, outcome in zip(targets, outcomes, strict=True)
    ]
    _show(checks, verbose=verbose, as_json=as_json)
    codes = [_exit(each.outcome, fail) for each in checks if each.counts]
    codes += [] if all_found else [ExitCode.INPUT_ERROR]
    return max(codes, key=_MILDEST_FIRST.index, default=ExitCode.NOT_VERIFIED)


_MILDEST_FIRST = (
    ExitCode.GOOD,
    ExitCode.UNKNOWN,
    ExitCode.NOT_VERIFIED,
    ExitCode.INPUT_ERROR,
    ExitCode.REVOKED,
)
"""Exit codes in order of severity: the most severe one of all outcomes is returned."""


def _find_all(sources: Sequence[str], wanted: Wanted) -> tuple[list[Target], bool]:
    """
    Return the certificates of all *sources*, and whether every source has some.

    A source that cannot be read does not hide the others. Each problem is reported
    once.
    """
    targets: list[Target] = []
    problems: set[str] = set()
    for source in sources:
        try:
            targets += find_targets(source, wanted)
        except CommandError as error:
            if str(error) not in problems:
                report(error)
            problems.add(str(error))
    return targets, not problems


def _exit(outcome: Outcome, fail: FailMode) -> ExitCode:
    try:
        outcome.require_good(fail)
    except (CertificateRevoked, RevokedBefore, RevokedButStale):
        return ExitCode.REVOKED
    except CertificateStatusUnknown:
        return ExitCode.UNKNOWN
    except RevocationIndeterminate:
        return ExitCode.NOT_VERIFIED
    if outcome.status is CheckStatus.INDETERMINATE:
        warn("the status is indeterminate, and --soft-fail accepts it")
    return ExitCode.GOOD


@contextlib.contextmanager
def _open_cache(cache: str | None) -> Iterator[SQLiteCache | None]:
    if cache is None:
        yield None
        return
    _require_no_other_file(cache)
    with SQLiteCache(cache) as kept:
        yield kept


def _require_no_other_file(cache: str) -> None:
    """
    Check that *cache* is not a key or certificate: a cache renames a damaged file.

    Raises:
        CommandError: If it is one.
    """
    try:
        kind = kind_of(read_file(cache, limits.MAX_CERTIFICATE_FILE_BYTES))
    except UnreadableFile:  # too large for one, or the cache says what is wrong
        return
    if kind is not None:
        raise CommandError("--cache", f"{cache} is {kind}", "name another file")


def _without_old_staple(cache: SQLiteCache | None, target: Target) -> Target:
    """Return *target* without its staple if the cache knows a newer answer."""
    evidence = None if target.outcome is None else target.outcome.evidence
    if cache is None or not isinstance(evidence, VerifiedResponse):
        return target
    newest = cache.newest(evidence.canonical_cert_id)
    if newest is None or not newest.is_newer_than(evidence):
        cache.put(evidence.canonical_cert_id, evidence, evidence.holds_until)
        return target
    error = OlderThanKnown(evidence.this_update, newest.this_update, newest.is_revoked)
    warn(f"{common_name(target.certificate)}: the staple is not accepted: {error}")
    return replace(target, outcome=None)


def _outcomes(
    client: Client, targets: Sequence[Target], url: list[str] | None
) -> list[Outcome]:
    """Check all certificates concurrently; return the outcomes in the given order."""
    items = [
        (each.certificate, each.issuer) for each in targets if each.outcome is None
    ]
    with _progress(len(items)) as show:
        answers = iter(client.check_many(items, url=url, progress=show))
    return [next(answers) if each.outcome is None else each.outcome for each in targets]


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[CheckProgress], None] | None]:
    """Show a bar for *total* certificates, on a terminal and for several only."""
    console = errors()
    if total < 2 or not console.is_terminal:
        yield None
        return
    # Few runs show a bar, and the import takes long.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("checking", total=total)
        yield lambda progress: bar.update(task, completed=progress.done)


def _show(checks: Sequence[Checked], *, verbose: bool, as_json: bool) -> None:
    if as_json:
        write_json(check_document(checks))
    elif verbose or len(checks) == 1:
        for each in checks:
            output().print(draw(each, verbose=verbose))
    else:
        output().print(table(checks))
