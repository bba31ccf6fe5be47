"""The same cases with the ``openssl`` program: the differences are the known ones."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.cases import openssl_harness
from tests.cases.document import DOCUMENT
from tests.cases.openssl_harness import Verdict, recorded, release, verdicts, why_not

CASES: list[dict[str, Any]] = json.loads(DOCUMENT.read_text())["cases"]

only_recorded = pytest.mark.skipif(
    release() not in recorded()["releases"],
    reason=f"the differences were recorded with openssl {recorded()['releases']}",
)
"""Other releases differ elsewhere, which says nothing about this package."""


@cache
def _said() -> dict[str, Verdict]:
    return verdicts(CASES)


@only_recorded
def test_openssl_judges_otherwise_only_where_that_is_known() -> None:
    """Every difference is recorded, with a reason; and none is recorded that is gone."""
    found = {
        each.id: each.theirs for each in openssl_harness.differences(CASES, _said())
    }
    assert found == openssl_harness.expected()
    assert all(each["reason"] for each in recorded()["differences"].values())
    assert "not known yet" not in openssl_harness.table(CASES, _said())


@only_recorded
def test_openssl_agrees_on_most() -> None:
    """It is asked two thirds of the cases, never hangs, and agrees on three quarters."""
    said = _said()
    assert len(said) > len(CASES) * 2 / 3
    assert not [name for name, verdict in said.items() if verdict.result == "hangs"]
    assert len(recorded()["differences"]) < len(said) / 4


def test_what_openssl_is_not_asked_has_a_reason() -> None:
    """Settings and inputs that it has no option for."""
    reasons = {why_not(case) for case in CASES if why_not(case)}
    assert len(reasons) >= 5
    assert all(reason.startswith("the program ") for reason in reasons)


@pytest.mark.parametrize(
    ("printed", "result"),
    [
        ("x.pem: good\nResponse verify OK\n", "good"),
        ("x.pem: good\nx.pem: revoked\nResponse verify OK\n", "revoked"),
        ("x.pem: unknown\nResponse verify OK\n", "unknown"),
        ("x.pem: good\n", "not-verified"),
        ("x.pem: good\nResponse Verify Failure\n", "not-verified"),
        (
            "x.pem: WARNING: Status times invalid.\ngood\nResponse verify OK",
            "not-verified",
        ),
        ("x.pem: ERROR: No Status found.\nResponse verify OK\n", "not-verified"),
        ("Responder Error: trylater (3)\n", "not-verified"),
    ],
)
def test_what_it_prints_is_read_as_a_careful_script_would(
    printed: str, result: str
) -> None:
    """A status counts only where nothing speaks against it."""
    assert openssl_harness._result(printed) == result
