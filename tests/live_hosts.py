"""
Record the history of a fleet whose nodes are separate hosts: namespaces of the network.

The hosts: PostgreSQL, the three nodes of a Valkey cluster, two nodes that answer, two
that sign, an edge node without a key and without a database, and the clients with the
writer. On each node that answers there is a client too: it asks while that host is cut
off from all others.
"""

from __future__ import annotations

import contextlib
import math
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ocsp.store import open_store
from tests.history import faults_of
from tests.hosts import Host, Network
from tests.live_fleet import NO_ERROR, Node, SharedHistory
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer, join_cluster, new_cluster_node

__all__ = ["HostFleet", "HostNode", "new_host_fleet"]

VALIDITY = 120
"""For how many seconds answers are valid: they are signed again within the test."""

BOUND = 5.0
"""
In how many seconds a change is visible at the edge, and how long a client waits for an
answer. So long after its end, a fault can be seen.
"""

PAUSE = 0.05
"""How many seconds a client waits between two requests."""


class HostNode(Node):
    """
    An ``ocsp serve`` on a host of its own.

    Attributes:
        host: The host.
    """

    def __init__(self, host: Host, folder: Path, role: str, settings: str) -> None:
        """Write its configuration into *folder*."""
        super().__init__(folder, role, settings, address=host.address)
        self.host = host

    def launch(self) -> None:
        """Start it on its host."""
        with self.host.entered():
            super().launch()

    @property
    def inside(self) -> str:
        """The name of what a client on the host itself asks; others ask the URL."""
        return f"{self.url} on {self.host.name}"


class HostFleet(SharedHistory[HostNode]):
    """
    The fleet.

    Attributes:
        network: The hosts.

        stores: The nodes of the cluster, each with its host.

        edge: The node without a key and without a database.
    """

    validity = VALIDITY

    def __init__(
        self,
        folder: Path,
        seed: int,
        network: Network,
        database: str,
        stores: Sequence[tuple[Host, RedisServer]],
    ) -> None:
        """
        Make the files of the nodes, and the tables of the database.

        Args:
            folder: Where.

            seed: Decides what happens.

            network: The hosts.

            database: The address of an empty database.

            stores: Three running nodes of a cluster that is not made yet.
        """
        super().__init__(folder, seed)
        self.network = network
        self.address = database
        self.stores = stores
        self.store = open_store(database, create=True)
        for serial in self.serials:
            self.store.add(self.issuer, serial)
        cluster = join_cluster([server for _, server in stores])
        settings = (
            f'database = "{database}"\nvalkey = "{cluster}"\n'
            f'answers = {{ validity = "{VALIDITY}s" }}\n'
            '[[issuer]]\ncertificate = "ca.pem"\n'
            'signers = [{ certificate = "responder.pem", key = "responder.key" }]\n'
        )
        self.nodes = [self._node(f"serve-{n}", "serve", settings) for n in range(2)]
        upstream = ", ".join(f'"{each.url}"' for each in self.nodes)
        self.nodes += [self._node(f"sign-{n}", "sign", settings) for n in range(2)]
        self.edge = self._node(
            "edge",
            "edge",
            f'valkey = "{cluster}"\nupstream = [{upstream}]\n'
            '[[issuer]]\ncertificate = "ca.pem"\n',
        )
        self.nodes.append(self.edge)

    def _node(self, name: str, role: str, settings: str) -> HostNode:
        folder = self.files.folder / name
        folder.mkdir()
        names = ["ca.pem"]
        if role != "edge":
            names += ["responder.pem", "responder.key"]
        for each in names:
            shutil.copy(self.files.folder / each, folder)
        return HostNode(self.network.add(name), folder, role, settings)

    def _askers(self, clients: int) -> list[Callable[[], None]]:
        """Return what the clients do, so many for each node, and those on its host."""
        return [
            self._on(self.network.hosts["clients"], node, node.url, number)
            for node in self.nodes
            if node.answers
            for number in range(clients)
        ] + [self._on(node.host, node, node.inside, 0) for node in self.serving_nodes]

    def _on(
        self, host: Host, node: HostNode, name: str, number: int
    ) -> Callable[[], None]:
        """Return what a client on *host* does, which asks *node*."""
        ask = self._asker(node.url, number, name=name, timeout=BOUND, pause=PAUSE)

        def ask_there() -> None:
            with host.entered():
                ask()

        return ask_there

    def down(self, node: HostNode) -> AbstractContextManager[None]:
        """Permit requests to *node* to get no answer, from anywhere."""
        return self.fault(
            after=BOUND, permits=NO_ERROR, nodes={node.url, node.inside}, is_down=True
        )

    def check(self) -> None:
        """Check what each client got."""
        super().check()
        asked = {each.url for each in self.nodes if each.answers}
        asked |= {each.inside for each in self.serving_nodes}
        assert {each.node for each in self.answers} == asked

    def found(self) -> list[str]:
        """
        Return what is wrong in the history.

        The writer does not wait for the edge, and nothing is promised to its clients
        before a change is acknowledged.
        """
        whole = self.history()
        edge = [each for each in self.answers if each.node == self.edge.url]
        others = [each for each in self.answers if each.node != self.edge.url]
        return [
            *faults_of(whole._replace(answers=others), self._verify),
            *faults_of(
                whole._replace(answers=edge, lost=(), bound=BOUND, visible=math.inf),
                self._verify,
            ),
        ]


@contextlib.contextmanager
def new_host_fleet(folder: Path) -> Iterator[HostFleet]:
    """
    Yield a fleet with servers of its own; print the seed of what happens.

    Raises:
        NoNamespaces: If hosts cannot be made here.
    """
    seed = random.getrandbits(32)
    print("seed", seed)
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network())
        data = stack.enter_context(server_folder())
        stack.enter_context(network.hosts["clients"].entered())
        database = _database(network, data)
        stack.callback(database.stop)
        stores = []
        for number in range(3):
            host = network.add(f"store-{number}")
            server = new_cluster_node(folder / host.name, host.address)
            stack.callback(server.stop)
            with host.entered():
                server.start()
            stores.append((host, server))
        host = network.hosts["database"]
        url = f"postgresql://ocsp@{host.address}/{database.new_database()}"
        fleet = HostFleet(folder, seed, network, url, stores)
        stack.callback(fleet.store.close)
        yield fleet


def _database(network: Network, folder: Path) -> PostgreSQLServer:
    """Start PostgreSQL on a host of its own, for all hosts of the network."""
    host = network.add("database")
    server = PostgreSQLServer(folder / "server", {"listen_addresses": host.address})
    with (server.data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all samenet trust\n")
    with host.entered():
        server.start()
    return server
