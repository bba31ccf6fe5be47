"""
What ``ocsp probe`` does: ask the responder, judge its answers, and show them.

For a monitoring system, each failure of the command is the level UNKNOWN: it reads
nothing else than the line and the exit code.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from typing import NamedTuple

import click

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.input.arguments import parse_duration, parse_proxy
from ocsp.cli.input.subject import load_subject
from ocsp.cli.options.group import Changes
from ocsp.cli.render.console import output
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.probe_output import (
    Probe,
    draw_probe,
    nagios_unknown,
    probe_as_nagios,
    probe_document,
)
from ocsp.errors import ConfigError, MissingExtraError, OCSPError
from ocsp.linting import Profile
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.probing import (
    HashName,
    Level,
    Method,
    ProbeReport,
    ProbeSettings,
    Thresholds,
    judge,
    probe,
    questions,
)
from ocsp.verification import Policy

__all__ = ["Form", "Limits", "Wanted", "run"]


class Form(enum.Enum):
    """How the answers are shown."""

    TABLE = enum.auto()
    """For people."""
    JSON = enum.auto()
    PROMETHEUS = enum.auto()
    NAGIOS = enum.auto()
    """As monitoring plugins do, with their exit codes."""


class Wanted(NamedTuple):
    """What the user wants to be asked; enumerations by the names of their members."""

    url: str
    issuer: str
    cert: str | None
    serial: str | None
    methods: Sequence[str]
    hash_names: Sequence[str]
    nonces: Sequence[bool]
    policy: Policy
    signers: Changes
    profile: str
    timeout: str
    proxy: str


class Limits(NamedTuple):
    """The thresholds, as the user has typed them."""

    warn_remaining: str | None
    crit_remaining: str | None
    warn_latency: str | None
    crit_latency: str | None
    expect: str | None


def run(wanted: Wanted, limits: Limits, form: Form) -> int:
    """Probe, show the answers as *form*, and return the exit code."""
    if form is Form.NAGIOS:
        return _as_nagios(wanted, limits)
    probed = _probed(wanted, limits)
    match form:
        case Form.JSON:
            write_json(probe_document(probed))
        case Form.PROMETHEUS:
            _write_exposition(probed)
        case _:
            output().print(draw_probe(probed))
    return _exit(probed.report, probed.judgement.level)


def _probed(wanted: Wanted, limits: Limits) -> Probe:
    thresholds = _thresholds(limits)
    issuer, cert = load_subject("ocsp probe", wanted.issuer, wanted.cert, wanted.serial)
    settings = ProbeSettings(
        questions=questions(
            [Method[name] for name in wanted.methods],
            [HashName[name] for name in wanted.hash_names],
            wanted.nonces,
        ),
        policy=wanted.policy,
        profile=Profile[wanted.profile],
        timeout=_seconds("--timeout", wanted.timeout),
        proxy=parse_proxy("--proxy", wanted.proxy),
        **wanted.signers,
    )
    report = probe(wanted.url, cert, issuer, settings)
    return Probe(
        report=report,
        judgement=judge(report, thresholds),
        thresholds=thresholds,
        cert=cert,
        issuer=issuer,
    )


def _exit(report: ProbeReport, level: Level) -> ExitCode:
    if all(each.evidence is None for each in report.answers):
        return ExitCode.NOT_VERIFIED
    return ExitCode.SUCCESS if level is Level.OK else ExitCode.PROBLEM


def _as_nagios(wanted: Wanted, limits: Limits) -> int:
    try:
        probed = _probed(wanted, limits)
    except (CommandError, OCSPError) as error:
        click.echo(nagios_unknown(error))
        return Level.UNKNOWN
    click.echo(probe_as_nagios(probed))
    return probed.judgement.level


def _write_exposition(probed: Probe) -> None:
    try:
        from ocsp.probing.exposition import Probed, probe_exposition
    except ModuleNotFoundError as error:
        raise MissingExtraError("--prometheus", "admin") from error
    target = Probed(probed.report.url, probed.report, probed.judgement)
    click.echo(probe_exposition([target]).decode(), nl=False)


def _thresholds(limits: Limits) -> Thresholds:
    try:
        return Thresholds(
            warning_remaining=_duration("--warn-remaining", limits.warn_remaining),
            critical_remaining=_duration("--crit-remaining", limits.crit_remaining),
            warning_latency=_latency("--warn-latency", limits.warn_latency),
            critical_latency=_latency("--crit-latency", limits.crit_latency),
            expect=None if limits.expect is None else OCSPCertStatus[limits.expect],
        )
    except ConfigError as error:
        raise CommandError(_OPTIONS[error.key], error.reason) from error


_OPTIONS = {
    "warning_remaining": "--warn-remaining",
    "warning_latency": "--warn-latency",
}
"""The option for each setting that an error can be about."""


def _duration(option: str, text: str | None) -> datetime.timedelta | None:
    return None if text is None else parse_duration(option, text)


def _latency(option: str, text: str | None) -> float | None:
    return None if text is None else _seconds(option, text)


def _seconds(option: str, text: str) -> float:
    return parse_duration(option, text).total_seconds()
