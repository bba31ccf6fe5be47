"""``docs/lint.md`` agrees with the table of rules."""

from __future__ import annotations

from ocsp.linting.table import RULES
from tests.unit.linting.lint_reference import DOCUMENT, document


def test_the_document_is_current() -> None:
    """If not: ``python -m tests.unit.linting.lint_reference`` writes it again."""
    assert DOCUMENT.read_text() == document()


def test_every_rule_is_in_the_document_once() -> None:
    """In the order of the table."""
    lines = DOCUMENT.read_text().splitlines()
    listed = [line.split(" | ")[0].removeprefix("| ") for line in lines]
    assert [each for each in listed if each[:1] == "L"] == [rule.id for rule in RULES]
