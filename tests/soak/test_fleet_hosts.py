"""
Every answer of a fleet of separate hosts is right, whatever fails.

Hosts lose their power, and their cables are unplugged: nothing tells the others that a
connection has ended, as something does when a process ends. Where hosts cannot be made,
``test_fleet.py`` stands in, with processes that share the loopback interface.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ocsp.sharing.nodes import LONGEST_PAUSE_SECONDS
from tests.hosts import NoNamespaces
from tests.integration.web_servers import until
from tests.live_fleet import NEVER, NO_ERROR
from tests.live_history import TRY_LATER
from tests.live_hosts import BOUND, HostFleet, HostNode, new_host_fleet

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="network namespaces are those of Linux"
    ),
]

PARTITION_SECONDS = 13.0
"""Longer than the time after which a silent node counts as ended: changes go on."""

CUT_SECONDS = 30.0
"""How long PostgreSQL is cut off."""


def _turn_off(fleet: HostFleet, node: HostNode) -> None:
    """Turn the host of a node off and on: its connections end without a word."""
    with node.host.unplugged():
        node.kill()
        fleet.wait_for_answers(200)
    node.start()


def kill_a_responder(fleet: HostFleet) -> None:
    """Kill a node that answers: only its own clients notice."""
    node = fleet.numbers.choice(fleet.serving_nodes)
    with fleet.down(node):
        _turn_off(fleet, node)


def kill_the_edge(fleet: HostFleet) -> None:
    """Kill the edge: it starts without a memory, and has all answers from the cluster."""
    with fleet.down(fleet.edge):
        _turn_off(fleet, fleet.edge)


def kill_a_signer(fleet: HostFleet) -> None:
    """Kill a signer: the other one signs, and no client notices."""
    _turn_off(fleet, fleet.numbers.choice(fleet.signing_nodes))


def kill_a_store_node(fleet: HostFleet) -> None:
    """
    Kill a node of the cluster.

    The edge has a third of the answers from memory alone until it is back, and filled
    again: it is tried again after a pause. So it is asked for each one before.
    """
    host, server = fleet.numbers.choice(fleet.stores)
    with contextlib.ExitStack() as stack:
        with fleet.writing:
            fleet.settle()
            stack.enter_context(
                fleet.fault(
                    after=LONGEST_PAUSE_SECONDS + BOUND, permits=NO_ERROR,
                    nodes={fleet.edge.url}, hides=NEVER,
                )
            )  # fmt: skip
        with host.unplugged():
            server.stop()
            fleet.wait_for_answers(200)
        with host.entered():
            server.start()


def partition_a_responder(fleet: HostFleet) -> None:
    """
    Unplug a node that answers, for so long that the writer does not wait for it.

    A client on its side gets what the node knew, and *tryLater* only about what was
    changed since.
    """
    node = fleet.numbers.choice(fleet.serving_nodes)
    with contextlib.ExitStack() as stack:
        with fleet.writing:
            fleet.settle()
            for name, is_down in ((node.inside, False), (node.url, True)):
                stack.enter_context(
                    fleet.fault(
                        after=BOUND, permits=TRY_LATER, nodes={name}, within=NEVER,
                        is_down=is_down, hides=NEVER,
                    )
                )  # fmt: skip
            stack.callback(fleet.wait_until_followed)
            stack.enter_context(node.host.unplugged())
            changes = len(fleet.changes)
        fleet.work_for(PARTITION_SECONDS)
        until(lambda: len(fleet.changes) > changes + 2, lambda: "nothing was changed")


def cut_the_database_off(fleet: HostFleet) -> None:
    """
    Unplug PostgreSQL for half a minute: no client of any node notices.

    All nodes have copies of all answers, because nothing was changed just before; and
    nothing new is known to some of them only, until all are connected again.
    """
    with fleet.writing:
        fleet.settle()
        with fleet.network.hosts["database"].unplugged():
            fleet.work_for(CUT_SECONDS)
        fleet.work_for(BOUND)
        fleet.wait_until_followed()


FAULTS: tuple[Callable[[HostFleet], None], ...] = (
    kill_a_responder, kill_the_edge, kill_a_signer, kill_a_store_node,
    partition_a_responder, cut_the_database_off,
)  # fmt: skip


def test_no_answer_of_separate_hosts_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of each fault, in random order, while statuses change."""
    try:
        _run(tmp_path)
    except NoNamespaces as reason:
        pytest.skip(f"{reason}: test_fleet.py runs the fleet as processes of one host")
    with capsys.disabled():
        print("the hosts of the fleet were network namespaces")


def _run(folder: Path) -> None:
    with new_host_fleet(folder) as fleet:
        faults = list(FAULTS)
        fleet.numbers.shuffle(faults)
        with fleet.running():
            for fault in faults:
                begun = time.time()
                fault(fleet)
                fleet.wait_for_answers(200)
                print(f"{fault.__name__}: {begun:.1f} to {time.time():.1f}")
        fleet.check()
