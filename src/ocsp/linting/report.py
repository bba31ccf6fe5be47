"""
What a lint returns: findings, and how grave each is.

Rules of this file: values only. A severity follows from the word of the standard:
*must* is an error, *should* a warning; a notice is legal and unwise, an info no fault.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["LintFinding", "LintReport", "Profile", "Severity"]


class Severity(enum.IntEnum):
    """How grave a finding is; graver is larger."""

    INFO = 1
    """Worth to be known; no fault."""

    NOTICE = 2
    """Legal, and better done otherwise."""

    WARNING = 3
    """Against a *should*, or refused by some clients."""

    ERROR = 4
    """Against a *must*."""


class Profile(enum.Enum):
    """By which standards a response is judged; the first holds in all of them."""

    RFC6960 = "rfc6960"
    """OCSP itself."""

    RFC9919 = "rfc9919"
    """And the profile for high-volume environments."""

    WEBPKI = "webpki"
    """And the Baseline Requirements of the CA/Browser Forum."""


class LintFinding(NamedTuple):
    """
    One thing that a rule has found.

    Attributes:
        rule: The id of the rule (``L301``), as in ``docs/lint.md``.

        severity: How grave that is in the profile.

        clause: What the rule is taken from (``RFC 6960 §4.2.2.1``).

        message: What is the matter, a sentence for people.

        where: The field at fault (``responses[0].nextUpdate``), or empty for the whole.
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
    """What has been found in one response."""

    profile: Profile
    """By which standards."""

    findings: tuple[LintFinding, ...]
    """What was found, in the order of the rules."""

    def at_least(self, severity: Severity) -> tuple[LintFinding, ...]:
        """Return the findings that are as grave as *severity*, or graver."""
        return tuple(each for each in self.findings if each.severity >= severity)
