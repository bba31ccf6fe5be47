"""
``ocsp check``: check whether certificates are revoked, and show how it was determined.

The exit code follows from the outcomes only. An indeterminate status never exits with
0, except with ``--soft-fail``. Only certificates that the user named are checked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocsp import limits
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.input.targets import Target, Wanted, find_targets
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import (
    POLICY,
    SIGNERS,
    ChosenPolicy,
    network_group,
    options_from,
)
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.check_output import Checked, check_document, draw, table
from ocsp.cli.render.console import errors, output, report, warn
from ocsp.cli.render.json_output import write_json
from ocsp.client import (
    CheckStatus,
    Client,
    FailMode,
    Options,
    Outcome,
    SQLiteCache,
    StartTLS,
)
from ocsp.client import Progress as CheckProgress
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

__all__ = ["check"]

HELP = """Check whether certificates are revoked.

Asks the responders that each certificate names, and verifies their answers. The
certification path is verified for a TLS server, but not for a certificate in a file."""

EPILOG = epilog(
    {
        "ocsp check leaf.pem --issuer ca.pem": "check one certificate",
        "ocsp check fullchain.pem --chain": "check every certificate below the root",
        "ocsp check www.example.org": "check the chain and staple of a TLS server",
        "ocsp check mail.example.org --starttls smtp --leaf": (
            "check the certificate of a mail server only"
        ),
        "ocsp check leaf.pem --issuer ca.pem --url http://127.0.0.1:8080 --verbose": (
            "ask another responder, and show each step"
        ),
        "ocsp check *.pem --issuer ca.pem --json | jq '.certificates[].status'": (
            "check many certificates, and print only the status of each"
        ),
    },
    {
        ExitCode.GOOD: "good, or no status is needed",
        ExitCode.REVOKED: "revoked",
        ExitCode.UNKNOWN: "unknown to the responder",
        ExitCode.NOT_VERIFIED: "indeterminate: no responder gave a verified answer",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)

NETWORK = network_group(Options())


@helped_by(EPILOG, HELP)
@takes(network=NETWORK, policy=POLICY, signers=SIGNERS)
def check(
    sources: Annotated[
        list[str],
        Argument(
            metavar="CERT...",
            help="Files with certificates, or TLS servers as HOST[:PORT] or URL.",
        ),
    ],
    issuer: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Certificates of issuers. Default: found in the file of CERT.",
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        Option(
            metavar="URL",
            help="Responder URL to use instead of the certificate's; repeatable.",
        ),
    ] = None,
    chain: Annotated[
        bool,
        Option(
            "--chain", help="Check all certificates of a file whose issuer is in it."
        ),
    ] = False,
    leaf: Annotated[
        bool,
        Option(
            "--leaf", help="Check only the certificate of a TLS server, not its chain."
        ),
    ] = False,
    ca: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Trusted roots for TLS servers. Default: the system's.",
        ),
    ] = None,
    server_name: Annotated[
        str | None,
        Option(
            "--servername",
            metavar="NAME",
            help="Name of a TLS server. Default: its host name.",
        ),
    ] = None,
    starttls: Annotated[
        StartTLS | None,
        Option(
            metavar="PROTOCOL",
            help=f"How a server starts TLS: {', '.join(p.value for p in StartTLS)}.",
        ),
    ] = None,
    cache: Annotated[
        str | None,
        Option(metavar="FILE", help="Cache verified answers in this file."),
    ] = None,
    soft_fail: Annotated[
        bool,
        Option("--soft-fail", help="Exit with 0 if the status is indeterminate."),
    ] = False,
    verbose: Annotated[
        bool, Option("--verbose", help="Show each step: URL, time, failed rule.")
    ] = False,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
    network: Changes,
) -> int:
    """Check all *sources*, show the outcomes, and return the worst exit code."""
    options = options_from(Options(), policy, signers, network, NETWORK)
    wanted = Wanted(
        issuer=issuer,
        chain=chain,
        leaf=leaf,
        ca=ca,
        server_name=server_name,
        starttls=starttls,
        options=options,
    )
    targets, all_found = _find_all(sources, wanted)
    if not targets and not all_found:
        return ExitCode.INPUT_ERROR
    with _open_cache(cache) as kept, Client(options, cache=kept) as client:
        targets = [_without_old_staple(kept, target) for target in targets]
        outcomes = _outcomes(client, targets, url)
    checks = [
        Checked(outcome, target.is_above)
        for target, outcome in zip(targets, outcomes, strict=True)
    ]
    _show(checks, verbose=verbose, as_json=as_json)
    fail = FailMode.UNSAFE_SOFT if soft_fail else FailMode.HARD
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
    console = errors()
    with Progress(
        TextColumn("checking"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=len(items) < 2 or not console.is_terminal,
    ) as bar:
        task = bar.add_task("checking", total=len(items))

        def show(progress: CheckProgress) -> None:
            bar.update(task, completed=progress.done)

        answers = iter(client.check_many(items, url=url, progress=show))
    return [next(answers) if each.outcome is None else each.outcome for each in targets]


def _show(checks: Sequence[Checked], *, verbose: bool, as_json: bool) -> None:
    if as_json:
        documents = [check_document(each) for each in checks]
        write_json({"type": "check", "certificates": documents})
    elif verbose or len(checks) == 1:
        for each in checks:
            output().print(draw(each, verbose=verbose))
    else:
        output().print(table(checks))
