"""
Record the history of a fleet: nodes that share PostgreSQL and Valkey, and what fails.

Each node is an ``ocsp serve`` of its own, with links to the database and to Valkey that
can be cut. The writer and the clients are those of :mod:`tests.live_history`.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import math
import os
import random
import shutil
import signal
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, Self, TypeVar

import psycopg

from ocsp import OCSPError, OCSPResponseStatus
from ocsp.responder import IssuerKey, StatusQuery
from ocsp.store import Store, open_store
from tests.history import GOOD, History, Status, faults_at_end, faults_of
from tests.integration.services import PROGRAM, Service, running
from tests.integration.web_servers import free_port, until
from tests.live_history import (
    FORMS,
    HOLD,
    LOG_LINES,
    SECONDS,
    TRY_LATER,
    LiveHistory,
)
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

__all__ = [
    "FAULTS", "NEVER", "NO_ERROR", "Fleet", "Link", "LinkedNode", "Node", "SharedHistory",
    "new_fleet",
]  # fmt: skip

VALIDITY = 60
"""Seconds for which an answer is valid: in a short run each is signed again."""

CUT_SECONDS = 2.5
"""How long the network of a node is cut."""

VISIBLE_SECONDS = 2.0
"""Within how many seconds after its commit a change is visible. Without news for one
second a node asks the database for each answer. The other second is for a look-up that
takes longer on a busy machine: then the connection ends, and memory is used meanwhile."""

COPIED_SECONDS = 5.0
"""Within how many seconds the answer of a new status is signed and in Valkey: within one,
and a busy machine takes longer."""

SETTLING_SECONDS = 5.0
"""For how long nodes may differ in the octets of what each has signed."""

NEVER = math.inf
"""A node learns nothing while it can reach neither the database nor Valkey."""

_SOCKET = ".s.PGSQL.5432"

_FOLLOWING = "SELECT process FROM node WHERE at > to_timestamp(%s)"
"""A process that follows the changes writes its row each second."""


_Address = str | tuple[str, int]
"""A path of a socket, or a host and a port."""


_CUT_STANDBY = "SELECT pg_terminate_backend(pid) FROM pg_stat_replication"
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class Link:
    """A way to a server for one node: a socket whose connections can be cut."""

    def __init__(self, listener: socket.socket, server: _Address) -> None:
        """Lead the connections of *listener* to *server*, of the same family."""
        self.lead_to(server)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._is_cut = False
        self._listener = listener
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @classmethod
    def to_database(cls, folder: Path, server: PostgreSQLServer) -> Self:
        """Listen in *folder*, as the server itself does in its own."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / _SOCKET))
        return cls(listener, str(server.folder / _SOCKET))

    @classmethod
    def to_valkey(cls, server: RedisServer) -> Self:
        """Listen on a port of 127.0.0.1."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        return cls(listener, ("127.0.0.1", server.port))

    @property
    def port(self) -> int:
        """Return where it listens, if that is a port."""
        return int(self._listener.getsockname()[1])

    def lead_to(self, server: _Address) -> None:
        """Lead new connections to another server, as its address does."""
        self._server = server

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
        server = socket.socket(self._listener.family)
        try:
            server.connect(self._server)
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

        role: What it does.

        service: The running program, or ``None``.
    """

    def __init__(
        self, folder: Path, role: str, settings: str, *, address: str = "127.0.0.1"
    ) -> None:
        """Write the configuration of a node with *role*, which listens at *address*."""
        port = free_port()
        self.url = f"http://{address}:{port}/"
        self.role = role
        self.service: Service | None = None
        self._folder = folder
        self._stack = contextlib.ExitStack()
        (folder / "ocsp.toml").write_text(
            f'role = "{role}"\nlisten = ["{address}:{port}"]\n{settings}'
        )

    def launch(self) -> None:
        """Start it."""
        self.service = self._stack.enter_context(self._running())

    @contextlib.contextmanager
    def _running(self) -> Iterator[Service]:
        """Run it, and print the end of its log, which a failed test shows."""
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        with running(command, self._folder) as service:
            yield service
        print(f"the log of {self.url}:\n", *service.rest()[-LOG_LINES:], sep="")

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it is ready."""
        assert self.service is not None
        self.service.wait_for("the responder is ready" if self.answers else "is ready")

    @property
    def answers(self) -> bool:
        """Whether clients ask it."""
        return self.role != "sign"

    def kill(self) -> None:
        """Kill all its processes at once, as a power failure does."""
        service, self.service = self.service, None
        assert service is not None
        for process in (service.process.pid, *service.children().values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        service.process.wait(SECONDS)
        self._stack.close()

    def workers(self) -> set[int]:
        """Return the processes that answer."""
        assert self.service is not None
        children = self.service.children().items()
        return {pid for name, pid in children if name.startswith("worker")}

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._stack.close()
        self.service = None

    def close(self) -> None:
        """Stop it for good."""
        self.stop()


class LinkedNode(Node):
    """
    A node whose ways to the database and to Valkey can be cut.

    Attributes:
        link: The way to the database.

        valkey: The way to Valkey.
    """

    def __init__(
        self, folder: Path, role: str, link: Link, valkey: Link, settings: str
    ) -> None:
        """Write the configuration of a node with *role*."""
        super().__init__(folder, role, settings)
        self.link, self.valkey = link, valkey

    @contextlib.contextmanager
    def partitioned(self) -> Iterator[None]:
        """Let it reach neither the database nor Valkey."""
        with self.link.cut(), self.valkey.cut():
            yield

    def close(self) -> None:
        """Stop it, and close its links."""
        super().close()
        self.link.close()
        self.valkey.close()


AnyNode = TypeVar("AnyNode", bound=Node)


class SharedHistory(LiveHistory, Generic[AnyNode]):
    """
    The history of nodes that share a database and Valkey, and their writer.

    Attributes:
        nodes: The nodes.

        store: The writer's way to the database.

        address: The address of the database itself.

        validity: For how many seconds answers are valid.
    """

    nodes: list[AnyNode]
    store: Store
    address: str
    validity: int

    @property
    def serving_nodes(self) -> list[AnyNode]:
        """Return the nodes that answer from the database."""
        return [each for each in self.nodes if each.role == "serve"]

    @property
    def signing_nodes(self) -> list[AnyNode]:
        """Return the nodes that sign only."""
        return [each for each in self.nodes if each.role == "sign"]

    @contextlib.contextmanager
    def running(self, *, clients: int = 2) -> Iterator[None]:
        """Run the fleet, *clients* for each node, and the writer."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.close)
                node.launch()
            for node in self.nodes:
                node.wait()
            until(self.is_signed, lambda: "not all answers were signed")
            work = [self._write, *self._askers(clients)]
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

    def _askers(self, clients: int) -> list[Callable[[], None]]:
        """Return what the clients do, so many for each node."""
        return [
            self._asker(node.url, number)
            for node in self.nodes
            if node.answers
            for number in range(clients)
        ]

    def _write(self) -> None:
        while not self._stop.is_set():
            with self.writing:
                self.change(self.store)
            time.sleep(0.01)

    def missing(self) -> list[str]:
        """Return which certificates have no fresh answer in the database."""
        return faults_at_end(
            self.store,  # type: ignore[arg-type]
            self._queries(),
            FORMS,
            int(time.time()),
            self.validity,
        )

    def forget_what_is_lost(self) -> None:
        """Expect no answer about certificates that a fail-over has lost."""
        key = IssuerKey.of(self.issuer)
        with self.writing:
            self.serials[:] = [
                each for each in self.serials if self.store.find(key, each) is not None
            ]

    def _queries(self) -> list[StatusQuery]:
        key = IssuerKey.of(self.issuer)
        return [StatusQuery(key, serial) for serial in self.serials]

    def settle(self) -> None:
        """
        Wait until all answers are signed, and each node has all of them in memory.

        The caller keeps the writer from changing anything. Valkey may lack some: if the
        process that copies was killed, another one begins after half a minute.
        """
        # All nodes acknowledge this change, and so those before it: none drops an answer
        # after it was asked for.
        self.revoke(self.store, self.numbers.choice(self._good()), HOLD)
        until(self.is_signed, lambda: "not all answers were signed")
        for node in self.nodes:
            if not node.answers:
                continue
            netloc = urllib.parse.urlsplit(node.url).netloc
            connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
            with contextlib.closing(connection):
                for serial, form in itertools.product(self.serials, FORMS):
                    answer = self.ask(connection, serial, form, post=True)
                    self.answers.append(answer._replace(node=node.url))

    def work_for(self, seconds: float) -> None:
        """Let the clients ask, and the writer work, for so long."""
        end = time.monotonic() + seconds
        self.wait_for_answers(50)
        time.sleep(max(0.0, end - time.monotonic()))

    def wait_until_followed(self) -> None:
        """Wait until each process that answers says in the database what it sees."""
        since = time.time()
        until(
            lambda: self._workers() <= self._following(since),
            lambda: (
                f"processes that follow since {since}: {self._following(since)};"
                f" that answer: {self._workers()}"
            ),
        )

    def _following(self, since: float) -> set[int]:
        """Return the processes that have said since then what they see."""
        with psycopg.connect(self.address) as connection:
            return {each for (each,) in connection.execute(_FOLLOWING, [since])}

    def _workers(self) -> set[int]:
        """Return the processes that answer."""
        return {pid for node in self.serving_nodes for pid in node.workers()}

    def is_signed(self) -> bool:
        """Tell whether every certificate has a fresh answer, of its present status."""
        return not self.missing() and self.store.count_open_changes() == 0

    def check(self) -> None:
        """Check the history."""
        assert not self.failures, self.failures
        found = self.found()
        assert not found, (len(found), found[:5])
        assert self.changes

    def found(self) -> list[str]:
        """Return what is wrong in the history."""
        return faults_of(self.history(), self._verify)

    def history(self) -> History:
        """Return what happened, and by when a node that is not cut off knows a change."""
        return History(
            self.changes[:], self.answers, self.faults[:],
            visible=VISIBLE_SECONDS, settling=SETTLING_SECONDS, lost=self.lost,
        )  # fmt: skip


