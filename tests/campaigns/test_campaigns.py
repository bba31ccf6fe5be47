"""A short campaign against every entrance, and proof that it sees a fault."""

from __future__ import annotations

from collections import defaultdict

from tests.campaigns.campaign import Tally, plan
from tests.campaigns.processes import run_chunks
from tests.campaigns.targets import TARGETS

CASES = 5_000
SEED = 1


def test_no_case_fails() -> None:
    """5,000 cases with a fixed seed, shared among the targets, in two processes."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    run_chunks(
        plan(CASES, SEED, 50, list(TARGETS)),
        2,
        lambda target, _, tally: tallies[target].add(tally),
    )
    failures = [text for tally in tallies.values() for text in tally.failures]
    assert failures == []
    assert tallies.keys() == TARGETS.keys()
    # The cases must reach the code behind the first checks.
    assert tallies["verify"].results["good"] > tallies["verify"].results.total() // 12
