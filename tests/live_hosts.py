"""
Record the history of a fleet whose nodes are separate hosts: namespaces of the network.

The hosts: PostgreSQL, the three nodes of a Valkey cluster, two nodes that answer, two
that sign, an edge node without a key and without a database, and the clients with the
writer. On each node that answers there is a client too: it asks while that host is cut
off from all others. What each client got is checked by itself.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import random
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from ocsp import OCSPResponseStatus
from ocsp.store import open_store
from tests.history import Change, Fault, History, Received, faults_of
from tests.hosts import Host, Network
from tests.integration.web_servers import until
from tests.live_fleet import FOLLOWING, NO_ERROR, Node, SharedHistory
from tests.live_history import FORMS, RESET, SECONDS
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer, join_cluster, new_cluster_node

__all__ = ["Client", "HostFleet", "HostNode", "new_host_fleet"]

VALIDITY = 120
"""For how many seconds answers are valid: they are signed again within the test."""

BOUND = 5.0
"""
In how many seconds a change is visible at the edge, and how long a client waits for an
answer. So long after its end, a fault can be seen.
"""

PAUSE = 0.05
"""How many seconds a client waits between two requests."""

CLIENTS = 2
"""How many clients ask each node over the network."""


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

    def start(self) -> None:
        """Start it on its host."""
        with self.host.entered():
            super().start()


class Outage(NamedTuple):
    """
    What a client of a node may find, because something that the node needs is away.

    Attributes:
        begin: When it began.

        end: When its effects had ended.

        permits: The errors that it may get.

        is_unreachable: Whether it may get no answer at all.

        is_blind: Whether the node may know nothing new, and answer from memory.
    """

    begin: float
    end: float
    permits: frozenset[OCSPResponseStatus]
    is_unreachable: bool
    is_blind: bool

    def concerns(self, request: Received | Broken) -> bool:
        """Return whether *request* was at its time."""
        return self.begin <= request.received and request.sent <= self.end


class Broken(NamedTuple):
    """
    A request without an answer.

    Attributes:
        sent: When the client sent it.

        received: When it had failed.

        reason: The exception.
    """

    sent: float
    received: float
    reason: str


class Client:
    """
    A client, and what it got.

    Attributes:
        node: Whom it asks.

        host: Where it is: on a host of its own, or on that of the node.

        answers: The answers.

        broken: The requests without an answer.

        outages: When it may find what.
    """

    def __init__(self, node: HostNode, host: Host, number: int = 0) -> None:
        self.node, self.host = node, host
        self._name = f"client {number} on {host.name} of {node.host.name}"
        self.answers: list[Received] = []
        self.broken: list[Broken] = []
        self.outages: list[Outage] = []

    @property
    def is_inside(self) -> bool:
        """Whether it is on the host that it asks."""
        return self.host is self.node.host

    def __str__(self) -> str:
        return self._name

    def histories(self, changes: Sequence[Change], bound: float) -> list[History]:
        """Return what it got while its node knew all, and while that was blind."""
        seeing: list[Received] = []
        blind: list[Received] = []
        for each in self.answers:
            is_blind = any(o.is_blind and o.concerns(each) for o in self.outages)
            (blind if is_blind else seeing).append(each)
        faults = [Fault(each.begin, each.end, each.permits) for each in self.outages]
        return [
            History(changes, answers, faults, bound=within, settling=BOUND)
            for answers, within in ((seeing, bound), (blind, float(VALIDITY)))
        ]

    def silences(self) -> list[str]:
        """Return the requests that got no answer though the node is there."""
        return [
            f"{each.sent}: {each.reason}"
            for each in self.broken
            if not any(o.is_unreachable and o.concerns(each) for o in self.outages)
        ]


class HostFleet(SharedHistory):
    """
    The fleet.

    Attributes:
        network: The hosts.

        database: The address of the database.

        stores: The nodes of the cluster, each with its host.

        nodes: Two nodes that answer, two that sign, and the edge node.

        edge: The edge node.

        clients: The clients.
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
        self.database = database
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
        self.clients = [
            Client(node, network.hosts["clients"], number)
            for node in self.nodes
            if node.serves
            for number in range(CLIENTS)
        ]
        self.clients += [Client(node, node.host) for node in self.with_role("serve")]

    def _node(self, name: str, role: str, settings: str) -> HostNode:
        folder = self.files.folder / name
        folder.mkdir()
        names = ["ca.pem"]
        if role != "edge":
            names += ["responder.pem", "responder.key"]
        for each in names:
            shutil.copy(self.files.folder / each, folder)
        return HostNode(self.network.add(name), folder, role, settings)

    def with_role(self, role: str) -> list[HostNode]:
        """Return the nodes that serve, or that sign."""
        return [each for each in self.nodes if each.host.name.startswith(role)]

    def clients_of(self, node: HostNode) -> list[Client]:
        """Return the clients that ask *node*."""
        return [each for each in self.clients if each.node is node]

    # --- the run ----------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the nodes, the writer and the clients."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.stop)
                node.start()
            self.settle()
            work = [self._write, *map(self._asking, self.clients)]
            threads = [threading.Thread(target=self._guard, args=(w,)) for w in work]
            for thread in threads:
                thread.start()
            try:
                yield
                with self.writing:
                    self.settle()
            finally:
                self._stop.set()
                for thread in threads:
                    thread.join(2 * SECONDS)

    def settle(self) -> None:
        """
        Wait until all answers are signed, and each node has all of them in memory.

        The caller keeps the writer from changing anything. The cluster may lack some: if
        the process that copies was killed, another one begins after half a minute.
        """
        until(self.is_signed, lambda: f"not all is signed: {self.missing()}")
        for node in self.nodes:
            if node.serves:
                with contextlib.closing(self._connect(node)) as connection:
                    for serial, form in itertools.product(self.serials, FORMS):
                        self.ask(connection, serial, form, post=True)

    def ask_for(self, seconds: float) -> None:
        """Let the clients ask, and get answers, for so long."""
        end = time.monotonic() + seconds
        self.wait_for_answers(200)
        self._stop.wait(max(0.0, end - time.monotonic()))

    def wait_until_followed(self) -> None:
        """Wait until each node that answers says in the database what it sees."""
        since = time.time()
        until(lambda: self._is_followed(since), lambda: "a node does not follow")

    def _is_followed(self, since: float) -> bool:
        with psycopg.connect(self.database) as connection:
            ((there,),) = connection.execute(FOLLOWING, [since]).fetchall()
        return bool(there == len(self.with_role("serve")))

    def _connect(self, node: HostNode) -> http.client.HTTPConnection:
        netloc = urllib.parse.urlsplit(node.url).netloc
        return http.client.HTTPConnection(netloc, timeout=BOUND)

    def _asking(self, client: Client) -> Callable[[], None]:
        numbers = random.Random(self.numbers.getrandbits(32))

        def ask() -> None:
            with client.host.entered():
                while not self._stop.is_set():
                    with contextlib.closing(self._connect(client.node)) as connection:
                        self._ask_some(client, connection, numbers)

        return ask

    def _ask_some(
        self,
        client: Client,
        connection: http.client.HTTPConnection,
        numbers: random.Random,
    ) -> None:
        """Ask over one connection, until an answer does not come."""
        for _ in range(numbers.randrange(1, 20)):
            self._stop.wait(PAUSE)
            serial, form = numbers.choice(self.serials), numbers.choice(list(FORMS))
            sent = time.time()
            try:
                given = self.ask(connection, serial, form, post=numbers.random() < 0.5)
            except RESET as error:
                client.broken.append(Broken(sent, time.time(), repr(error)))
                return
            client.answers.append(given)
            self.answers.append(given)

    # --- faults and proof -------------------------------------------------------------

    @contextlib.contextmanager
    def outage(
        self,
        clients: Sequence[Client],
        *,
        permits: frozenset[OCSPResponseStatus] = NO_ERROR,
        is_unreachable: bool = False,
        is_blind: bool = False,
        after: float = BOUND,
    ) -> Iterator[None]:
        """Permit *clients* to find this in the block, and *after* seconds more."""
        begin = time.time()
        open_end = Outage(begin, float("inf"), permits, is_unreachable, is_blind)
        for each in clients:
            each.outages.append(open_end)
        yield
        end = open_end._replace(end=time.time() + after)
        for each in clients:
            each.outages[each.outages.index(open_end)] = end

    def check(self) -> None:
        """Check what each client got, and that no certificate is without an answer."""
        assert not self.failures, self.failures
        assert self.changes
        found = {str(each): self._found(each) for each in self.clients}
        assert not any(found.values()), {
            name: (len(each), each[:5]) for name, each in found.items() if each
        }
        assert all(each.answers for each in self.clients)
        assert self.missing() == []

    def _found(self, client: Client) -> list[str]:
        """Return what is wrong in what a client got."""
        bound = BOUND if client.node is self.edge else 0.0
        found = client.silences()
        for each in client.histories(self.changes, bound):
            found += faults_of(each, self._verify)
        return found


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
