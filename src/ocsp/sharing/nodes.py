"""
Send commands to the server that has their key: one server, or the nodes of a cluster.

The commands for one node go in one pipeline. A node that fails costs its own keys only,
and is left alone for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from ocsp.errors import StoreError
from ocsp.sharing.address import Mode, ValkeyAddress
from ocsp.sharing.connections import (
    connect,
    connect_in_loop,
    failures,
    with_sentinels,
)

__all__ = ["Command", "Nodes", "NodesInLoop"]

Node = tuple[str, int]
Command = tuple[Any, ...]
"""The name of a command, and its arguments."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
"""How long a node of a cluster is left alone that failed: each time twice as long."""

MAX_RANGES = 16_384
"""Ranges of slots that a cluster has: the number of its slots."""

MAX_PLACES = 8 * MAX_RANGES
"""Places that are tried to find one on each node: enough to meet nearly all slots."""

_NOWHERE: Node = ("", 0)
"""The node of a key that no node of the cluster has, and the only one without one."""


_ANYWHERE = (b"{0}",)
"""A place on the only node."""

_COPIES = (b"{131}", b"{72}", b"{19}", b"{60}", b"{1}", b"{49}", b"{22}", b"{53}")
"""
What is added to a key for the copies of its value in a cluster. With the key of the
epoch itself there is one in each ninth of the slots, so that a node that has less than
half of them has less than half of the copies. They are the same wherever the slots are:
two majorities, now and after slots have moved, have a copy in common.
"""


class Slots:
    """Which node of a cluster has which key."""

    def __init__(self, reply: Iterable[Sequence[Any]], asked: Node) -> None:
        """
        Read the reply to ``CLUSTER SLOTS``.

        Args:
            reply: For each range of slots its begin, its end and its nodes.

            asked: The node that was asked; it may not know its own name.
        """
        ranges = sorted(
            (int(begin), int(end), _node(primary, asked[0]))
            for begin, end, primary, *_ in islice(reply, MAX_RANGES)
        )
        self._begins = [begin for begin, _, _ in ranges]
        self._ranges = ranges
        self._places: tuple[bytes, ...] = ()

    @property
    def nodes(self) -> set[Node]:
        """The nodes that have keys."""
        return {node for _, _, node in self._ranges}

    @property
    def is_whole(self) -> bool:
        """Whether each slot has a node."""
        return sum(end - begin + 1 for begin, end, _ in self._ranges) >= MAX_RANGES

    def node_of(self, key: bytes) -> Node:
        """Return the node that has *key*."""
        from valkey.crc import key_slot

        slot = key_slot(key)
        number = bisect_right(self._begins, slot) - 1
        if number < 0 or slot > self._ranges[number][1]:
            return _NOWHERE
        return self._ranges[number][2]

    def places(self) -> tuple[bytes, ...]:
        """Return a hash tag for each node: a key that contains it is on that node."""
        if not self._places:
            found: dict[Node, bytes] = {}
            for number in range(MAX_PLACES):
                place = b"{%d}" % number
                node = self.node_of(place)
                if node != _NOWHERE:
                    found.setdefault(node, place)
                if len(found) == len(self.nodes):
                    break
            self._places = tuple(found.values())
        return self._places


def _node(entry: Sequence[Any], asked: str) -> Node:
    host, port, *_ = entry
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    return name or asked, int(port)


class _Rest(NamedTuple):
    """A node that failed is not asked before *until*."""

    until: float
    pause: float


def _no_node(address: ValkeyAddress) -> StoreError:
    return StoreError(f"{address}: no node has these keys")


