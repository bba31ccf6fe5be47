"""
Judge a probe by thresholds: as monitoring systems do, in four levels.

The levels are those of the Monitoring Plugins guidelines: OK, WARNING, CRITICAL and
UNKNOWN.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ocsp.errors import ConfigError
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.probing.report import ProbeAnswer, ProbeReport
from ocsp.quantities import duration_text

__all__ = ["Judgement", "Level", "Problem", "Thresholds", "judge"]


class Level(enum.IntEnum):
    """How bad it is; the numbers are the exit codes of monitoring plugins."""

    OK = 0
    """Every answer is verified, and within the thresholds."""

    WARNING = 1
    """A threshold for a warning is reached."""

    CRITICAL = 2
    """An answer is not verified, or a threshold for an alarm is reached."""

    UNKNOWN = 3
    """The probe could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """
    When a probe is not OK. ``None`` is no threshold.

    Raises:
        ConfigError: If a critical threshold is reached before that for a warning.
    """

    warning_remaining: datetime.timedelta | None = None
    """A warning if an answer ends in less time than this."""

    critical_remaining: datetime.timedelta | None = None
    """An alarm if an answer ends in less time than this."""

    warning_latency: float | None = None
    """A warning if an answer takes longer, in seconds."""

    critical_latency: float | None = None
    """An alarm if an answer takes longer, in seconds."""

    expect: OCSPCertStatus | None = None
    """The status that the certificate must have; an alarm for another one."""

    def __post_init__(self) -> None:
        if (
            self.warning_remaining is not None
            and self.critical_remaining is not None
            and self.warning_remaining < self.critical_remaining
        ):
            raise ConfigError(
                "warning_remaining", "must not be shorter than critical_remaining"
            )
        if (
            self.warning_latency is not None
            and self.critical_latency is not None
            and self.warning_latency > self.critical_latency
        ):
            raise ConfigError(
                "warning_latency", "must not be longer than critical_latency"
            )


class Problem(NamedTuple):
    """Why a probe is not OK."""

    level: Level
    text: str

    def __str__(self) -> str:
        return self.text


class Judgement(NamedTuple):
    """
    The level of a probe, and why.

    Attributes:
        level: The worst level of all answers.

        problems: Why it is not OK, the worst first.
    """

    level: Level
    problems: tuple[Problem, ...]


def judge(report: ProbeReport, thresholds: Thresholds) -> Judgement:
    """Judge *report* by *thresholds*."""
    found = [
        problem for each in report.answers for problem in _problems(each, thresholds)
    ]
    problems = tuple(sorted(found, key=lambda each: -each.level))
    level = max((each.level for each in problems), default=Level.OK)
    if not report.answers:
        return Judgement(Level.UNKNOWN, (Problem(Level.UNKNOWN, "nothing was asked"),))
    return Judgement(level, problems)


def _problems(answer: ProbeAnswer, thresholds: Thresholds) -> Iterator[Problem]:
    question = answer.question
    if answer.evidence is None:
        yield Problem(Level.CRITICAL, f"{question}: {answer.error}")
        return
    status = answer.evidence.status
    if thresholds.expect is not None and status is not thresholds.expect:
        words = f"is {status.name.lower()}, expected {thresholds.expect.name.lower()}"
        yield Problem(Level.CRITICAL, f"{question}: the certificate {words}")
    yield from _remaining_problem(answer, thresholds)
    level = _reached(
        answer.seconds, thresholds.warning_latency, thresholds.critical_latency
    )
    if level is not Level.OK:
        yield Problem(level, f"{question}: took {answer.seconds:.3f} s")


def _reached(value: float, warning: float | None, critical: float | None) -> Level:
    """Return the level of *value*, of which less is better."""
    if critical is not None and value > critical:
        return Level.CRITICAL
    if warning is not None and value > warning:
        return Level.WARNING
    return Level.OK


def _remaining_problem(
    answer: ProbeAnswer, thresholds: Thresholds
) -> Iterator[Problem]:
    warning, critical = thresholds.warning_remaining, thresholds.critical_remaining
    if warning is None and critical is None:
        return
    if answer.remaining is None:
        level = Level.CRITICAL if warning is None else Level.WARNING
        yield Problem(level, f"{answer.question}: the answer has no nextUpdate")
        return
    level = _reached(
        -answer.remaining.total_seconds(),
        None if warning is None else -warning.total_seconds(),
        None if critical is None else -critical.total_seconds(),
    )
    if level is not Level.OK:
        left = datetime.timedelta(seconds=int(answer.remaining.total_seconds()))
        yield Problem(level, f"{answer.question}: valid for {duration_text(left)} only")