class Fleet(SharedHistory[LinkedNode]):
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
        validity: int,
    ) -> None:
        """
        Make the files of the nodes, and the tables of the database.

        Args:
            folder: Where.

            seed: Decides what happens.

            database: A running server.

            valkey: A running server.

            standby: A standby of the database, for a fail-over.

            cut_seconds: How long a node is cut off.

            validity: For how many seconds answers are valid.
        """
        super().__init__(folder, seed)
        self.database, self.valkey = database, valkey
        self.standby: PostgreSQLServer | None = standby
        self.cut_seconds, self.validity = cut_seconds, validity
        self._name = database.new_database()
        self.address = database.url(self._name)
        self._way = Link.to_database(self._new_folder("writer"), database)
        self.store = open_store(self._url("writer"), create=True)
        for serial in self.serials:
            self.store.add(self.issuer, serial)
        roles = ("serve", "serve", "sign", "sign")
        self.nodes = [self._node(number, role) for number, role in enumerate(roles)]

    def _node(self, number: int, role: str) -> LinkedNode:
        folder = self._new_folder(f"node-{number}")
        for name in ("ca.pem", "responder.pem", "responder.key"):
            shutil.copy(self.files.folder / name, folder)
        valkey = Link.to_valkey(self.valkey)
        settings = (
            f'database = "{self._url(folder.name)}"\n'
            f'valkey = "valkey://127.0.0.1:{valkey.port}"\n'
            f'answers = {{ validity = "{self.validity}s" }}\n'
            '[[issuer]]\ncertificate = "ca.pem"\n'
            'signers = [{ certificate = "responder.pem", key = "responder.key" }]\n'
        )
        link = Link.to_database(folder, self.database)
        return LinkedNode(folder, role, link, valkey, settings)

    def _new_folder(self, name: str) -> Path:
        folder = self.files.folder / name
        folder.mkdir()
        return folder

    def _url(self, name: str) -> str:
        return f"postgresql://ocsp@/{self._name}?host={self.files.folder / name}"

    def use(self, database: PostgreSQLServer) -> None:
        """Lead the writer and all nodes to another server."""
        self.database = database
        self.address = database.url(self._name)
        for link in (self._way, *(each.link for each in self.nodes)):
            link.lead_to(str(database.folder / _SOCKET))

    def close(self) -> None:
        """Close the writer's way to the database."""
        self.store.close()
        self._way.close()

    def change(self, store: Store) -> None:  # type: ignore[override]
        """Change something, even if the database crashes meanwhile."""
        try:
            super().change(store)  # type: ignore[arg-type]
        except OCSPError:
            self._resolve()

    def _resolve(self) -> None:
        """Find out whether the last change was committed when the database crashed."""
        until(lambda: _answers(self.store), lambda: "the database does not answer")
        last = self.changes[-1]
        if last.committed == math.inf:
            if self._status(last.serial) == last.status:
                self._commit()
            else:
                self.changes.pop()

    def _status(self, serial: int) -> Status:
        """Return what the database says about a certificate."""
        entry = self.store.find(IssuerKey.of(self.issuer), serial)
        assert entry is not None
        record = entry.record
        if record.revocation_time is None:
            return GOOD
        since = int(record.revocation_time.timestamp())
        return Status(True, since, record.revocation_reason)

    def wait_for_changes(self) -> None:
        """Wait for some more changes, or until one waits for the standby."""
        wanted = len(self.changes) + 5
        until(
            lambda: len(self.changes) >= wanted or self._waits_for_standby(),
            lambda: "the writer makes no changes",
        )

    def _waits_for_standby(self) -> bool:
        with psycopg.connect(self.database.url()) as connection:
            return bool(connection.execute(_WAITING).fetchall())


