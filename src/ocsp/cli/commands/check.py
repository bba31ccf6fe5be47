"""
``ocsp check``: ask whether certificates are revoked, and say how that was found out.

Rules of this file: the exit code follows the outcome and nothing else; what is not
known is never 0, unless ``--soft-fail`` says that it may be. Nothing is asked about a
certificate that the user has not named.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from cryptography import x509
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import epilog
from ocsp.cli.input.loading import load_certificate, load_certificates, place
from ocsp.cli.input.tls_peer import from_server
from ocsp.cli.render.check_output import draw, outcome_document, table
from ocsp.cli.render.console import errors, output, warn
from ocsp.client import (
    AddressPolicy,
    Attempt,
    Cache,
    CheckStatus,
    Client,
    CRLFallback,
    FailMode,
    MissingIssuer,
    Options,
    Outcome,
    SendNonce,
    Source,
    SQLiteCache,
)
from ocsp.client import Progress as CheckProgress
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    RevocationIndeterminate,
    RevokedButStale,
    VerificationError,
)
from ocsp.signing.issued import is_issued_by
from ocsp.verification.staple import verify_staple

__all__ = ["EPILOG", "HELP", "check"]

HELP = """Ask whether certificates are revoked.

The responders that a certificate names are asked, and what they answer is verified.
The path of a certificate from a file is not checked; that of a server is."""

EPILOG = epilog(
    {
        "ocsp check leaf.pem --issuer ca.pem": "is it revoked?",
        "ocsp check fullchain.pem --chain": "all of a chain but its root, at once",
        "ocsp check www.example.org:443": "a server: its chain and its staple",
        "ocsp check leaf.pem --issuer ca.pem --url http://127.0.0.1:8080 --verbose": (
            "another responder, and each step"
        ),
        "ocsp check *.pem --issuer ca.pem --json | jq '.[] | .status'": (
            "many, for other programs"
        ),
    },
    {
        ExitCode.GOOD: "good, or needs no status",
        ExitCode.REVOKED: "revoked",
        ExitCode.UNKNOWN: "unknown to the responder",
        ExitCode.NOT_VERIFIED: "indeterminate: no answer, or none that proves anything",
        ExitCode.UNUSABLE: "something could not be read, or was used wrongly",
    },
)

_SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")


class _Item(NamedTuple):
    """One certificate to ask about."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None


def check(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="CERT...", help="Files with certificates, or servers: HOST:PORT."
        ),
    ],
    issuer: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Certificate of the issuer; else from the same file."
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Ask there, not whom the certificate names; repeatable."
        ),
    ] = None,
    chain: Annotated[
        bool, typer.Option("--chain", help="Ask about all of the file but the last.")
    ] = False,
    ca: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Roots for servers; else those of the system."
        ),
    ] = None,
    nonce: Annotated[
        bool, typer.Option("--nonce", help="Send a nonce, which has to come back.")
    ] = False,
    fetch_issuer: Annotated[
        bool,
        typer.Option("--fetch-issuer", help="Fetch a missing issuer."),
    ] = False,
    crl_fallback: Annotated[
        bool, typer.Option("--crl-fallback", help="Look into the CRL if nobody tells.")
    ] = False,
    private: Annotated[
        bool,
        typer.Option("--private", help="Ask responders at private addresses as well."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="For each certificate.", min=0.1)
    ] = 10.0,
    cache: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Keep verified answers there."),
    ] = None,
    soft_fail: Annotated[
        bool,
        typer.Option("--soft-fail", help="End with 0 where nothing is known."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show each step: URL, time, rule.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write a list in JSON; the keys are stable.")
    ] = False,
) -> int:
    """Ask about all *sources*, show the outcomes, and end with the worst exit code."""
    options = Options(
        nonce=SendNonce.ALWAYS if nonce else SendNonce.NEVER,
        missing_issuer=MissingIssuer.FETCH if fetch_issuer else MissingIssuer.REFUSE,
        crl_fallback=(
            CRLFallback.WHEN_INDETERMINATE if crl_fallback else CRLFallback.NEVER
        ),
        address_policy=AddressPolicy.PRIVATE_TOO if private else AddressPolicy.PUBLIC,
        timeout=datetime.timedelta(seconds=timeout),
    )
    entries = [
        entry
        for source in sources
        for entry in _entries(source, issuer, ca, timeout, chain=chain)
    ]
    with _open(cache) as kept, Client(options, cache=kept) as client:
        outcomes = _outcomes(client, entries, url)
    _show(outcomes, verbose=verbose, as_json=as_json)
    fail = FailMode.UNSAFE_SOFT if soft_fail else FailMode.HARD
    return max((_exit(each, fail) for each in outcomes), key=_WORST.index)


