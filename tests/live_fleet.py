"""
Record the history of a fleet: nodes that share PostgreSQL and Valkey, and what fails.

Each node is an ``ocsp serve`` of its own, with a link to the database that can be cut.
The writer and the clients are those of :mod:`tests.live_history`.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from ocsp import OCSPResponseStatus
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store import Store, open_store
from tests.history import History, faults_at_end, faults_of
from tests.integration.services import PROGRAM, Service, running
from tests.integration.web_servers import free_port, until
from tests.live_history import SECONDS, TRY_LATER, LiveHistory
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

__all__ = ["FAULTS", "Fleet", "Link", "Node", "SharedHistory", "new_fleet"]

VALIDITY = 600
CUT_SECONDS = 3.0
"""How long the network of a node is cut. It is less than the time after which a silent
node counts as ended, so the writer waits for all nodes."""

_SOCKET = ".s.PGSQL.5432"

FOLLOWING = "SELECT count(*) FROM node WHERE at > clock_timestamp() - interval '2 s'"
"""A process that follows the changes writes its row each second."""


class Link:
    """A way to the database for one node: a socket whose connections can be cut."""

    def __init__(self, folder: Path, server: Path) -> None:
        """Listen in *folder*, for the server whose socket is in the folder *server*."""
        self.lead_to(server)
        self.folder = folder
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._is_cut = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, server: Path) -> None:
        """Lead new connections to another server, as its address does."""
        self._server = server / _SOCKET

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(client)  # also while the link is cut: it hangs
                if not self._is_cut:
                    self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._server))
        except OSError:  # the server is away
            server.close()
            client.close()
            return
        self._open.append(server)
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (data := one.recv(65536)) and not self._is_cut:
                other.sendall(data)
        if not self._is_cut:
            _end(one, other)

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing through, as if the network were gone; then close what hangs."""
        self._is_cut = True
        try:
            yield
        finally:
            with self._lock:
                _end(*self._open)
                self._open.clear()
                self._is_cut = False

    def close(self) -> None:
        """Listen no longer, and close all connections."""
        _end(self._listener)
        with self._lock:
            _end(*self._open)


def _end(*sockets: socket.socket) -> None:
    """Close *sockets*; the threads that wait for them go on."""
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