class _Shared:
    """What clients for threads and for event loops have in common."""

    _connect: Callable[[ValkeyAddress, Node | None], Any]

    def __init__(self, address: ValkeyAddress) -> None:
        """Send commands to the servers at *address*."""
        self.address = address
        self._clients: dict[Node, Any] = {}
        self._slots: Slots | None = None
        self._resting: dict[Node, _Rest] = {}

    def copies(self, key: bytes) -> tuple[bytes, ...]:
        """
        Return the keys of all copies of a value, of which *key* is the first.

        There is one, and in a cluster an odd number of them, spread over the nodes: for
        what every look-up needs.
        """
        if self.address.mode is not Mode.CLUSTER:
            return (key,)
        return (key, *(key + each for each in _COPIES))

    def _client(self, node: Node) -> Any:
        client = self._clients.get(node)
        if client is None:
            other = None if node == _NOWHERE else node
            client = self._clients[node] = self._connect(self.address, other)
        return client

    def _group(self, commands: Sequence[Command]) -> Mapping[Node, list[int]]:
        """Return the numbers of the commands for each node."""
        groups: dict[Node, list[int]] = {}
        for number, command in enumerate(commands):
            node = _NOWHERE
            if self._slots is not None:
                node = self._slots.node_of(_key_of(command))
            groups.setdefault(node, []).append(number)
        return groups

    def _use(self, slots: Slots) -> list[Any]:
        """Use *slots* from now on, and return the clients of nodes that are gone."""
        self._slots = slots
        known = slots.nodes.union(self.address.hosts)
        self._resting = {n: rest for n, rest in self._resting.items() if n in known}
        gone = [node for node in self._clients if node not in known]
        return [self._clients.pop(node) for node in gone]

    def _refusal(self, node: Node) -> StoreError | None:
        """Return why *node* is not asked now: it failed, or has no keys."""
        if self._slots is not None and node == _NOWHERE:
            self._slots = None  # perhaps another node has them by now
            return _no_node(self.address)
        rest = self._resting.get(node)
        if rest is not None and time.monotonic() < rest.until:
            return self._away(node)
        return None

    def _away(self, node: Node) -> StoreError:
        return StoreError(f"{self.address}: the node {node[0]}:{node[1]} is away")

    def _note_failure(self, node: Node) -> None:
        if self.address.mode is not Mode.CLUSTER:
            return
        before = self._resting.get(node)
        pause = FIRST_PAUSE_SECONDS
        if before is not None:
            pause = min(2 * before.pause, LONGEST_PAUSE_SECONDS)
        self._resting[node] = _Rest(time.monotonic() + pause, pause)
        self._slots = None

    def _note_results(self, node: Node, results: Sequence[object]) -> None:
        self._resting.pop(node, None)
        if any(_code(each) in _MOVED for each in results):
            self._slots = None

    def _candidates(self) -> list[Node]:
        """Return the nodes to ask for the slots: first those that do not rest."""
        known = dict.fromkeys((*self.address.hosts, *self._clients))
        return sorted(known, key=lambda node: node in self._resting)


_MOVED = frozenset({"MOVED", "ASK", "CLUSTERDOWN"})
"""The errors after which another node may have the key."""


def _code(reply: object) -> str:
    """Return the code at the begin of an error that a server has sent."""
    return str(reply).partition(" ")[0] if isinstance(reply, Exception) else ""


def _is_not_ready(reply: object) -> bool:
    """Return whether the node does not serve the key, or not yet."""
    return _code(reply) in _MOVED or type(reply).__name__ == "BusyLoadingError"


def _key_of(command: Command) -> bytes:
    """Return the key of *command*; that of a script is after the number of its keys."""
    key = command[3] if command[0] == "EVAL" else command[1]
    return key if isinstance(key, bytes) else b""


def _queue(client: Any, commands: Iterable[Command]) -> Any:
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return pipeline


