"""A thousand revocations a second: a node drops each within a second of its commit."""

from __future__ import annotations

import pytest

pytest.importorskip("psycopg", reason="needs the extra postgresql")

from bench.postgresql.serving import REVOCATIONS, Node, running
from ocsp.server.runner import run_loop
from tests.servers.pgbouncer import pooling

pytestmark = pytest.mark.programs

BOUND = 1.0
"""Seconds within which 99 of 100 are dropped; a quiet machine needs 0.05."""


def test_a_node_drops_what_is_revoked_within_a_second() -> None:
    """With notifications, and behind a pooler, where there are only polls."""
    with running() as server:
        node = Node(server)
        first, second = node.serials[:REVOCATIONS], node.serials[-REVOCATIONS:]
        notified = run_loop(node.follow(node.url, first))
        with pooling(server, node.database) as pooler:
            polled = run_loop(node.follow(pooler, second))
        node.store.close()
    assert min(notified.rate, polled.rate) > 900
    assert max(notified.p99, polled.p99) < BOUND
