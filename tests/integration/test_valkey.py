"""
Shared answers on real servers: one, over TLS, with sentinels, and as a cluster.

Redis stands in for Valkey where that is not installed (:mod:`tests.servers.redis`).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from valkey.asyncio.client import Pipeline

import ocsp
from ocsp.errors import StoreError
from ocsp.sharing import (
    SharedAnswer,
    SharedAnswers,
    SharedAnswerWriter,
    ValkeyAddress,
    Withdrawn,
    connections,
)
from ocsp.sharing import reader as reading
from ocsp.sharing.circuit import LATE_ANSWERS
from ocsp.sharing.connections import failures
from ocsp.sharing.nodes import _Rest
from ocsp.sharing.reader import DEADLINE_SECONDS
from ocsp.sharing.values import answer_key, encode_answer, epoch_mark, signer_key
from ocsp.testing import PKI
from tests.integration.web_servers import until
from tests.pki import ca
from tests.servers.redis import RedisServer, cluster, sentinels
from tests.unit.sharing.material import END, SECOND, SHA256, answer, query, signers

pytestmark = pytest.mark.programs

PATIENCE_SECONDS = 20.0
EPOCH = "the epoch"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let look-ups wait for longer than clients may: a busy machine is late."""
    monkeypatch.setattr(reading, "DEADLINE_SECONDS", 2.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return one server."""
    with RedisServer(tmp_path / "server") as running:
        yield running


@contextlib.contextmanager
def writing(url: str, epoch: str = EPOCH) -> Iterator[SharedAnswerWriter]:
    """Write answers to the server at *url*, which knows their signer."""
    with SharedAnswerWriter(ValkeyAddress.read(url)) as writer:
        writer.begin(epoch)
        writer.add_signers(signers(), SECOND)
        yield writer


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        """Begin with the second of the material."""
        self.now = float(SECOND)

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@contextlib.asynccontextmanager
async def reading_from(
    url: str, clock: Clock | None = None
) -> AsyncIterator[SharedAnswers]:
    """Read answers from the server at *url*."""
    answers = SharedAnswers(ValkeyAddress.read(url), clock=clock or Clock())
    try:
        yield answers
    finally:
        await answers.aclose()


async def found(
    answers: SharedAnswers,
    serial: int = 0x1F2E,
    wanted: Callable[[SharedAnswer | None], bool] = lambda each: bool(
        each and each.der
    ),
) -> SharedAnswer | None:
    """Return what is read once it is *wanted*: on a busy machine it may be late."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not wanted(each := await answers.find(query(serial), SHA256)):
            await asyncio.sleep(0.01)
    return each


async def settle(answers: SharedAnswers, serial: int = 1) -> None:
    """Wait until connections are open: *serial* is found."""
    await found(answers, serial)


async def missing(answers: SharedAnswers, serial: int, known: int) -> bool:
    """Return whether *serial* has no answer, while *known* has one before and after."""
    await settle(answers, known)
    each = await answers.find(query(serial), SHA256)
    await settle(answers, known)
    return each is None or not each.der


def status(each: SharedAnswer | None, serial: int = 0x1F2E) -> ocsp.OCSPCertStatus:
    """Verify an answer as a client does, and return the status."""
    assert each is not None
    cert_id = ocsp.CertID.for_serial(ca(), serial, hashes.SHA256())
    at = datetime.datetime.fromtimestamp(SECOND, datetime.UTC)
    return ocsp.verify(each.der, cert_id, ca(), at=at).status


# --- what is written, and what is read -------------------------------------------------


def test_an_answer_is_written_and_read(server: RedisServer) -> None:
    """The octets are those that the responder sends; it ends at its nextUpdate."""
    with writing(server.url) as writer:
        assert writer.put_many([answer()], SECOND) == 1

    async def read() -> SharedAnswer | None:
        async with reading_from(server.url) as answers:
            return await found(answers)

    each = asyncio.run(read())
    assert status(each) is ocsp.OCSPCertStatus.GOOD
    assert each is not None
    assert each.stored.version == 1
    with server.client() as client:
        left = client.ttl(answer_key(epoch_mark(EPOCH), query(), SHA256))
    assert END - SECOND - 60 < left <= END - SECOND


def test_an_older_version_never_replaces_a_newer_one(server: RedisServer) -> None:
    """In whatever order several processes write."""
    new, old = answer(version=2, revoked=True), answer(version=1, later=30)
    renewed = answer(version=2, revoked=True, later=10)
    with writing(server.url) as first, writing(server.url) as second:
        assert first.put_many([new], SECOND) == 1
        assert second.put_many([old], SECOND) == 0
        assert second.withdraw([Withdrawn(query(), SHA256, 2)], 99, SECOND) == 0
        assert second.put_many([renewed], SECOND) == 1
        assert first.put_many([new], SECOND) == 0

    async def read() -> SharedAnswer | None:
        async with reading_from(server.url) as answers:
            return await found(answers)

    each = asyncio.run(read())
    assert status(each) is ocsp.OCSPCertStatus.REVOKED
    assert each is not None
    assert each.stored.this_update == renewed.answer.this_update


def test_an_answer_from_the_future_does_not_keep_others_out(
    server: RedisServer,
) -> None:
    """One that was signed by a wrong clock is signed over."""
    with writing(server.url) as writer:
        assert writer.put_many([answer(later=4000)], SECOND) == 1
        assert writer.put_many([answer()], SECOND) == 1


def test_a_revocation_is_a_tombstone_until_the_new_answer_is_there(
    server: RedisServer,
) -> None:
    """And older answers that come late are refused."""
    with writing(server.url) as writer:
        writer.put_many([answer(1), answer()], SECOND)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                assert status(await found(answers)) is ocsp.OCSPCertStatus.GOOD
                writer.withdraw([Withdrawn(query(), SHA256, 2)], 99, SECOND)
                assert await missing(answers, 0x1F2E, 1)
                assert writer.put_many([answer(later=5)], SECOND) == 0
                assert await missing(answers, 0x1F2E, 1)
                writer.put_many([answer(version=2, revoked=True)], SECOND)
                assert status(await found(answers)) is ocsp.OCSPCertStatus.REVOKED

        asyncio.run(read())


def test_nothing_is_read_past_its_end_or_from_the_future(server: RedisServer) -> None:
    """By the clock of the node, whatever the server still has."""
    clock = Clock()
    with writing(server.url) as writer:
        writer.put_many(
            [answer(1), answer(2, later=-3600), answer(3, later=600)], SECOND
        )

    async def read() -> None:
        async with reading_from(server.url, clock) as answers:
            assert await missing(answers, 3, 1)  # begins in five minutes
            clock.now = END - 3600
            assert await missing(answers, 2, 1)
            clock.now = END - 30  # no client could use it
            assert await answers.find(query(1), SHA256) is None
            clock.now = SECOND - 3600
            assert await answers.find(query(1), SHA256) is None

    asyncio.run(read())


def test_nothing_is_read_of_another_epoch(server: RedisServer) -> None:
    """After a restore of the database, what was there before is not used."""
    with writing(server.url) as before:
        before.put_many([answer(1), answer(2)], SECOND)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                await settle(answers)
                with writing(server.url, "another epoch") as after:
                    assert await answers.find(query(2), SHA256) is None
                    after.put_many([answer(1)], SECOND)
                    assert await missing(answers, 2, 1)
                    before.put_many([answer(2)], SECOND)
                    assert await missing(answers, 2, 1)

        asyncio.run(read())


def test_no_version_is_read_that_is_older_than_one_before(server: RedisServer) -> None:
    """A replica that takes over may lack what was written last."""
    with writing(server.url) as writer, server.client() as client:
        writer.put_many([answer(1), answer(version=2, revoked=True)], SECOND)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                assert status(await found(answers)) is ocsp.OCSPCertStatus.REVOKED
                key = answer_key(epoch_mark(EPOCH), query(), SHA256)
                client.set(key, encode_answer(answer().answer))
                assert await missing(answers, 0x1F2E, 1)

        asyncio.run(read())


def _damaged() -> dict[str, tuple[bytes, bytes]]:
    key = answer_key(epoch_mark(EPOCH), query(), SHA256)
    value = encode_answer(answer().answer)
    ((signer, _),) = signers()
    strange = answer().answer._replace(signer=b"x" * 32)
    return {
        "empty": (key, b""),
        "truncated": (key, value[:70]),
        "another format": (key, b"\x00" * len(value)),
        "too long": (key, value + bytes(1 << 17)),
        "an unknown signer": (key, encode_answer(strange)),
        "another signer under its key": (
            signer_key(epoch_mark(EPOCH), signer.identifier), b"\x30\x00\x30\x00",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("what", sorted(_damaged()))
def test_a_damaged_value_counts_as_missing(server: RedisServer, what: str) -> None:
    """Without an error, and without a look at the others."""
    key, value = _damaged()[what]
    with writing(server.url) as writer, server.client() as client:
        writer.put_many([answer()], SECOND)
        client.set(key, value)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                for _ in range(20):
                    assert await answers.find(query(), SHA256) is None
                    if answers.is_up and answers._circuit.closed:
                        return
                    await asyncio.sleep(0.05)

        asyncio.run(read())


# --- servers that fail -----------------------------------------------------------------


async def _look_up(answers: SharedAnswers, times: int = 30) -> None:
    """Look for answers that are missing, one after the other."""
    for number in range(times):
        assert await answers.find(query(number), SHA256) is None


def test_a_server_that_hangs_makes_no_client_wait(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some late answers it is not asked any more, until it answers again."""
    with writing(server.url) as writer:
        writer.put_many([answer(1)], SECOND)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                await settle(answers)
                server.pause()
                try:
                    monkeypatch.setattr(reading, "DEADLINE_SECONDS", DEADLINE_SECONDS)
                    begun = time.monotonic()
                    await _look_up(answers)
                    assert not answers._circuit.closed
                    assert time.monotonic() - begun < LATE_ANSWERS * 0.25
                    asked = answers._waiting
                    await _look_up(answers)
                    assert answers._waiting is asked  # none of them was sent
                finally:
                    monkeypatch.setattr(reading, "DEADLINE_SECONDS", 2.0)
                    server.resume()
                await settle(answers)

        asyncio.run(read())


def test_a_server_that_is_away_is_found_again(server: RedisServer) -> None:
    """Nothing raises; a writer raises one kind of error."""
    with writing(server.url) as writer:
        writer.put_many([answer(1)], SECOND)

        async def read() -> None:
            async with reading_from(server.url) as answers:
                await settle(answers)
                server.stop()
                with pytest.raises(StoreError, match=r"127\.0\.0\.1"):
                    writer.put_many([answer(1)], SECOND)
                assert await answers.find(query(1), SHA256) is None
                await _look_up(answers)
                assert answers.is_up is False
                server.start()
                assert writer.begin(EPOCH) is False  # it has lost everything
                writer.add_signers(signers(), SECOND)
                writer.put_many([answer(1)], SECOND)
                await settle(answers)
                assert answers.is_up is True

        asyncio.run(read())


def test_a_server_without_memory_takes_changes_but_nothing_new(
    server: RedisServer,
) -> None:
    """A revocation replaces the answer, also if the server is full."""
    with writing(server.url) as writer, server.client() as client:
        writer.put_many([answer()], SECOND)
        client.config_set("maxmemory", "1mb")
        with pytest.raises(StoreError, match=r"OOM|maxmemory"):
            writer.put_many([answer(1)], SECOND)
        assert writer.withdraw([Withdrawn(query(), SHA256, 2)], 99, SECOND) == 1
        assert writer.put_many([answer(version=3, revoked=True)], SECOND) == 1

    async def read() -> None:
        async with reading_from(server.url) as answers:
            assert status(await found(answers)) is ocsp.OCSPCertStatus.REVOKED

    asyncio.run(read())


def test_a_server_that_only_reads_is_an_error_for_writers(server: RedisServer) -> None:
    """As a primary after a fail-over is."""
    with writing(server.url) as writer, server.client() as client:
        writer.put_many([answer()], SECOND)
        client.replicaof("127.0.0.1", "1")
        with pytest.raises(StoreError):
            writer.put_many([answer(1)], SECOND)


def test_what_no_server_speaks_is_no_error_for_clients() -> None:
    """A port on which something else answers."""

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"*-7\r\n$9999999999\r\nHTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    async def read() -> None:
        other = await asyncio.start_server(babble, "127.0.0.1", 0)
        port = other.sockets[0].getsockname()[1]
        async with other, reading_from(f"valkey://127.0.0.1:{port}") as answers:
            for number in range(20):
                assert await answers.find(query(number), SHA256) is None

    asyncio.run(read())


def test_the_password_is_in_no_error(tmp_path: Path) -> None:
    """Neither a right nor a wrong one."""
    with RedisServer(tmp_path / "locked", "--requirepass", "right-secret") as server:
        port = server.port
        with writing(f"valkey://:right-secret@127.0.0.1:{port}") as writer:
            assert writer.put_many([answer()], SECOND) == 1
        wrong = ValkeyAddress.read(f"valkey://:wrong-secret@127.0.0.1:{port}")
        with SharedAnswerWriter(wrong) as writer, pytest.raises(StoreError) as caught:
            writer.begin(EPOCH)
        assert "secret" not in str(caught.value)


def test_an_error_of_the_client_does_not_show_the_password() -> None:
    """Whatever it says."""
    address = ValkeyAddress.read("valkey://:top-secret@a")
    with pytest.raises(StoreError) as caught, failures(address):
        raise RuntimeError("cannot log in with top-secret")
    assert "secret" not in str(caught.value)


# --- TLS, sentinels, clusters ----------------------------------------------------------


def _tls_files(folder: Path) -> tuple[str, str, str]:
    pki = PKI()
    leaf = pki.issue("localhost")
    files = folder / "chain.pem", folder / "key.pem", folder / "ca.pem"
    files[0].write_bytes(leaf.chain_pem)
    files[1].write_bytes(
        leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    files[2].write_bytes(pki.root.public_bytes(Encoding.PEM))
    return str(files[0]), str(files[1]), str(files[2])


def test_tls_verifies_the_server(tmp_path: Path) -> None:
    """By name, and by the certificates of the CA that the address names."""
    files = _tls_files(tmp_path)
    with RedisServer(tmp_path / "tls", tls=files) as server:
        url = f"valkeys://localhost:{server.port}?ca={files[2]}"
        with writing(url) as writer:
            assert writer.put_many([answer()], SECOND) == 1

        async def read() -> None:
            async with reading_from(url) as answers:
                assert status(await found(answers)) is ocsp.OCSPCertStatus.GOOD

        asyncio.run(read())
        for wrong in (
            f"valkeys://localhost:{server.port}",
            f"valkeys://127.0.0.1:{server.port}?ca={files[2]}",
        ):
            writer = SharedAnswerWriter(ValkeyAddress.read(wrong))
            with writer, pytest.raises(StoreError, match=r"(?i)certificate|verif"):
                writer.begin(EPOCH)


def test_sentinels_name_the_server_that_takes_over(tmp_path: Path) -> None:
    """A writer and a reader go on with it."""
    with sentinels(tmp_path) as (url, servers), writing(url) as writer:
        writer.put_many([answer(1)], SECOND)

        async def read() -> None:
            async with reading_from(url) as answers:
                await settle(answers)
                with servers[1].client() as replica:
                    until(lambda: replica.dbsize() == 5, lambda: "not replicated")
                servers[0].stop()

                def write() -> bool:
                    with contextlib.suppress(StoreError):
                        return writer.put_many([answer(2)], SECOND) == 1
                    return False

                await asyncio.to_thread(until, write, lambda: "no primary")
                assert await found(answers, 1) is not None
                assert await found(answers, 2) is not None

        asyncio.run(read())


def test_a_node_of_a_cluster_that_dies_costs_its_own_answers_only(
    tmp_path: Path,
) -> None:
    """All others are read and written as before."""
    with cluster(tmp_path) as (url, nodes), writing(url) as writer:
        written = [answer(serial) for serial in range(1, 31)]
        assert writer.put_many(written, SECOND) == 30
        counts = []
        for node in nodes:
            with node.client() as client:
                counts.append(client.dbsize())
        assert min(counts) > 0
        with nodes[0].client() as client:
            gone = set(client.keys("ocsp:*:3:*") + client.keys("ocsp:*:2:*"))
        mark = epoch_mark(EPOCH)
        left = [
            serial
            for serial in range(1, 31)
            if answer_key(mark, query(serial), SHA256) not in gone
        ]
        assert 0 < len(left) < 30

        async def read() -> None:
            async with reading_from(url) as answers:
                await settle(answers, left[0])
                nodes[0].stop()
                for serial in left:
                    assert await found(answers, serial) is not None
                renewed = [answer(serial, later=60) for serial in range(1, 31)]
                assert writer.put_many(renewed, SECOND) == len(left)
                assert writer.away is not None
                for serial in left:
                    await found(
                        answers, serial,
                        lambda each: each is not None
                        and each.stored.this_update == renewed[0].answer.this_update,
                    )  # fmt: skip

        asyncio.run(read())


def test_a_node_of_a_cluster_that_hangs_delays_no_look_up_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first one it is asked in the background whether it is back."""
    with cluster(tmp_path) as (url, nodes), writing(url) as writer:
        serials = range(1, 31)
        writer.put_many([answer(serial) for serial in serials], SECOND)

        async def read() -> None:
            async with reading_from(url) as answers:
                await settle(answers)
                gone = ("127.0.0.1", nodes[0].port)
                nodes[0].pause()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while gone not in answers._nodes._resting:
                        await answers.look()
                # Longer than the test may take: nobody waits for the node any more.
                monkeypatch.setattr(connections, "LOOP_SECONDS", 1000.0)
                await answers._nodes._close(answers._nodes._clients.values())
                answers._nodes._clients.clear()
                for _ in range(3):
                    answers._nodes._resting[gone] = _Rest(0.0, 0.0)
                    all_found = [await answers.find(query(n), SHA256) for n in serials]
                    assert 0 < sum(map(bool, all_found)) < len(serials)
                nodes[0].resume()
                for serial in serials:
                    await found(answers, serial)

        asyncio.run(read())


def test_slots_that_no_node_has_cost_their_own_answers_only(tmp_path: Path) -> None:
    """The writer knows of them before it writes answers, and when they are back."""
    key = answer_key(epoch_mark(EPOCH), query(0), SHA256)
    with cluster(tmp_path) as (url, nodes), writing(url) as writer:
        for node in nodes:
            with node.client() as client:
                slot = client.execute_command("CLUSTER", "KEYSLOT", key)
                client.execute_command("CLUSTER", "DELSLOTS", slot)
        writer.close()
        assert writer.begin(EPOCH) is True
        assert writer.away is not None
        assert writer.put_many([answer(each) for each in range(9)], SECOND) == 8
        with nodes[0].client() as client:
            client.execute_command("CLUSTER", "ADDSLOTS", slot)
        until(lambda: writer.begin(EPOCH) and writer.away is None, lambda: "a gap")


def test_slots_that_have_moved_are_found(tmp_path: Path) -> None:
    """After the first command that the node refuses that had them."""
    key = answer_key(epoch_mark(EPOCH), query(99), SHA256)
    with cluster(tmp_path) as (url, nodes), writing(url) as writer:
        writer.put_many([answer(1)], SECOND)

        async def read() -> None:
            async with reading_from(url) as answers:
                await settle(answers)
                _move(nodes, key)
                assert writer.put_many([answer(99)], SECOND) == 0
                assert writer.away is not None
                assert writer.put_many([answer(99)], SECOND) == 1
                await found(answers, 99)

        asyncio.run(read())


def _move(nodes: list[RedisServer], key: bytes) -> None:
    """Give the slot of *key*, in which is nothing, to another node."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(node.client()) for node in nodes]
        slot = clients[0].execute_command("CLUSTER", "KEYSLOT", key)
        owner = min(2, slot // 5461)
        new = clients[owner - 1].execute_command("CLUSTER", "MYID")
        for client in clients:
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new)


def test_look_ups_that_wait_together_are_one_round_trip(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred, and each gets its own answer."""
    serials = range(1, 101)
    with writing(server.url) as writer:
        writer.put_many([answer(serial) for serial in serials], SECOND)
    sent: list[int] = []
    execute = Pipeline.execute

    async def counted(pipeline: Pipeline, **options: bool) -> object:
        sent.append(len(pipeline))
        return await execute(pipeline, **options)

    monkeypatch.setattr(Pipeline, "execute", counted)

    async def read() -> None:
        async with reading_from(server.url) as answers:
            await settle(answers)
            each: list[SharedAnswer | None] = [None]
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(each):  # on a busy machine they may be late
                    sent.clear()
                    asked = (answers.find(query(serial), SHA256) for serial in serials)
                    each = await asyncio.gather(*asked)
            assert sent == [1 + len(serials)]  # the epoch, and all of them
            for serial, one in zip(serials, each, strict=True):
                assert status(one, serial) is ocsp.OCSPCertStatus.GOOD

    asyncio.run(read())