@contextlib.contextmanager
def new_fleet(
    folder: Path,
    *,
    cut_seconds: float = CUT_SECONDS,
    validity: int = VALIDITY,
    is_synchronous: bool = True,
) -> Iterator[Fleet]:
    """
    Yield a fleet with servers of its own, and print the seed of what happens.

    Args:
        folder: Where its files go.

        cut_seconds: How long a node is cut off.

        validity: For how many seconds answers are valid.

        is_synchronous: Whether the standby has each change before it is acknowledged.
    """
    seed = random.getrandbits(32)
    print("seed", seed)
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(server_folder())
        valkey = stack.enter_context(RedisServer(folder / "valkey"))
        primary = PostgreSQLServer(data / "server")
        primary.start()
        stack.callback(primary.stop)
        standby = primary.standby(data / "standby")
        stack.callback(standby.stop)
        if is_synchronous:
            primary.execute("postgres", *_SYNCHRONOUS)
        fleet = Fleet(
            folder, seed, primary, valkey, standby=standby,
            cut_seconds=cut_seconds, validity=validity,
        )  # fmt: skip
        yield stack.enter_context(contextlib.closing(fleet))


_SYNCHRONOUS = (
    "ALTER SYSTEM SET synchronous_standby_names = '*'",
    "SELECT pg_reload_conf()",
)

