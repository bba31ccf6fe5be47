"""Every linting rule reports a violation, and does not report a response near it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ocsp.linting import Profile, Severity, lint_response
from ocsp.linting.clauses import CLAUSES
from ocsp.linting.table import RULES
from tests.pki import NOW
from tests.unit.linting import forge
from tests.unit.linting.cases import CASES, LintCase


def _found(
    profile: Profile, changes: Mapping[str, Any], given: Mapping[str, Any]
) -> set[str]:
    around: dict[str, Any] = {"issuer": forge.authority(), **given}
    report = lint_response(forge.response(**changes), profile=profile, **around)
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize("profile", Profile)
def test_a_clean_response_has_no_findings(profile: Profile) -> None:
    """With every optional argument, in every profile."""
    report = lint_response(
        forge.response(),
        issuer=forge.authority(),
        cert=forge.subject(),
        request=forge.request(forge.SERIAL),
        at=NOW,
        profile=profile,
    )
    assert report.findings == ()
    assert report.profile is profile


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_rule_reports_the_violation(case: LintCase) -> None:
    """One deviation from the clean response."""
    assert case.rule in _found(case.profile, case.against, case.given)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_rule_does_not_report_the_nearest_right_response(case: LintCase) -> None:
    """A response that differs from the violation as little as possible."""
    assert case.rule not in _found(case.profile, case.near, case.given)


def test_every_rule_has_cases_and_a_clause() -> None:
    """No rule is left out, and no number is used twice."""
    numbers = [rule.id for rule in RULES]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) == set(CLAUSES) == {case.rule for case in CASES}
    assert numbers == sorted(numbers, key=lambda each: (each[1], int(each[1:])))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_its_number_in_the_docstring(rule: Any) -> None:
    """The function's docstring begins with the number; each rule has its own."""
    assert rule.function.__doc__.startswith(f"{rule.id}: ")
    assert [each.id for each in RULES if each.function is rule.function] == [rule.id]
    assert rule.severities
    assert rule.clause.demand.endswith(".")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_finding_has_severity_clause_and_sentence(case: LintCase) -> None:
    """As in the table; ``str`` is one line."""
    around: dict[str, Any] = {"issuer": forge.authority(), **case.given}
    report = lint_response(
        forge.response(**case.against), profile=case.profile, **around
    )
    (rule,) = [each for each in RULES if each.id == case.rule]
    found = [each for each in report.findings if each.rule == case.rule]
    for finding in found:
        assert finding.severity is rule.severities[case.profile]
        assert finding.clause == rule.clause.source
        assert finding.message
        assert str(finding).count("\n") == 0
        assert finding.rule in str(finding)
    assert set(found) <= set(report.at_least(Severity.INFO))
    assert all(
        each.severity is Severity.ERROR for each in report.at_least(Severity.ERROR)
    )
