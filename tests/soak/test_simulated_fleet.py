"""The simulated fleet beside three real nodes: they agree as docs/scaling.md says."""

from __future__ import annotations

import os
import shutil

import pytest

pytest.importorskip("simpy", reason="needs the dependency group bench")

from bench.fleet.measured import compare

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        shutil.which("wrk") is None, reason="wrk is not installed: tools/setup.sh bench"
    ),
]


@pytest.mark.parametrize("files", [False, True], ids=["postgresql", "sqlite"])
def test_the_simulation_agrees_with_real_nodes(files: bool) -> None:
    """In the shares of requests, and when a node is killed; in CPU time if it is calm."""
    calm = os.getloadavg()[0] < (os.cpu_count() or 1)
    found = list(compare(20_000, 5.0, files=files))
    assert len(found) == 10
    compared = [each for each in found if each.is_share or calm]
    assert [each for each in compared if not each.agrees] == []