_WORST = (
    ExitCode.GOOD,
    ExitCode.UNKNOWN,
    ExitCode.NOT_VERIFIED,
    ExitCode.REVOKED,
)
"""Of several exit codes the one that stands last here counts."""


def _exit(outcome: Outcome, fail: FailMode) -> ExitCode:
    try:
        outcome.require_good(fail)
    except (CertificateRevoked, RevokedButStale):
        return ExitCode.REVOKED
    except CertificateStatusUnknown:
        return ExitCode.UNKNOWN
    except RevocationIndeterminate:
        return ExitCode.NOT_VERIFIED
    if outcome.status is CheckStatus.INDETERMINATE:
        warn("nothing is known, and --soft-fail lets it pass")
    return ExitCode.GOOD


# --- what to ask about -----------------------------------------------------------


def _entries(
    source: str, issuer: str | None, ca: str | None, timeout: float, *, chain: bool
) -> Iterator[Outcome | _Item]:
    """Return what *source* names: questions, and what a staple has answered."""
    server = None if Path(source).exists() else _SERVER.fullmatch(source)
    if server is None:
        yield from _from_file(source, issuer, chain=chain)
        return
    host, port = server["host"].strip("[]"), int(server["port"])
    found = from_server(host, port, ca, timeout)
    first, *others = _of_chain(found.chain)
    told = _stapled(source, found.staple, first)
    yield first if told is None else told
    yield from others


def _from_file(source: str, issuer: str | None, *, chain: bool) -> list[_Item]:
    certificates = load_certificates(source)
    if chain:
        if len(certificates) < 2:
            raise CommandError(
                place(source), "holds one certificate, which is no chain"
            )
        return _of_chain(certificates)
    if issuer is not None:
        authority = load_certificate(issuer)
        return [_Item(each, authority) for each in certificates]
    first, *others = certificates
    return [_Item(first, next((o for o in others if is_issued_by(first, o)), None))]


def _of_chain(chain: Sequence[x509.Certificate]) -> list[_Item]:
    return [_Item(cert, issuer) for cert, issuer in pairwise(chain)]


def _stapled(source: str, staple: bytes, item: _Item) -> Outcome | None:
    """Return what the staple of a server tells, or ``None`` if the responder has to."""
    if item.issuer is None:
        return None
    try:
        evidence = verify_staple(staple, item.certificate, item.issuer)
    except VerificationError as error:
        if not any(failure.rule == "V28" for failure in error.failures):
            warn(f"{source}: the staple is no evidence: {error}")
            return None
        attempt = Attempt(url=f"staple of {source}", octets=len(staple), error=error)
        return Outcome.indeterminate(
            item.certificate, item.issuer, (error,), (attempt,)
        )
    if evidence is None:
        return None
    return Outcome.of(
        evidence,
        item.certificate,
        item.issuer,
        Source.STAPLE,
        (Attempt(url=f"staple of {source}", octets=len(staple)),),
    )


# --- asking and showing ----------------------------------------------------------


@contextlib.contextmanager
def _open(cache: str | None) -> Iterator[Cache | None]:
    if cache is None:
        yield None
        return
    with SQLiteCache(cache) as kept:
        yield kept


def _outcomes(
    client: Client, entries: Sequence[Outcome | _Item], url: list[str] | None
) -> list[Outcome]:
    """Ask all questions at once, and put the answers in their places."""
    items = [each for each in entries if isinstance(each, _Item)]
    console = errors()
    with Progress(
        TextColumn("asking"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=len(items) < 2 or not console.is_terminal,
    ) as bar:
        task = bar.add_task("asking", total=len(items))

        def show(progress: CheckProgress) -> None:
            bar.update(task, completed=progress.done)

        answers = iter(client.check_many(items, url=url, progress=show))
    return [each if isinstance(each, Outcome) else next(answers) for each in entries]


def _show(outcomes: Sequence[Outcome], *, verbose: bool, as_json: bool) -> None:
    if as_json:
        documents = [outcome_document(each) for each in outcomes]
        typer.echo(json.dumps(documents, indent=2))
    elif verbose or len(outcomes) == 1:
        for outcome in outcomes:
            output().print(draw(outcome, verbose=verbose))
    else:
        output().print(table(outcomes))
