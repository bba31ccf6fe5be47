"""The table of requirements: every one has a test, and tests cite no others."""

from __future__ import annotations

from tests.requirements import Requirement, citations, cited_in, requirements, section


def test_every_requirement_has_a_test() -> None:
    """A requirement without a test is not known to be met."""
    names = {each.name for each in requirements()}
    assert names - set(citations()) == set()


def test_no_test_cites_an_unknown_requirement() -> None:
    """A mistyped name would prove nothing."""
    assert set(citations()) - {each.name for each in requirements()} == set()


def test_the_marks_are_read_from_the_source() -> None:
    """Of functions, also of those with several marks or several names."""
    source = (
        'import pytest\n@pytest.mark.requirement("A", "B")\n@pytest.mark.other("C")\n'
        '@pytest.mark.requirement("D")\ndef test_it() -> None: ...\n'
    )
    assert set(cited_in(source)) == {
        ("test_it", "A"),
        ("test_it", "B"),
        ("test_it", "D"),
    }
    assert list(cited_in("def test_it() -> None: ...")) == []


def test_the_section_has_a_row_for_each_requirement() -> None:
    """With the clause and the tests."""
    text = section()
    first = requirements()[0]
    assert isinstance(first, Requirement)
    assert text.count("\n| R") == len(requirements())
    assert f"| {first.name} | {first.sentence} | {first.clause} | `" in text
