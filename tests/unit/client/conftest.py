"""Fixtures of the tests of the client."""

from __future__ import annotations

import pytest


@pytest.fixture(name="driver", params=["threads", "tasks"])
def _driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)
