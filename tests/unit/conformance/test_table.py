"""The table of checks, and the requirements that it covers."""

from __future__ import annotations

import re

from ocsp.conformance import CHECKS
from tests.requirements import requirements
from tests.unit.conformance.checks_page import PAGE, page

NOT_VISIBLE = {
    "R6960-5": "only the operator can say that the key of a CA is compromised",
    "R6960-11": "a responder with another key can still be able to sign with RSA",
    "R9654-6": "how short a time is short enough is a decision of the operator",
}
"""Requirements that cannot be seen from outside, and why."""


def test_every_requirement_has_a_check_or_a_reason() -> None:
    """And no check names a requirement that does not exist."""
    checked = {name for check in CHECKS for name in check.requirements}
    assert checked.isdisjoint(NOT_VISIBLE)
    assert checked | set(NOT_VISIBLE) == {each.name for each in requirements()}


def test_the_ids_are_distinct_and_can_be_typed() -> None:
    """They are stable, and arguments of the command."""
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert [
        each for each in ids if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", each)
    ] == []


def test_every_check_says_what_is_required_and_where() -> None:
    """In a sentence, with a clause."""
    for check in CHECKS:
        assert re.fullmatch(r"[A-Za-z].*\.", check.sentence), check.id
        assert re.search(r"RFC \d+", check.clause) or check.clause == "–", check.id


def test_the_page_of_checks_is_current() -> None:
    """If it is not, run ``python -m tests.unit.conformance.checks_page``."""
    assert PAGE.read_text() == page()