Fault = Callable[[Fleet], None]
NO_ERROR: frozenset[OCSPResponseStatus] = frozenset()


def kill_a_responder(fleet: Fleet) -> None:
    """Kill a node; the other one goes on."""
    node = fleet.numbers.choice(fleet.serving_nodes)
    with fleet.fault(permits=NO_ERROR, nodes={node.url}, is_down=True):
        node.kill()
        fleet.wait_for_answers(50)
        node.start()


def kill_a_signer(fleet: Fleet) -> None:
    """Kill a signer; the other one signs its rows when its connections end."""
    node = fleet.numbers.choice(fleet.signing_nodes)
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


def cut_from_the_database(fleet: Fleet) -> None:
    """Cut a node off from the database: it learns from Valkey what was changed."""
    node = fleet.numbers.choice(fleet.serving_nodes)
    _cut(fleet, node, node.link.cut(), hides=COPIED_SECONDS)


def partition_a_responder(fleet: Fleet) -> None:
    """Cut a node off from the database and from Valkey: it has its memory alone."""
    node = fleet.numbers.choice(fleet.serving_nodes)
    _cut(fleet, node, node.partitioned(), hides=NEVER)


def _cut(
    fleet: Fleet, node: LinkedNode, cut: AbstractContextManager[None], *, hides: float
) -> None:
    """
    Cut a node off while statuses change, for which the writer does not wait for it.

    It gives all answers that it had. It has found the database again when this ends: a
    fault of Valkey before that would leave it with its memory alone.
    """
    with contextlib.ExitStack() as stack:
        with fleet.writing:
            fleet.settle()
            fleet.waits = False
            stack.enter_context(
                fleet.fault(
                    after=1.5, permits=TRY_LATER, nodes={node.url}, within=hides,
                    hides=hides,
                )
            )  # fmt: skip
            stack.callback(fleet.wait_until_followed)
            stack.enter_context(cut)
        fleet.work_for(fleet.cut_seconds)
    fleet.waits = True


