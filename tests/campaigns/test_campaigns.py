"""A short campaign against every entrance: 5,000 cases with a fixed seed."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.campaigns.campaign import Tally, plan
from tests.campaigns.processes import run_chunks
from tests.campaigns.targets import TARGETS

CASES = 5_000
SEED = 1
REACHED = {
    "verify": ("good", "revoked", "unknown"),
    "verify_crl": ("good", "revoked"),
    "verify_staple": ("good", "revoked", "unknown", "no staple"),
    "verify_chain": ("1 verified", "2 verified"),
    "lint": ("clean",),
    "client": ("good", "revoked"),
    "cache_file": ("good from cache",),
    "stapler": ("written",),
    "command_line": ("inspect 0", "lint 0", "verify 3"),
}
"""Results that show that cases get behind the first checks."""


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """Run the campaign in two processes: a case that ends one of them fails too."""
    found: dict[str, Tally] = defaultdict(Tally)
    run_chunks(
        plan(CASES, SEED, 100, list(TARGETS)),
        2,
        lambda target, _count, tally: found[target].add(tally),
    )
    return found


@pytest.mark.parametrize("target", TARGETS)
def test_no_case_fails(target: str, tallies: dict[str, Tally]) -> None:
    """And some cases get behind the first checks."""
    tally = tallies[target]
    assert tally.failures == []
    assert tally.results.total() == CASES * TARGETS[target].share // 100
    assert set(REACHED[target]) <= tally.results.keys()


def test_the_shares_are_of_a_hundred() -> None:
    """So the short campaign has as many cases as it says."""
    assert sum(target.share for target in TARGETS.values()) == 100
