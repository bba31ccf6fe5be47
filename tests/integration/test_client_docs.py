"""The examples of ``docs/client.md``, run against a responder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocsp.client.transport import addresses
from tests.docs.examples import run
from tests.integration.live import CA, GOOD, living


def test_the_examples_run_and_give_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The responder is on loopback, which counts as public in this test."""
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    monkeypatch.chdir(tmp_path)
    with living() as live:
        assert run("docs/client.md", {"cert": live.leaf(GOOD), "issuer": CA}) == 7
