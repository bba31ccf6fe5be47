"""A token that hangs, and works again: what the checks of readiness say, in a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.softhsm import softhsm
from tests.integration.token_scene import serving_from_token, until

pytestmark = pytest.mark.programs

NOTICED = 60.0
"""Seconds within which a check notices it: it tests a signer each half a minute."""


def test_readiness_says_that_a_token_hangs(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """It names the signer, and is well again when the token is."""
    token = softhsm(tmp_path_factory).token()
    with serving_from_token(token, tmp_path) as scene:
        until(lambda: scene.ready() == (200, {}))
        for _ in range(2):
            with scene.remote.frozen():
                until(lambda: scene.ready()[0] == 503, NOTICED)
                _, problems = scene.ready()
                assert list(problems) == ["signer responder"]
                assert "no signature within 2 s" in problems["signer responder"]
            until(lambda: scene.ready() == (200, {}), NOTICED)
