"""
``ocsp check``: check whether certificates are revoked, and show how it was determined.

The exit code follows from the outcomes only. An indeterminate status never exits with
0, except with ``--soft-fail``. Only certificates that the user named are checked.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from cryptography import x509
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog
from ocsp.cli.input.loading import load_certificate, load_certificates, place
from ocsp.cli.render.check_output import draw, outcome_document, table
from ocsp.cli.render.console import errors, output, warn
from ocsp.cli.render.json_output import write_json
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
    TLSPeer,
    read_tls_peer,
)
from ocsp.client import Progress as CheckProgress
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    ConfigError,
    RevocationIndeterminate,
    RevokedButStale,
    TLSPeerError,
    TLSPeerNotTrusted,
    VerificationError,
)
from ocsp.signing.issued import is_issued_by
from ocsp.verification.staple import verify_staple

__all__ = ["EPILOG", "HELP", "check"]

HELP = """Check whether certificates are revoked.

Asks the responders that each certificate names, and verifies their answers. The
certification path is verified for a TLS server, but not for a certificate in a file."""

EPILOG = epilog(
    {
        "ocsp check leaf.pem --issuer ca.pem": "check one certificate",
        "ocsp check fullchain.pem --chain": "check every certificate below the root",
        "ocsp check www.example.org:443": "check the chain and staple of a TLS server",
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

_SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")


class _Item(NamedTuple):
    """One certificate to check."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None


def check(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="CERT...",
            help="Files with certificates, or TLS servers as HOST:PORT.",
        ),
    ],
    issuer: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Certificate of the issuer. Default: found in the file of CERT.",
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Responder URL to use instead of the certificate's; repeatable.",
        ),
    ] = None,
    chain: Annotated[
        bool,
        typer.Option(
            "--chain", help="Check all certificates of the file except the last."
        ),
    ] = False,
    ca: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Trusted roots for TLS servers. Default: the system's.",
        ),
    ] = None,
    nonce: Annotated[
        bool,
        typer.Option("--nonce", help="Send a nonce, and require it in the response."),
    ] = False,
    fetch_issuer: Annotated[
        bool,
        typer.Option("--fetch-issuer", help="Download a missing issuer certificate."),
    ] = False,
    crl_fallback: Annotated[
        bool,
        typer.Option(
            "--crl-fallback", help="Use the CRL if no responder gives a status."
        ),
    ] = False,
    private: Annotated[
        bool,
        typer.Option("--private", help="Also connect to private addresses."),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Time limit for each certificate.", min=0.1
        ),
    ] = 10.0,
    cache: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Cache verified answers in this file."),
    ] = None,
    soft_fail: Annotated[
        bool,
        typer.Option("--soft-fail", help="Exit with 0 if the status is indeterminate."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show each step: URL, time, failed rule.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Check all *sources*, show the outcomes, and return the worst exit code."""
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
    with _open_cache(cache) as kept, Client(options, cache=kept) as client:
        outcomes = _outcomes(client, entries, url)
    _show(outcomes, verbose=verbose, as_json=as_json)
    fail = FailMode.UNSAFE_SOFT if soft_fail else FailMode.HARD
    return max((_exit(each, fail) for each in outcomes), key=_MILDEST_FIRST.index)


_MILDEST_FIRST = (
    ExitCode.GOOD,
    ExitCode.UNKNOWN,
    ExitCode.NOT_VERIFIED,
    ExitCode.REVOKED,
)
"""Exit codes in order of severity: the most severe one of all outcomes is returned."""


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
        warn("the status is indeterminate, and --soft-fail accepts it")
    return ExitCode.GOOD


# --- what to check ---------------------------------------------------------------


def _entries(
    source: str, issuer: str | None, ca: str | None, timeout: float, *, chain: bool
) -> Iterator[Outcome | _Item]:
    """Return the certificates of *source*, or the outcome where a staple gives one."""
    server = None if Path(source).exists() else _SERVER.fullmatch(source)
    if server is None:
        yield from _from_file(source, issuer, chain=chain)
        return
    host, port = server["host"].strip("[]"), int(server["port"])
    found = _read_server(host, port, ca, timeout)
    first, *others = _of_chain(found.chain)
    stapled = _stapled_outcome(source, found.staple, first)
    yield first if stapled is None else stapled
    yield from others


def _read_server(host: str, port: int, ca: str | None, timeout: float) -> TLSPeer:
    roots = None if ca is None else load_certificates(ca)
    try:
        return read_tls_peer(host, port, roots=roots, timeout=timeout)
    except TLSPeerNotTrusted as error:
        hint = "--ca FILE gives other roots" if ca is None else ""
        raise CommandError(
            error.server,
            f"its certification path is not trusted: {error.reason}",
            hint,
        ) from error
    except TLSPeerError as error:
        raise CommandError(error.server, error.reason) from error
    except ConfigError as error:
        raise CommandError("--ca", error.reason, "give a file") from error


def _from_file(source: str, issuer: str | None, *, chain: bool) -> list[_Item]:
    certificates = load_certificates(source)
    if chain:
        if len(certificates) < 2:
            raise CommandError(
                place(source), "contains one certificate; --chain needs two or more"
            )
        return _of_chain(certificates)
    if issuer is not None:
        authority = load_certificate(issuer)
        return [_Item(each, authority) for each in certificates]
    first, *others = certificates
    return [_Item(first, next((o for o in others if is_issued_by(first, o)), None))]


def _of_chain(chain: Sequence[x509.Certificate]) -> list[_Item]:
    return [_Item(cert, issuer) for cert, issuer in pairwise(chain)]


def _stapled_outcome(source: str, staple: bytes, item: _Item) -> Outcome | None:
    """Return the outcome that the staple gives, or ``None`` to ask the responder."""
    if item.issuer is None:
        return None
    try:
        evidence = verify_staple(staple, item.certificate, item.issuer)
    except VerificationError as error:
        if not any(failure.rule == "V28" for failure in error.failures):
            warn(f"{source}: the staple is not accepted: {error}")
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


# --- checking and showing --------------------------------------------------------


@contextlib.contextmanager
def _open_cache(cache: str | None) -> Iterator[Cache | None]:
    if cache is None:
        yield None
        return
    with SQLiteCache(cache) as kept:
        yield kept


def _outcomes(
    client: Client, entries: Sequence[Outcome | _Item], url: list[str] | None
) -> list[Outcome]:
    """Check all certificates concurrently; return the outcomes in the given order."""
    items = [each for each in entries if isinstance(each, _Item)]
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
    return [each if isinstance(each, Outcome) else next(answers) for each in entries]


def _show(outcomes: Sequence[Outcome], *, verbose: bool, as_json: bool) -> None:
    if as_json:
        documents = [outcome_document(each) for each in outcomes]
        write_json({"type": "check", "certificates": documents})
    elif verbose or len(outcomes) == 1:
        for outcome in outcomes:
            output().print(draw(outcome, verbose=verbose))
    else:
        output().print(table(outcomes))
