"""What ``ocsp conformance`` does: examine the responder, and show the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.input.arguments import parse_duration
from ocsp.cli.input.subject import load_subject
from ocsp.cli.options.group import Changes
from ocsp.cli.render.conformance_output import conformance_document, draw_conformance
from ocsp.cli.render.console import errors, output
from ocsp.cli.render.json_output import write_json
from ocsp.conformance import (
    CHECKS,
    CheckResult,
    ConformanceReport,
    ConformanceSettings,
    Outcome,
    examine,
)
from ocsp.verification import NonceCheck, Policy

__all__ = ["Wanted", "run"]


class Wanted(NamedTuple):
    """What the user wants to be examined."""

    url: str
    issuer: str
    cert: str | None
    serial: str | None
    only: Sequence[str]
    timeout: str
    policy: Policy
    signers: Changes


def run(wanted: Wanted, *, as_json: bool) -> ExitCode:
    """Examine the responder, show the results, and return the exit code."""
    _require_known(wanted.only)
    report = _examined(wanted)
    if as_json:
        write_json(conformance_document(report))
    else:
        output().print(draw_conformance(report))
    return _exit(report)


def _examined(wanted: Wanted) -> ConformanceReport:
    issuer, cert = load_subject(
        "ocsp conformance", wanted.issuer, wanted.cert, wanted.serial
    )
    settings = ConformanceSettings(
        policy=replace(wanted.policy, nonce=NonceCheck.IF_PRESENT),
        timeout=parse_duration("--timeout", wanted.timeout).total_seconds(),
        **wanted.signers,
    )
    console = errors()
    with Progress(
        TextColumn("examining"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("examining", total=len(set(wanted.only)) or len(CHECKS))

        def show(_: CheckResult) -> None:
            bar.advance(task)

        return examine(
            wanted.url,
            cert,
            issuer,
            settings,
            only=wanted.only or None,
            progress=show,
        )


def _require_known(only: Sequence[str]) -> None:
    known = [check.id for check in CHECKS]
    for each in only:
        if each not in known:
            raise CommandError(
                "--only", f"{each!r} is no check", "without it, all are shown"
            )


def _exit(report: ConformanceReport) -> ExitCode:
    ordinary = {
        each.outcome for each in report.results if each.check.id in {"post", "get"}
    }
    if ordinary and Outcome.PASSED not in ordinary:
        return ExitCode.NOT_VERIFIED
    return ExitCode.FINDINGS if report.violations else ExitCode.SUCCESS