class Nodes(_Shared):
    """Sends commands; for one thread at a time."""

    _connect = staticmethod(connect)

    def run(self, commands: Sequence[Command]) -> list[object]:
        """
        Send *commands*, and return the reply to each, or its error.

        The error is a StoreError if the node cannot be reached or is not ready, and one
        of the package ``valkey`` if it refuses the command.

        Raises:
            StoreError: If no node of the cluster can be asked.
            MissingExtraError: If the package ``valkey`` is not installed.
        """
        self._learn_slots()
        results: list[object] = [None] * len(commands)
        for node, numbers in self._group(commands).items():
            found = self._run(node, [commands[number] for number in numbers])
            for number, result in zip(numbers, found, strict=True):
                results[number] = result
        return results

    def places(self) -> tuple[bytes, ...]:
        """
        Return a part of keys for each node: all keys that contain it are on that node.

        A node of a cluster that has very few slots may be left out.

        Raises:
            StoreError: If no node of the cluster can be asked.
            MissingExtraError: If the package ``valkey`` is not installed.
        """
        self._learn_slots()
        return _ANYWHERE if self._slots is None else self._slots.places()

    def gap(self) -> StoreError | None:
        """
        Return the error of keys that no node of the cluster has, if there are any.

        Raises:
            StoreError: If no node of the cluster can be asked.
            MissingExtraError: If the package ``valkey`` is not installed.
        """
        self._learn_slots()
        if self._slots is None or self._slots.is_whole:
            return None
        return _no_node(self.address)

    def _learn_slots(self) -> None:
        if self.address.mode is Mode.CLUSTER and self._slots is None:
            self._close(self._use(self._ask_slots()))

    def _run(self, node: Node, commands: Sequence[Command]) -> Sequence[object]:
        refusal = self._refusal(node)
        if refusal is not None:
            return [refusal] * len(commands)
        try:
            with failures(self.address):
                pipeline = _queue(self._client(node), commands)
                found: list[object] = pipeline.execute(raise_on_error=False)
        except StoreError as error:
            self._note_failure(node)
            return [error] * len(commands)
        self._note_results(node, found)
        return [self._or_away(each) for each in found]

    def _or_away(self, reply: object) -> object:
        """Return *reply*; the error of a node that is away if it is not ready."""
        if _is_not_ready(reply):
            return StoreError(f"{self.address}: {reply}")
        return reply

    def _ask_slots(self) -> Slots:
        error = StoreError(f"{self.address}: no node is known")
        for node in self._candidates():
            try:
                with failures(self.address):
                    reply = self._client(node).execute_command("CLUSTER SLOTS")
                    return Slots(reply, node)
            except StoreError as failure:
                error = failure
        raise error

    def close(self) -> None:
        """Close all connections; the next command opens new ones."""
        clients, self._clients, self._slots = self._clients, {}, None
        self._close(clients.values())

    def _close(self, clients: Iterable[Any]) -> None:
        for each in chain.from_iterable(map(with_sentinels, clients)):
            with contextlib.suppress(StoreError), failures(self.address):
                each.close()


class NodesInLoop(_Shared):
    """
    Sends commands; for one event loop.

    After a node has failed, a task finds out whether it is back: no command waits for
    that.
    """

    _connect = staticmethod(connect_in_loop)

    def __init__(self, address: ValkeyAddress) -> None:
        """Send commands to the servers at *address*."""
        super().__init__(address)
        self._looks: dict[Node, asyncio.Task[None]] = {}

    async def run(self, commands: Sequence[Command]) -> list[object]:
        """Send *commands*; see :meth:`Nodes.run`."""
        if self.address.mode is Mode.CLUSTER and self._slots is None:
            await self._close(self._use(await self._ask_slots()))
        results: list[object] = [None] * len(commands)
        groups = self._group(commands)
        replies = await asyncio.gather(
            *(
                self._run(node, [commands[number] for number in numbers])
                for node, numbers in groups.items()
            )
        )
        for numbers, found in zip(groups.values(), replies, strict=True):
            for number, result in zip(numbers, found, strict=True):
                results[number] = result
        return results

    async def _run(self, node: Node, commands: Sequence[Command]) -> Sequence[object]:
        refusal = self._refusal(node)
        if refusal is None and node in self._resting:
            refusal = self._away(node)
            if node not in self._looks:
                self._looks[node] = asyncio.create_task(self._look(node))
        if refusal is not None:
            return [refusal] * len(commands)
        try:
            with failures(self.address):
                pipeline = _queue(self._client(node), commands)
                found: list[object] = await pipeline.execute(raise_on_error=False)
        except StoreError as error:
            self._note_failure(node)
            return [error] * len(commands)
        self._note_results(node, found)
        return found

    async def _ask_slots(self) -> Slots:
        error = StoreError(f"{self.address}: no node is known")
        for node in self._candidates():
            try:
                with failures(self.address):
                    reply = await self._client(node).execute_command("CLUSTER SLOTS")
                    return Slots(reply, node)
            except StoreError as failure:
                error = failure
        raise error

    async def _look(self, node: Node) -> None:
        """Find out whether *node* is back."""
        try:
            with failures(self.address):
                await self._client(node).execute_command("PING")
            self._resting.pop(node, None)
        except StoreError:
            self._note_failure(node)
        finally:
            self._looks.pop(node, None)

    async def aclose(self) -> None:
        """Close all connections; the next command opens new ones."""
        looks, self._looks = self._looks, {}
        for each in looks.values():
            each.cancel()
        await asyncio.gather(*looks.values(), return_exceptions=True)
        clients, self._clients, self._slots = self._clients, {}, None
        await self._close(clients.values())

    async def _close(self, clients: Iterable[Any]) -> None:
        for each in chain.from_iterable(map(with_sentinels, clients)):
            with contextlib.suppress(StoreError), failures(self.address):
                await each.aclose()
