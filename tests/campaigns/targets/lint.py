"""``lint_response``: it reports on every input, and raises no error."""

from __future__ import annotations

from ocsp.linting import LintReport, Profile, lint_response
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.responses import ask
from tests.campaigns.targets.verify import load

__all__ = ["run"]

BUDGET = 100_000


def run(dice: Dice) -> str:
    """Lint one response, and return how much is wrong with it."""
    asked = ask(dice)
    issuer = load(asked.issuer) if dice.chance(0.8) else None
    cert = load(asked.cert) if dice.chance(0.8) else None
    at = asked.at if dice.chance(0.8) else None
    profile = dice.choice(list(Profile))
    report = call(
        lambda: lint_response(
            asked.response, issuer=issuer, cert=cert, at=at, profile=profile
        ),
        budget=BUDGET,
    )
    if not isinstance(report, LintReport):
        raise Violation(f"no report: {report!r}\n  {asked.response.hex()}")
    shown = call(
        lambda: repr(report) + "".join(map(str, report.findings)), budget=BUDGET
    )
    if not isinstance(shown, str):
        raise Violation(f"the report cannot be shown: {shown!r}")
    return "findings" if report.findings else "clean"
