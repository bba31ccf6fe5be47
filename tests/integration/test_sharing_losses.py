"""Real servers that lose what was copied to them: it is noticed, and copied again."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import valkey

from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, CertIDForm, Responder
from ocsp.sharing import (
    SharedAnswers,
    SharedAnswerWriter,
    ValkeyAddress,
    Withdrawn,
    reader,
)
from ocsp.sharing.values import answer_key, decode_answer, epoch_mark
from ocsp.store import SQLiteStore
from ocsp.updater import AnswerSharing, Presigner
from tests.integration.web_servers import until
from tests.pki import NOW, ca, delegate_signer
from tests.servers.redis import RedisServer, cluster, sentinels
from tests.unit.sharing.material import SECOND, SHA256, answer, query, signers

pytestmark = pytest.mark.programs

SERIALS = range(1, 31)


class Copies:
    """A database with signed answers, and what copies them to a server."""

    def __init__(self, path: Path, url: str) -> None:
        """Sign the answers."""
        self.later = datetime.timedelta()
        clock = ProcessClock(
            lambda: NOW + self.later, lambda: SECOND + self.later.total_seconds()
        )
        self.store = SQLiteStore(path, create=True)
        authorities = [Authority(ca(), [delegate_signer()])]
        with self.store.transaction():
            for serial in SERIALS:
                self.store.add(ca(), serial)
        self.presigner = Presigner(
            Responder(authorities), authorities, self.store, forms=[SHA256],
            clock=clock,
        )  # fmt: skip
        self.presigner.sign_round()
        self.sharing = AnswerSharing(
            self.store, SharedAnswerWriter(ValkeyAddress.read(url)), authorities,
            forms=[SHA256], validity=8 * 3600, backdate=300,
            clock=clock,
        )  # fmt: skip

    def step(self) -> bool:
        """
        Do one round, half a second later; return whether the server could be used.

        A node of a cluster that has failed does not rest: no test waits for it.
        """
        self.sharing._next_check = 0.0
        self.sharing._writer._nodes._resting.clear()
        self.sharing.step()
        return bool(self.sharing.is_up)

    def refill(self) -> None:
        """Do the two rounds in which a loss is noticed, and mended."""
        assert not self.step()
        assert self.step()

    def renew(self) -> None:
        """Sign all answers again, six hours later, when they are due."""
        self.later += datetime.timedelta(hours=6)
        self.presigner.sign_round()
        self.sharing._next_look = self.sharing._next_copy = 0.0

    def renewed(self, *servers: RedisServer) -> set[int]:
        """Return the serial numbers whose answers are the last ones."""
        end = SECOND + self.later.total_seconds()
        return {
            serial
            for serial, value in self._values(servers).items()
            if (answer := decode_answer(value)) and answer.this_update >= end - 300
        }

    def copied(self, *servers: RedisServer) -> set[int]:
        """Return the serial numbers of which the servers have something together."""
        return set(self._values(servers))

    def withdrawn(self, *servers: RedisServer) -> set[int]:
        """Return the serial numbers whose answers the servers have no more."""
        return {
            serial
            for serial, value in self._values(servers).items()
            if (answer := decode_answer(value)) is not None and not answer.tbs
        }

    def _values(self, servers: Iterable[RedisServer]) -> dict[int, bytes]:
        mark = epoch_mark(f"{self.store.epoch()} ")
        keys = {answer_key(mark, query(each), SHA256): each for each in SERIALS}
        found = {}
        for server in servers:
            with server.client() as client:
                for key in client.keys(b"ocsp:%s:*" % mark):
                    if key in keys and (value := client.get(key)):
                        found[keys[key]] = value
        return found


@contextlib.contextmanager
def copying(folder: Path, url: str) -> Iterator[Copies]:
    """Copy everything once."""
    copies = Copies(folder / "status.db", url)
    try:
        assert copies.step()
        assert copies.step()
        yield copies
    finally:
        copies.sharing._writer.close()
        copies.store.close()


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB"])
def test_an_emptied_server_is_filled_in_the_next_round(
    tmp_path: Path, command: str
) -> None:
    """No whole round is due, and no answer is new."""
    with (
        RedisServer(tmp_path / "server") as server,
        copying(tmp_path, server.url) as copies,
    ):
        assert copies.copied(server) == set(SERIALS)
        with server.client() as client:
            client.execute_command(command)
        copies.refill()
        assert copies.copied(server) == set(SERIALS)
        assert copies.step()


def test_a_server_that_was_started_again_is_filled(tmp_path: Path) -> None:
    """Between two rounds, so that no command has failed."""
    with (
        RedisServer(tmp_path / "server") as server,
        copying(tmp_path, server.url) as copies,
    ):
        server.stop()
        server.start()
        until(copies.step, lambda: "not used again")
        until(
            lambda: copies.step() and copies.copied(server) == set(SERIALS),
            lambda: "not filled",
        )


def test_a_replica_that_takes_over_empty_is_filled(tmp_path: Path) -> None:
    """It had not been replicated to when the primary died."""
    with sentinels(tmp_path) as (url, servers), copying(tmp_path, url) as copies:
        primary, replica = servers
        until(lambda: copies.copied(replica) == set(SERIALS), lambda: "not replicated")
        primary.stop()
        replica.stop()
        replica.start()
        with replica.client() as client:
            assert client.dbsize() == 0
        until(
            lambda: copies.step() and copies.copied(replica) == set(SERIALS),
            lambda: "not filled",
        )


def test_a_node_of_a_cluster_that_was_emptied_is_filled(tmp_path: Path) -> None:
    """Each of them, whether it has the key of the epoch or not; also after a restart."""
    with cluster(tmp_path) as (url, nodes), copying(tmp_path, url) as copies:
        for node in nodes:
            with node.client() as client:
                assert client.dbsize() > 0
                client.flushall()
            copies.refill()
            assert copies.copied(*nodes) == set(SERIALS)


def test_a_writer_that_starts_finds_an_emptied_node(tmp_path: Path) -> None:
    """What was emptied while no writer ran."""
    with cluster(tmp_path) as (url, nodes), copying(tmp_path, url) as copies:
        address = ValkeyAddress.read(url)
        epoch = f"{copies.store.epoch()} "
        for node in nodes:
            with node.client() as client:
                client.flushall()
            with SharedAnswerWriter(address) as writer:
                assert writer.begin(epoch) is False
                assert writer.begin(epoch) is True


def _server_with(
    writer: SharedAnswerWriter, client: valkey.Valkey[bytes]
) -> dict[bytes, bytes]:
    writer.begin("epoch")
    writer.add_signers(signers(), SECOND)
    writer.put_many([answer(1)], SECOND)
    return {key: value for key in client.scan_iter() if (value := client.get(key))}


def test_a_replica_without_the_last_writes_is_noticed(tmp_path: Path) -> None:
    """Answers and tombstones, also if nothing was asked between them and the failure."""
    with (
        RedisServer(tmp_path / "server") as server,
        server.client() as client,
        SharedAnswerWriter(ValkeyAddress.read(server.url)) as writer,
    ):
        replicated = _server_with(writer, client)
        assert writer.keeps()
        for write in (
            lambda: writer.put_many([answer(2)], SECOND),
            lambda: writer.withdraw([Withdrawn(query(1), SHA256, 2)], 99, SECOND),
        ):
            before = {key: client.get(key) or b"" for key in client.scan_iter()}
            assert write() == 1
            client.flushall()
            client.mset(before)
            writer.put_many([answer(3)], SECOND)
            assert not writer.keeps()
            assert writer.keeps()
        assert set(replicated) <= set(client.keys())


def test_other_writers_are_no_loss(tmp_path: Path) -> None:
    """Each has a count of its own."""
    with RedisServer(tmp_path / "server") as server:
        address = ValkeyAddress.read(server.url)
        with SharedAnswerWriter(address) as one, SharedAnswerWriter(address) as two:
            for writer in (one, two):
                writer.begin("epoch")
            for _ in range(3):
                assert one.put_many([answer(1)], SECOND) in {0, 1}
                assert two.keeps()
                assert one.keeps()


def test_a_full_server_is_no_loss(tmp_path: Path) -> None:
    """A count is written also if there is no memory for answers."""
    with (
        RedisServer(tmp_path / "server") as server,
        server.client() as client,
        SharedAnswerWriter(ValkeyAddress.read(server.url)) as writer,
    ):
        writer.begin("epoch")
        client.config_set("maxmemory", "1mb")
        assert writer.keeps()
        assert writer.keeps()
        client.config_set("maxmemory", "0")
        assert writer.keeps()


def test_a_node_that_is_away_hides_no_loss_of_another(tmp_path: Path) -> None:
    """A cluster of which one node is dead, and another one is emptied."""
    with (
        cluster(tmp_path) as (url, nodes),
        SharedAnswerWriter(ValkeyAddress.read(url)) as writer,
    ):
        writer.begin("epoch")
        assert writer.keeps()
        nodes[0].stop()
        with nodes[1].client() as client:
            client.flushall()
        until(lambda: not writer.keeps(), lambda: "not noticed")


def test_what_is_copied_is_what_was_signed(tmp_path: Path) -> None:
    """The refilled answers are those of the database."""
    with (
        RedisServer(tmp_path / "server") as server,
        copying(tmp_path, server.url) as copies,
        server.client() as client,
    ):
        client.flushall()
        copies.refill()
        key = answer_key(epoch_mark(f"{copies.store.epoch()} "), query(7), SHA256)
        found = copies.store.look_up_with_answer(query(7), CertIDForm.SHA256)
        assert found is not None
        assert decode_answer(client.get(key)) == found.stored


def _places(node: RedisServer) -> set[bytes]:
    """Return the keys of what every look-up needs that *node* has."""
    with node.client() as client:
        return set(client.keys("ocsp:epoch*") + client.keys("ocsp:*:signer:*"))


async def _found(copies: Copies, url: str, serials: Iterable[int]) -> set[int]:
    """Return of which *serials* a reader finds an answer that has just begun."""
    clock = SECOND + copies.later.total_seconds()
    answers = SharedAnswers(ValkeyAddress.read(url), clock=lambda: clock)
    try:
        await answers.look()
        found = set()
        for serial in serials:
            each = await answers.find(query(serial), SHA256)
            if each is not None and each.der:
                found.add(serial)
        return found
    finally:
        await answers.aclose()


@pytest.mark.parametrize("dead", range(3))
def test_a_dead_node_of_a_cluster_keeps_no_renewal_from_the_others(
    tmp_path: Path,
    dead: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nodes that are started meanwhile answer with them; and it gets what it missed."""
    monkeypatch.setattr(reader, "DEADLINE_SECONDS", 10.0)
    with cluster(tmp_path) as (url, nodes), copying(tmp_path, url) as copies:
        assert all(_places(node) for node in nodes)
        alive = [node for node in nodes if node is not nodes[dead]]
        reachable = copies.copied(*alive)
        assert set() < reachable < set(SERIALS)
        nodes[dead].stop()
        for serial in sorted(reachable)[:2]:
            copies.renew()
            assert not copies.step()
            assert copies.renewed(*alive) == reachable
            assert asyncio.run(_found(copies, url, reachable)) == reachable
            copies.store.revoke(ca(), serial)
            copies.sharing._next_look = float("inf")
            assert not copies.step()
            assert copies.withdrawn(*alive) == {serial}
            left = reachable - {serial}
            assert asyncio.run(_found(copies, url, reachable)) == left
        (told,) = caplog.messages
        assert "a node gets no answers" in told
        nodes[dead].start()
        until(copies.step, lambda: "not used again")
        copies.presigner.sign_round()
        copies.sharing._next_look = copies.sharing._next_copy = 0.0
        until(
            lambda: copies.step() and copies.renewed(*nodes) == set(SERIALS),
            lambda: str(copies.renewed(*nodes)),
        )
        assert "shared again" in caplog.messages[1]