class Node:
    """
    One ``ocsp serve``.

    Attributes:
        url: Where it answers; the same after a restart.

        service: The running program, or ``None``.
    """

    def __init__(
        self, folder: Path, role: str, settings: str, *, address: str = "127.0.0.1"
    ) -> None:
        """Write the configuration of a node with *role*, which listens at *address*."""
        port = free_port()
        self.url = f"http://{address}:{port}/"
        self.serves = role != "sign"
        self.service: Service | None = None
        self._folder = folder
        self._stack = contextlib.ExitStack()
        (folder / "ocsp.toml").write_text(
            f'role = "{role}"\nlisten = ["{address}:{port}"]\n{settings}'
        )

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        self.service = self._stack.enter_context(running(command, self._folder))
        self.service.wait_for("the responder is ready" if self.serves else "is ready")

    def kill(self) -> None:
        """Kill all its processes at once, as a power failure does."""
        service, self.service = self.service, None
        assert service is not None
        for process in (service.process.pid, *service.children().values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        service.process.wait(SECONDS)
        self._stack.close()

    def workers(self) -> int:
        """Return how many processes answer."""
        assert self.service is not None
        return sum(each.startswith("worker") for each in self.service.children())

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._stack.close()
        self.service = None


class LinkedNode(Node):
    """
    A node whose way to the database can be cut.

    Attributes:
        link: The way.
    """

    def __init__(self, folder: Path, role: str, link: Link, settings: str) -> None:
        """Write the configuration of a node with *role*."""
        super().__init__(folder, role, settings)
        self.link = link


class SharedHistory(LiveHistory):
    """
    The history of nodes that share a database, and their writer.

    Attributes:
        store: The writer's way to the database.

        validity: For how many seconds answers are valid.
    """

    store: Store
    validity = VALIDITY

    def _write(self) -> None:
        while not self._stop.is_set():
            with self.writing:
                self.change(self.store)
            time.sleep(0.01)

    def missing(self) -> list[str]:
        """Return which certificates have no fresh answer in the database."""
        key = IssuerKey.of(self.issuer)
        return faults_at_end(
            self.store,  # type: ignore[arg-type]
            [StatusQuery(key, serial) for serial in self.serials],
            (CertIDForm.SHA1, CertIDForm.SHA256),
            int(time.time()),
            self.validity,
        )

    def is_signed(self) -> bool:
        """Tell whether every certificate has a fresh answer, of its present status."""
        return not self.missing() and self.store.count_open_changes() == 0


class Fleet(SharedHistory):
    """Two nodes that answer and two that sign, their writer and their clients."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        database: PostgreSQLServer,
        valkey: RedisServer,
        *,
        standby: PostgreSQLServer,
        cut_seconds: float,
    ) -> None:
        """
        Make the files of the nodes, and the tables of the database.

        Args:
            folder: Where.

            seed: Decides what happens.

            database: A running server.

            valkey: A running server.

            standby: A synchronous standby of it, for a fail-over.

            cut_seconds: How long a node is cut off from the database.
        """
        super().__init__(folder, seed)
        self.database, self.valkey = database, valkey
        self.standby: PostgreSQLServer | None = standby
        self.cut_seconds = cut_seconds
        self._name = database.new_database()
        self._way = self._new_link("writer")
        self.store = open_store(self._url(self._way), create=True)
        for serial in self.serials:
            self.store.add(self.issuer, serial)
        roles = ("serve", "serve", "sign", "sign")
        self.nodes = [self._node(number, role) for number, role in enumerate(roles)]

    def _node(self, number: int, role: str) -> LinkedNode:
        link = self._new_link(f"node-{number}")
        for name in ("ca.pem", "responder.pem", "responder.key"):
            shutil.copy(self.files.folder / name, link.folder)
        settings = (
            f'database = "{self._url(link)}"\n'
            f'valkey = "{self.valkey.url}"\n'
            f'answers = {{ validity = "{VALIDITY}s" }}\n'
            '[[issuer]]\ncertificate = "ca.pem"\n'
            'signers = [{ certificate = "responder.pem", key = "responder.key" }]\n'
        )
        return LinkedNode(link.folder, role, link, settings)

    def _new_link(self, name: str) -> Link:
        folder = self.files.folder / name
        folder.mkdir()
        return Link(folder, self.database.folder)

    def _url(self, link: Link) -> str:
        return f"postgresql://ocsp@/{self._name}?host={link.folder}"

    def use(self, database: PostgreSQLServer) -> None:
        """Lead the writer and all nodes to another server."""
        self.database = database
        for link in (self._way, *(each.link for each in self.nodes)):
            link.lead_to(database.folder)

    @property
    def serving_nodes(self) -> list[LinkedNode]:
        """Return the nodes that answer."""
        return [each for each in self.nodes if each.serves]

    @contextlib.contextmanager
    def running(self, *, clients: int = 2) -> Iterator[None]:
        """Run the fleet, *clients* for each node, and the writer."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.link.close)
                stack.callback(node.stop)
                node.start()
            until(self.is_signed, lambda: "not all answers were signed")
            work: list[Callable[[], None]] = [self._write]
            for node in self.serving_nodes:
                work += [self._asker(node.url, number) for number in range(clients)]
            threads = [threading.Thread(target=self._guard, args=(w,)) for w in work]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._stop.set()
                for thread in threads:
                    thread.join(2 * SECONDS)
                if not self.failures:
                    until(self.is_signed, lambda: "not all answers were signed")

    def close(self) -> None:
        """Close the writer's way to the database."""
        self.store.close()
        self._way.close()

    def follows(self) -> bool:
        """Tell whether each process that answers says in the database what it saw."""
        with psycopg.connect(self.database.url(self._name)) as connection:
            (there,) = connection.execute(FOLLOWING).fetchall()[0]
        return bool(there == sum(each.workers() for each in self.serving_nodes))

    def check(self, *, bound: float = 0.0) -> None:
        """
        Check the history.

        Nodes may differ about a change that is not acknowledged yet, because one of
        them cannot ask the database.

        Args:
            bound: Within how many seconds a change is visible at a node that is cut off
                for so long that the writer does not wait for it.
        """
        assert not self.failures, self.failures
        history = History(
            self.changes[:], self.answers, self.faults[:],
            bound=bound, settling=self.cut_seconds + 2,
        )  # fmt: skip
        found = faults_of(history, self._verify)
        assert not found, (len(found), found[:5])
        assert self.changes
        assert self.missing() == []


@contextlib.contextmanager
def new_fleet(folder: Path, *, cut_seconds: float = CUT_SECONDS) -> Iterator[Fleet]:
    """
    Yield a fleet with servers of its own, and print the seed of what happens.

    Args:
        folder: Where its files go.

        cut_seconds: How long a node is cut off from the database.
    """
    seed = random.getrandbits(32)
    print("seed", seed)
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(server_folder())
        valkey = stack.enter_context(RedisServer(folder / "valkey"))
        primary = PostgreSQLServer(data / "server")
        primary.start()
        stack.callback(primary.stop)
        standby = _synchronous(primary, data / "standby")
        stack.callback(standby.stop)
        fleet = Fleet(
            folder, seed, primary, valkey, standby=standby, cut_seconds=cut_seconds
        )
        yield stack.enter_context(contextlib.closing(fleet))


def _synchronous(primary: PostgreSQLServer, folder: Path) -> PostgreSQLServer:
    """Start a standby that has each change before the primary acknowledges it."""
    standby = primary.standby(folder)
    primary.execute(
        "postgres",
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    )
    return standby


Fault = Callable[[Fleet], None]
NO_ERROR: frozenset[OCSPResponseStatus] = frozenset()


def kill_a_responder(fleet: Fleet) -> None:
    """Kill a node; the other one goes on."""
    node = fleet.numbers.choice(fleet.serving_nodes)
    with fleet.fault(permits=NO_ERROR):
        node.kill()
        fleet.wait_for_answers(50)
        node.start()


def kill_a_signer(fleet: Fleet) -> None:
    """Kill a signer; the other one signs its rows when its connections end."""
    node = fleet.numbers.choice([each for each in fleet.nodes if not each.serves])
    node.kill()
    fleet.wait_for_answers(50)
    node.start()


def stop_valkey(fleet: Fleet) -> None:
    """Stop Valkey; the database has the same answers."""
    fleet.valkey.stop()
    fleet.wait_for_answers(50)
    fleet.valkey.start()


def pause_valkey(fleet: Fleet) -> None:
    """Let Valkey hang, which costs no client an answer."""
    fleet.valkey.pause()
    fleet.wait_for_answers(50)
    fleet.valkey.resume()


def cut_a_node_off(fleet: Fleet) -> None:
    """
    Cut a node off: it answers from memory and from Valkey.

    It has found the database again when this ends: a fault of Valkey before that would
    leave it with its memory alone, which is as old as the cut.
    """
    node = fleet.numbers.choice(fleet.serving_nodes)
    with fleet.fault(permits=TRY_LATER, after=1.5):
        with node.link.cut():
            end = time.monotonic() + fleet.cut_seconds
            fleet.wait_for_answers(50)
            time.sleep(max(0.0, end - time.monotonic()))
        until(fleet.follows, lambda: "a node does not find the database again")


def crash_the_database(fleet: Fleet) -> None:
    """Crash the database; it has every acknowledged change when it starts again."""
    with fleet.writing, fleet.fault(permits=TRY_LATER, after=1.5):
        fleet.database.stop(signal.SIGQUIT)
        fleet.wait_for_answers(50)
        fleet.database.start()
        until(lambda: _answers(fleet.store), lambda: "the database does not answer")


def fail_over(fleet: Fleet) -> None:
    """
    Crash the primary server, and promote the standby.

    The standby is synchronous: it has every acknowledged change.
    """
    standby, fleet.standby = fleet.standby, None
    if standby is None:
        return  # it is the primary server by now
    with fleet.writing, fleet.fault(permits=TRY_LATER, after=1.5):
        fleet.database.stop(signal.SIGQUIT)
        fleet.wait_for_answers(50)
        standby.promote()
        fleet.use(standby)
        until(lambda: _answers(fleet.store), lambda: "the standby does not answer")


def restart_all(fleet: Fleet) -> None:
    """Restart all nodes, in any order."""
    nodes = fleet.nodes[:]
    fleet.numbers.shuffle(nodes)
    with fleet.fault(permits=TRY_LATER):
        for node in nodes:
            node.stop()
        for node in nodes:
            node.start()


def _answers(store: Store) -> bool:
    with contextlib.suppress(Exception):
        store.issuers()
        return True
    return False


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        kill_a_responder, kill_a_signer, stop_valkey, pause_valkey, cut_a_node_off,
        crash_the_database, fail_over, restart_all,
    )
}  # fmt: skip
"""What can fail, by name."""
