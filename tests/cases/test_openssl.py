"""The cases with the ``openssl`` program: only the recorded differences occur."""

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
"""Other releases have other differences."""


@cache
def _said() -> dict[str, Verdict]:
    return verdicts(CASES)


@only_recorded
def test_differences_are_the_recorded_ones() -> None:
    """Each has a reason, and no recorded difference has disappeared."""
    found = {
        each.id: each.theirs for each in openssl_harness.differences(CASES, _said())
    }
    assert found == openssl_harness.expected()
    assert all(each["reason"] for each in recorded()["differences"].values())
    assert "not recorded" not in openssl_harness.table(CASES, _said())


@only_recorded
def test_openssl_agrees_on_most() -> None:
    """It runs two thirds of the cases, never hangs, and agrees on three quarters."""
    said = _said()
    assert len(said) > len(CASES) * 2 / 3
    assert not [name for name, verdict in said.items() if verdict.result == "hangs"]
    assert len(recorded()["differences"]) < len(said) / 4


def test_cases_that_openssl_cannot_run_have_a_reason() -> None:
    """It has no option for their policy or inputs."""
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
def test_result_from_the_output_of_openssl(printed: str, result: str) -> None:
    """A status counts only if the output reports no failure."""
    assert openssl_harness._result(printed) == result
