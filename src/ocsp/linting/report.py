"""
What a lint returns: findings and their severities.

The wording of the standard decides the severity: a violated *must* is an error, a
violated *should* a warning. A notice is allowed but not recommended; an info is no
fault.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["LintFinding", "LintReport", "Profile", "Severity"]


class Severity(enum.IntEnum):
    """The severity of a finding; a more severe one is larger."""

    INFO = 1
    """Information; no fault."""

    NOTICE = 2
    """Allowed, but not recommended."""

    WARNING = 3
    """Violates a *should*, or some clients reject it."""

    ERROR = 4
    """Violates a *must*."""


class Profile(enum.Enum):
    """The standards to apply. RFC 6960 applies in every profile."""

    RFC6960 = "rfc6960"
    """RFC 6960 only."""

    RFC9919 = "rfc9919"
    """RFC 6960 and the profile for high-volume environments (RFC 9919)."""

    WEBPKI = "webpki"
    """RFC 6960 and the Baseline Requirements of the CA/Browser Forum."""


class LintFinding(NamedTuple):
    """
    One finding of a rule.

    Attributes:
        rule: The id of the rule (``L301``), as in ``docs/lint.md``.

        severity: The severity in the profile.

        clause: The clause that the rule implements (``RFC 6960 §4.2.2.1``).

        message: What is wrong, in words.

        where: The field that is wrong (``responses[0].nextUpdate``), or an empty string
            for the whole response.
    """

    rule: str
    severity: Severity
    clause: str
    message: str
    where: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        severity = self.severity.name.lower()
        return f"{severity} {self.rule}: {place}{self.message} [{self.clause}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """The findings in one response."""

    profile: Profile
    """The standards that were applied."""

    findings: tuple[LintFinding, ...]
    """The findings, in the order of the rules."""

    def at_least(self, severity: Severity) -> tuple[LintFinding, ...]:
        """Return the findings of at least this *severity*."""
        return tuple(each for each in self.findings if each.severity >= severity)