def partition_a_signer(fleet: Fleet) -> None:
    """Cut a signer off; the other one signs its rows when its connections end."""
    with fleet.numbers.choice(fleet.signing_nodes).partitioned():
        fleet.work_for(fleet.cut_seconds)


def cut_the_database_off(fleet: Fleet) -> None:
    """Cut all nodes off from the database; they have all answers."""
    with fleet.writing, contextlib.ExitStack() as stack:
        fleet.settle()
        stack.enter_context(fleet.fault(after=1.5, permits=NO_ERROR))
        stack.callback(fleet.wait_until_followed)
        for node in fleet.nodes:
            stack.enter_context(node.link.cut())
        fleet.work_for(fleet.cut_seconds)


def crash_the_database(fleet: Fleet) -> None:
    """Crash the database; it has every acknowledged change when it starts again."""
    with fleet.writing:
        fleet.settle()
        with fleet.fault(after=1.5, permits=NO_ERROR):
            fleet.database.stop(signal.SIGQUIT)
            fleet.wait_for_answers(50)
            fleet.database.start()
            fleet.wait_until_followed()


def fail_over(fleet: Fleet, *, is_cut: bool | None = None) -> None:
    """
    Crash the primary server while the standby hangs, and promote the standby.

    The writer works meanwhile. If the standby is synchronous, it waits with a commit that
    nobody has acknowledged; else its changes are lost.

    Args:
        fleet: The fleet.

        is_cut: Whether the connection of the standby ends first, so that it has nothing
            of what is written then; by default by chance.
    """
    standby, fleet.standby = fleet.standby, None
    if standby is None:
        return  # it is the primary server by now
    with contextlib.ExitStack() as stack:
        with fleet.writing:
            fleet.settle()
            stack.enter_context(fleet.fault(after=1.5, permits=TRY_LATER, within=NEVER))
            standby.pause()
            if fleet.numbers.random() < 0.5 if is_cut is None else is_cut:
                fleet.database.execute("postgres", _CUT_STANDBY)
        fleet.wait_for_changes()
        fleet.database.stop(signal.SIGQUIT)
        standby.resume()
        fleet.wait_for_answers(50)
        standby.promote()
        fleet.use(standby)
        fleet.wait_until_followed()


def restart_all(fleet: Fleet) -> None:
    """Stop all nodes, the database and Valkey, and start them, in any order."""
    parts: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (fleet.database.stop, fleet.database.start),
        (fleet.valkey.stop, fleet.valkey.start),
        *((node.stop, node.launch) for node in fleet.nodes),
    ]
    with fleet.writing, fleet.fault(permits=TRY_LATER, is_down=True):
        for stop, _ in fleet.numbers.sample(parts, len(parts)):
            stop()
        for _, start in fleet.numbers.sample(parts, len(parts)):
            start()
        for node in fleet.nodes:
            node.wait()
        fleet.wait_until_followed()


def _answers(store: Store) -> bool:
    with contextlib.suppress(Exception):
        store.issuers()
        return True
    return False


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        kill_a_responder, kill_a_signer, stop_valkey, pause_valkey,
        cut_from_the_database, partition_a_responder, partition_a_signer,
        crash_the_database, fail_over, restart_all,
    )
}  # fmt: skip
"""What can fail, by name."""
