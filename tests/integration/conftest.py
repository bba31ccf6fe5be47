"""Fixtures for tests that send requests with each transport."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.senders import Sender
from tests.unit.cli.json_schemas import validating

_documents_are_valid = pytest.fixture(autouse=True, scope="session")(validating)
"""Every JSON document that a command writes in these tests is valid by its schema."""

UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""An event loop that ends right after a refused handshake leaves the transport to the
garbage collector, which warns in whatever test runs then."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of protected TLS connections leave refused transports."""
    for item in items:
        if item.path.parent.name in {"tls_protection", "tls_recipes"}:
            item.add_marker(UNCLOSED)


@pytest.fixture(autouse=True)
def _transports_are_collected(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if UNCLOSED.mark in request.node.iter_markers():
        gc.collect()


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
