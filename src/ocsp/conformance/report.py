"""What an examination reports: for each check its outcome, and what was seen."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ocsp.conformance.examination import Examination

__all__ = [
    "Check",
    "CheckResult",
    "ConformanceReport",
    "Outcome",
    "Seen",
    "Strength",
    "failed",
    "not_applicable",
    "passed",
    "unclear",
]


class Outcome(enum.Enum):
    """The outcome of a check."""

    PASSED = "passed"
    """The responder did what the clause requires."""

    FAILED = "failed"
    """The responder did something else."""

    NOT_APPLICABLE = "not applicable"
    """The clause is about something that the responder need not offer, and does not."""

    COULD_NOT_TELL = "could not tell"
    """What was seen does not decide it."""


class Strength(enum.Enum):
    """How strongly the clause requires it."""

    MUST = "must"
    """The clause says *must*."""

    SHOULD = "should"
    """The clause says *should* or *recommended*."""

    MAY = "may"
    """No clause requires it; some clients need it."""


class Seen(NamedTuple):
    """What a check has found: the outcome, and what the responder did, in words."""

    outcome: Outcome
    text: str


def passed(text: str) -> Seen:
    """Return that the check passed."""
    return Seen(Outcome.PASSED, text)


def failed(text: str) -> Seen:
    """Return that the check failed."""
    return Seen(Outcome.FAILED, text)


def not_applicable(text: str) -> Seen:
    """Return that the check does not apply."""
    return Seen(Outcome.NOT_APPLICABLE, text)


def unclear(text: str) -> Seen:
    """Return that the check could not tell."""
    return Seen(Outcome.COULD_NOT_TELL, text)


class Check(NamedTuple):
    """
    One check.

    Attributes:
        id: Its name, which is stable: ``nonce-too-long``.

        requirements: The requirements that it tests, as ``docs/conformance.md`` numbers
            them; empty for those of HTTP.

        clause: Where it is required (``RFC 9654 §2.1``).

        strength: How strongly.

        sentence: What is required.

        function: Sends the requests, and says what was seen.
    """

    id: str
    requirements: tuple[str, ...]
    clause: str
    strength: Strength
    sentence: str
    function: Callable[[Examination], Seen]


class CheckResult(NamedTuple):
    """
    The result of one check.

    Attributes:
        check: The check.

        outcome: Its outcome.

        seen: What the responder did, in words.
    """

    check: Check
    outcome: Outcome
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceReport:
    """The results of one examination."""

    url: str
    """The URL of the responder."""

    results: tuple[CheckResult, ...]
    """The results, in the order of the table."""

    @property
    def violations(self) -> tuple[CheckResult, ...]:
        """The failed checks of what a clause says must or should be."""
        return tuple(
            each
            for each in self.results
            if each.outcome is Outcome.FAILED
            and each.check.strength is not Strength.MAY
        )
