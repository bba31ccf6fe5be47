"""
Probe and examine responders of other projects: that this ends, and reports everything.

What it reports about them is not tested: it depends on their release.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.conformance import CHECKS, ConformanceSettings, examine
from ocsp.probing import ProbeSettings, probe
from tests.integration.live import CA, GOOD, Live
from tests.integration.peers import cfssl_responder, openssl_responder

SECONDS = 2.0
"""Time limit for one request, so that the tests end where a peer does not answer."""


@pytest.fixture(name="url", params=["openssl", "cfssl"])
def _url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "openssl":
        with openssl_responder(tmp_path) as url:
            yield url
    else:
        with cfssl_responder(tmp_path, Live("http://unused.test")) as url:
            yield url


@pytest.mark.programs
def test_a_probe_of_a_peer_ends(url: str) -> None:
    """With an answer for each question."""
    leaf = Live(url).leaf(GOOD)
    report = probe(url, leaf, CA, ProbeSettings(timeout=SECONDS))
    assert len(report.answers) == 8
    assert any(each.evidence is not None for each in report.answers)


@pytest.mark.programs
def test_an_examination_of_a_peer_ends(url: str) -> None:
    """With an outcome for each check."""
    settings = ConformanceSettings(timeout=SECONDS, pause=0.0)
    report = examine(url, Live(url).leaf(GOOD), CA, settings)
    assert [each.check for each in report.results] == [*CHECKS]
    assert all(each.seen for each in report.results)