def test_a_dead_node_that_comes_back_with_an_old_epoch_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was restored meanwhile: the others say so."""
    monkeypatch.setattr(reader, "DEADLINE_SECONDS", 10.0)

    async def find(url: str, nodes: list[RedisServer]) -> None:
        answers = SharedAnswers(ValkeyAddress.read(url), clock=lambda: float(SECOND))
        try:
            await answers.look()
            assert answers.epoch == epoch_mark("before")
            for dead in nodes:
                with SharedAnswerWriter(ValkeyAddress.read(url)) as writer:
                    writer.begin("before")
                    await answers.look()
                    dead.pause()  # it has its data when it goes on
                    writer.begin("after")
                    assert writer.away is not None
                    answers._nodes._resting.clear()
                    await answers.look()
                    assert answers.epoch == epoch_mark("after")
                    dead.resume()
                    answers._nodes._resting.clear()
                    await answers.look()
                    assert answers.epoch == epoch_mark("after")
        finally:
            await answers.aclose()

    with cluster(tmp_path) as (url, nodes):
        with SharedAnswerWriter(ValkeyAddress.read(url)) as writer:
            writer.begin("before")
        asyncio.run(find(url, nodes))


def test_a_dead_node_of_a_cluster_keeps_no_change_from_the_others(
    tmp_path: Path,
) -> None:
    """Whichever node dies: that with the epoch, or with the certificate of a signer."""
    with cluster(tmp_path) as (url, nodes), copying(tmp_path, url) as copies:
        for serial, node in zip((1, 2, 3), nodes, strict=True):
            node.stop()
            copies.sharing._next_copy = copies.sharing._next_look = 0.0
            copies.step()  # it finds that a node is away
            alive = [each for each in nodes if each is not node]
            reachable = copies.copied(*alive)
            changed = {each for each in reachable if each % 3 == serial % 3}
            assert changed
            for each in range(serial, SERIALS.stop, 3):
                copies.store.revoke(ca(), each)
            copies.step()
            copies.step()
            assert copies.withdrawn(*alive) >= changed
            node.start()
            until(
                lambda: copies.step() and copies.copied(*nodes) == set(SERIALS),
                lambda: str(copies.copied(*nodes)),
            )
