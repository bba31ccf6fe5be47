"""Fixtures for tests that send requests with each transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.senders import Sender


@pytest.fixture(name="kind", params=["threads", "asyncio", "trio"])
def _kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="sender")
def _sender(kind: str) -> Iterator[Callable[..., Sender]]:
    senders = []

    def create(**how: Any) -> Sender:
        senders.append(Sender(kind, **how))
        return senders[-1]

    yield create
    for sender in senders:
        sender.close()
