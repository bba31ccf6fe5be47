"""Serving from PostgreSQL: look-ups in an event loop, and changes that are followed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from ocsp import OCSPCertStatus
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.responder import (
    CertIDForm,
    ChangedStatus,
    Changes,
    IssuerKey,
    LookupResult,
    NewAnswer,
    RemoteAnswerStore,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.store.opening import renew_identity
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql import following as store_following
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.identity import EPOCH
from ocsp.store.postgresql.serving import (
    PostgreSQLSource,
    following,
    line,
    link,
    retrying,
)
from tests.pki import NOW, ca, delegate_signer
from tests.servers.postgresql import PostgreSQLServer
from tests.unit.status import contract
from tests.unit.store.contract.databases import PostgreSQLDatabase

GOOD, REVOKED, NEVER = 0x10, 0x11, 0x12
HOLD = ReasonFlags.certificate_hold
FORM = CertIDForm.SHA256
DEADLINE = 10.0

pytestmark = pytest.mark.programs


def query(serial: int) -> StatusQuery:
    """Return the query for a certificate of the CA."""
    return StatusQuery(IssuerKey.of(ca()), serial)


class Scene:
    """A database, a store that writes to it, and a source that serves from it."""

    def __init__(self, url: str, pooler: str | None = None) -> None:
        self.url = url
        self.store = PostgreSQLStore(url, create=True)
        self.source = PostgreSQLSource(pooler or url, self.store)
        with self.store.transaction():
            for serial in (GOOD, REVOKED):
                self.store.add(ca(), serial)
            self.store.revoke(ca(), REVOKED)

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Run *main* in an event loop, and close the source at its end."""

        async def all_of_it() -> None:
            try:
                async with asyncio.timeout(60):
                    await main()
            finally:
                await self.source.aclose()

        asyncio.run(all_of_it())

    async def find(self, serial: int = GOOD) -> LookupResult | None:
        """Look a certificate up."""
        return await self.source.find_with_answer(query(serial), FORM)

    async def following(self) -> None:
        """Wait until the source follows the changes."""
        await self.until(lambda changes: changes.everything)

    async def until(self, wanted: Callable[[Changes], object]) -> Changes:
        """Poll as an event loop does until a poll returns what is *wanted*."""
        end = time.monotonic() + DEADLINE
        while not wanted(changes := self.source.poll_changes()):
            assert time.monotonic() < end
            await asyncio.sleep(0.005)
        return changes

    async def changed(self, serials: set[int]) -> None:
        """Poll until changes of all of these certificates were returned."""
        left = set(serials)

        def is_complete(changes: Changes) -> bool:
            assert not changes.everything
            left.difference_update(each.serial_number for each in changes.queries)
            return not left

        await self.until(is_complete)

    def execute(self, statement: str, *values: object) -> list[Any]:
        """Run a statement as another program does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def end_connections(self, words: str) -> int:
        """End the connections whose last statement has *words*; return how many."""
        return len(
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND query LIKE %s",
                f"%{words}%",
            )
        )


@pytest.fixture
def scene(postgresql_url: str) -> Iterator[Scene]:
    """Return a scene in a new database."""
    made = Scene(postgresql_url)
    yield made
    made.store.close()


def answer_of(version: int) -> NewAnswer:
    """Return an answer about the good certificate."""
    signer = delegate_signer().certificate
    digest = hashlib.sha256(signer.public_bytes(Encoding.DER)).digest()
    now = int(signer.not_valid_before_utc.timestamp()) + 60
    answer = StoredAnswer(version, digest, now + 5, now, now + 9, b"tbs", b"sig")
    return NewAnswer(query(GOOD), FORM, answer, StatusRecord())


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding(
    postgresql_server: PostgreSQLServer, encoding: str
) -> None:
    """It is written to and read: ``initdb`` takes SQL_ASCII where no locale is set."""
    name = postgresql_server.new_database(f"ENCODING {encoding} LOCALE 'C'")
    scene = Scene(postgresql_server.url(name))
    revocation, *_ = scene.store.history(IssuerKey.of(ca()), REVOKED)
    assert isinstance(revocation.who, str)

    async def main() -> None:
        await scene.following()
        found = await scene.find(REVOKED)
        assert found is not None
        assert found.record.status is OCSPCertStatus.REVOKED
        scene.store.revoke(ca(), GOOD)
        await scene.changed({GOOD})

    scene.run(main)
    scene.store.close()


def test_look_ups(scene: Scene) -> None:
    """With and without the stored answer, of which none is older than the status."""

    async def main() -> None:
        good, revoked = await scene.find(GOOD), await scene.find(REVOKED)
        assert good is not None
        assert good.record.status is OCSPCertStatus.GOOD
        assert (good.version, good.stored) == (1, None)
        assert revoked is not None
        assert revoked.record.status is OCSPCertStatus.REVOKED
        assert revoked.version == 2
        assert await scene.find(NEVER) is None
        other = StatusQuery(IssuerKey(bytes(32), bytes(32)), GOOD)
        assert await scene.source.find_with_answer(other, FORM) is None
        records = await scene.source.look_up([query(NEVER), query(GOOD), query(GOOD)])
        assert list(records) == [None, good.record, good.record]
        signer = delegate_signer().certificate
        await asyncio.to_thread(scene.source.add_signer, signer)
        new = answer_of(1)
        assert await asyncio.to_thread(scene.source.store_answers, [new], 0) == 1
        found = await scene.find()
        assert found is not None
        assert found.stored == new.answer
        await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        found = await scene.find()
        assert found is not None
        assert (found.version, found.stored) == (2, None)

    assert isinstance(scene.source, RemoteAnswerStore)
    scene.run(main)


def test_the_contract(postgresql_url: str) -> None:
    """What holds for every source of status, in one event loop."""
    database = PostgreSQLDatabase(postgresql_url)
    with database.open(create=True) as store:
        for serial in (contract.GOOD, contract.REVOKED):
            store.add(ca(), serial)
        store.revoke(ca(), contract.REVOKED, NOW, contract.STOLEN)
        source = PostgreSQLSource(postgresql_url, store)

        async def main() -> None:
            while not source.poll_changes().everything:  # it begins to follow
                await asyncio.sleep(0.01)
            await contract.check_in_loop(
                contract.Scene(
                    source=source,
                    revoke=lambda: store.revoke(ca(), contract.GOOD, NOW),
                    remove=database.remove,
                    seconds=DEADLINE,
                )
            )
            await source.aclose()

        asyncio.run(main())


def test_look_ups_that_wait_together_go_in_one_statement(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those about the same certificate are one."""
    statements: list[int] = []
    fetch = link.Link.fetch

    async def counted(self: Any, sql: Any, values: Any = (), **options: Any) -> Any:
        if "ORDINALITY" in sql:
            statements.append(len(values[0]))
        return await fetch(self, sql, values, **options)

    monkeypatch.setattr(link.Link, "fetch", counted)

    async def main() -> None:
        await scene.find()
        statements.clear()
        serials = [GOOD, REVOKED, NEVER, GOOD] * 5
        found = await asyncio.gather(*map(scene.find, serials))
        assert [each and each.version for each in found] == [1, 2, None, 1] * 5
        assert sum(statements) == 3
        statements.clear()
        await asyncio.gather(*map(scene.find, range(1000, 1000 + line.MAX_BATCH + 1)))
        assert sorted(statements) == [1, line.MAX_BATCH]

    scene.run(main)


def test_a_row_that_means_nothing_fails_its_own_look_up(scene: Scene) -> None:
    """Others in the same statement are answered."""
    scene.execute(
        "ALTER TABLE certificate DROP CONSTRAINT certificate_revoked_check;"
        "UPDATE certificate SET revoked = 9999999999999 WHERE serial = '\\x10'"
    )

    async def main() -> None:
        bad, good = await asyncio.gather(
            scene.find(GOOD), scene.find(REVOKED), return_exceptions=True
        )
        assert isinstance(bad, StoreError)
        assert isinstance(good, LookupResult)

    scene.run(main)


def test_a_change_is_noticed_and_acknowledged(scene: Scene) -> None:
    """The command that revokes waits until the node has dropped the old answer."""

    async def main() -> None:
        await scene.following()
        change = await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        assert change.event is not None
        await scene.changed({GOOD})
        waiting = asyncio.create_task(
            asyncio.to_thread(scene.store.wait_until_seen, change.event, 5.0)
        )
        await scene.until(lambda _: waiting.done())
        assert waiting.result() == []
        ((count,),) = await asyncio.to_thread(
            scene.execute, "SELECT count(*) FROM node"
        )
        assert count == 1

    scene.run(main)
    assert scene.execute("SELECT count(*) FROM node") == [(0,)]  # it took leave


def test_who_begins_to_follow_learns_the_last_changes(scene: Scene) -> None:
    """Copies of answers on other machines may not know them yet."""

    async def main() -> None:
        for _ in range(2):
            await asyncio.to_thread(scene.store.revoke, ca(), GOOD, None, HOLD)
            await asyncio.to_thread(scene.store.release, ca(), GOOD)
        changes = await scene.until(lambda each: each.everything)
        assert changes.queries == [query(REVOKED), query(GOOD)]
        assert changes.statuses == {
            query(REVOKED): ChangedStatus(2, True),
            query(GOOD): ChangedStatus(5, False),
        }

    scene.run(main)


def test_a_node_whose_connection_has_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has some time to connect again; then the node counts as ended."""

    async def main() -> None:
        await scene.following()
        change = await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        assert change.event is not None
        late = await asyncio.to_thread(scene.store.wait_until_seen, change.event, 0)
        assert len(late) == 1  # it has not taken the change yet
        backoffs = retrying.SHORTEST_SECONDS, retrying.LONGEST_SECONDS
        retrying.SHORTEST_SECONDS = retrying.LONGEST_SECONDS = 60.0
        try:
            assert await asyncio.to_thread(scene.end_connections, "pg_snapshot")
            await scene.until(lambda changes: changes.age >= following.UNKNOWN_SECONDS)
        finally:
            retrying.SHORTEST_SECONDS, retrying.LONGEST_SECONDS = backoffs
        for seconds, number in ((60.0, 1), (0.0, 0)):
            monkeypatch.setattr(store_following, "ENDED_SECONDS", seconds)
            late = await asyncio.to_thread(scene.store.wait_until_seen, change.event, 0)
            assert len(late) == number
        assert scene.execute("SELECT count(*) FROM node") == [(0,)]  # it is forgotten

    scene.run(main)


def test_a_node_may_pause_before_it_connects_again() -> None:
    """And has the time to connect after that, before it counts as ended."""
    assert store_following.ENDED_SECONDS > retrying.LONGEST_SECONDS


def test_a_node_is_known_before_it_uses_its_memory(scene: Scene) -> None:
    """Who revokes waits for a node that begins to follow."""

    async def main() -> None:
        assert scene.source.poll_changes().age >= following.UNKNOWN_SECONDS
        await scene.until(lambda changes: changes.age < following.UNKNOWN_SECONDS)
        ((backend,),) = scene.execute("SELECT backend FROM node")
        assert scene.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", backend)

    scene.run(main)


def test_the_clock_is_compared_with_that_of_the_database(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every poll."""
    now = time.time

    async def main() -> None:
        await scene.following()
        assert abs(scene.source.poll_changes().ahead) < 1
        assert abs(scene.store.clock_ahead()) < 1
        monkeypatch.setattr(time, "time", lambda: now() - 100)
        await scene.until(lambda changes: -101 < changes.ahead < -99)
        assert -101 < scene.store.clock_ahead() < -99
        assert -101 < scene.store.poll_changes().ahead < -99
        monkeypatch.setattr(time, "time", lambda: now() + 100)
        await scene.until(lambda changes: 99 < changes.ahead < 101)

    scene.run(main)


def test_a_node_that_has_not_dropped_a_change_is_late(scene: Scene) -> None:
    """It collected the change, but nothing asked for it."""

    async def main() -> None:
        await scene.following()
        await scene.until(
            lambda _: scene.execute("SELECT 1 FROM node")  # it is known as a reader
        )
        change = await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        assert change.event is not None
        late = await asyncio.to_thread(scene.store.wait_until_seen, change.event, 0.6)
        assert len(late) == 1

    scene.run(main)


def test_commits_out_of_the_order_of_their_numbers(scene: Scene) -> None:
    """A cursor on the number of the event misses what was open at its last read."""
    revoke = "UPDATE certificate SET revoked = 1 WHERE serial = %s"
    read = (
        "SELECT id, serial FROM event WHERE id > %s AND action = 'changed' ORDER BY id"
    )
    scene.store.add(ca(), 0x20)
    scene.store.add(ca(), 0x21)

    async def main() -> None:
        await scene.following()
        ((last, _),) = scene.execute(read, 0)
        with psycopg.connect(scene.url) as first, psycopg.connect(scene.url) as second:
            first.execute(revoke, (b"\x20",))
            second.execute(revoke, (b"\x21",))
            second.commit()
            await scene.changed({0x21})
            ((last, serial),) = scene.execute(read, last)
            assert serial == b"\x21"
            first.commit()
            await scene.changed({0x20})
            assert scene.execute(read, last) == []  # missed

    scene.run(main)


def test_an_open_transaction_hides_no_others_and_repeats_none(scene: Scene) -> None:
    """An import of minutes: each change of others is returned once, and at once."""
    serials = range(0x30, 0x40)
    with scene.store.transaction():
        for serial in serials:
            scene.store.add(ca(), serial)

    async def main() -> None:
        await scene.following()
        with psycopg.connect(scene.url) as importing:
            importing.execute("SELECT pg_current_xact_id()")
            returned: list[int] = []
            for serial in serials:
                await asyncio.to_thread(scene.store.revoke, ca(), serial)
                changes = await scene.until(lambda each: each.queries)
                returned += [each.serial_number for each in changes.queries]
            assert returned == list(serials)

    scene.run(main)


def test_many_changes_count_as_everything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one poll, or in several that nothing has asked for."""
    monkeypatch.setattr(following, "MAX_CHANGES", 3)
    with scene.store.transaction():
        for serial in range(0x30, 0x38):
            scene.store.add(ca(), serial)

    async def main() -> None:
        await scene.following()

        def revoke(serials: range) -> None:
            with scene.store.transaction():
                for serial in serials:
                    scene.store.revoke(ca(), serial)

        await asyncio.to_thread(revoke, range(0x30, 0x32))
        await scene.changed({0x30, 0x31})
        await asyncio.to_thread(revoke, range(0x32, 0x38))
        await scene.following()

    scene.run(main)


@pytest.mark.parametrize("words", ["pg_snapshot", "ORDINALITY", ""])
def test_a_connection_that_is_killed(scene: Scene, words: str) -> None:
    """No look-up fails. The follower begins anew: it cannot know what it missed."""

    async def main() -> None:
        await scene.following()
        await scene.find()
        await asyncio.sleep(0.05)
        assert await asyncio.to_thread(scene.end_connections, words)
        found = await asyncio.gather(*(scene.find(each) for each in range(200)))
        assert [each.version for each in found if each] == [1, 2]
        if words != "ORDINALITY":
            await scene.following()
        await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        await scene.changed({GOOD})

    scene.run(main)


def test_behind_a_pooler_of_transactions(
    postgresql_server: PostgreSQLServer, pgbouncer: Callable[[str], str]
) -> None:
    """Nothing wakes the follower, and nothing is prepared: polls are enough."""
    database = postgresql_server.new_database()
    scene = Scene(postgresql_server.url(database), pgbouncer(database))

    async def main() -> None:
        await scene.following()
        for each in range(3):
            serial = 0x50 + each
            await asyncio.to_thread(scene.store.add, ca(), serial)
            for _ in range(8):  # a prepared statement would be on another connection
                found = await asyncio.gather(scene.find(serial), scene.find(GOOD))
                assert None not in found
            change = await asyncio.to_thread(scene.store.revoke, ca(), serial)
            began = time.monotonic()
            await scene.changed({serial})
            assert time.monotonic() < began + 1
            waiting = asyncio.create_task(
                asyncio.to_thread(scene.store.wait_until_seen, change.event or 0)
            )
            await scene.until(lambda _, waiting=waiting: waiting.done())  # type: ignore[misc]
            assert waiting.result() == []
        # It listens to nothing there: others would get what it is told.
        assert not scene.execute(
            "SELECT 1 FROM pg_stat_activity WHERE left(query, 6) = 'LISTEN'"
        )

    scene.run(main)
    scene.store.close()


def test_the_server_notifies_of_a_change(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower does not wait for its next poll."""
    monkeypatch.setattr(following, "POLL_SECONDS", 30)

    async def main() -> None:
        await scene.following()
        await scene.until(lambda _: scene.execute("SELECT 1 FROM node"))
        await asyncio.to_thread(scene.store.revoke, ca(), GOOD)
        await scene.changed({GOOD})
        # Let the follower end: it waits for 30 seconds now.
        await asyncio.to_thread(scene.end_connections, "")

    scene.run(main)


def test_another_database_at_the_same_address(scene: Scene) -> None:
    """A dump was restored: everything counts as changed, and look-ups go on."""

    async def main() -> None:
        await scene.following()
        await scene.find()
        await asyncio.to_thread(renew_identity, scene.url)
        await scene.following()
        found = await scene.find()
        assert found is not None

    scene.run(main)


def test_look_ups_do_not_use_another_database_than_the_changes(scene: Scene) -> None:
    """Some connections lead to the old server, after a fail-over."""

    async def main() -> None:
        scene.source._line.use("another-1-1")
        with pytest.raises(SourceUnavailable, match="another database answers"):
            await scene.find()

    scene.run(main)


def test_a_statement_has_a_deadline(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock holds the look-ups up: they fail, and leave nothing on the server."""
    monkeypatch.setattr(link, "STATEMENT_SECONDS", 0.1)

    async def main() -> None:
        await scene.find()
        with psycopg.connect(scene.url) as locking:
            locking.execute("LOCK TABLE certificate")
            began = time.monotonic()
            with pytest.raises(SourceUnavailable, match=r"cancel|no answer"):
                await scene.find()
            assert time.monotonic() < began + 2
            await scene.until(lambda _: not scene.execute(WAITING))
        assert await scene.find() is not None

    scene.run(main)


WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_the_waiting_line_is_bounded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes when it is full is told at once; the others are answered."""
    monkeypatch.setattr(line, "MAX_WAITING", 3)

    async def main() -> None:
        found = await asyncio.gather(
            *(scene.find(each) for each in (GOOD, REVOKED, NEVER, 5, GOOD)),
            return_exceptions=True,
        )
        assert isinstance(found[3], SourceUnavailable)
        assert "3 look-ups wait" in str(found[3])
        assert isinstance(found[4], LookupResult)  # it waits with the first one
        assert isinstance(found[0], LookupResult)

    scene.run(main)


def test_who_waits_too_long_is_told_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look-ups that no statement has taken in time."""
    monkeypatch.setattr(line, "WAIT_SECONDS", -1.0)

    async def main() -> None:
        with pytest.raises(SourceUnavailable, match="too many look-ups wait"):
            await scene.find()

    scene.run(main)


def test_who_gives_up_ends_it_for_nobody_else(scene: Scene) -> None:
    """Two requests wait for the same look-up, and the client of one goes away."""

    async def main() -> None:
        one, other = (
            asyncio.create_task(scene.find()),
            asyncio.create_task(scene.find()),
        )
        await asyncio.sleep(0)
        one.cancel()
        assert await other is not None

    scene.run(main)


def test_a_server_that_is_away(tmp_path: Path, scene: Scene) -> None:
    """Look-ups fail at once after the first, and the age of the changes grows."""
    url = f"postgresql://ocsp:secret@/none?host={tmp_path}"
    source = PostgreSQLSource(url, scene.store)

    async def main() -> None:
        for _ in range(3):
            with pytest.raises(SourceUnavailable) as caught:
                await source.find_with_answer(query(GOOD), FORM)
            assert "secret" not in str(caught.value)
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(SourceUnavailable):
                await source.find_with_answer(query(GOOD), FORM)
        assert time.monotonic() < began + 0.5
        await asyncio.sleep(0.2)
        changes = source.poll_changes()
        assert not changes.everything
        assert changes.age > 0.2
        await source.aclose()

    asyncio.run(main())


@pytest.fixture(name="look_ups")
def _look_ups(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> line.LookupLine:
    """Return look-ups at a socket in *tmp_path*; after a failure they wait long."""
    monkeypatch.setattr(retrying, "SHORTEST_SECONDS", 120.0)
    monkeypatch.setattr(retrying, "LONGEST_SECONDS", 120.0)
    database = psycopg.conninfo.conninfo_to_dict(scene.url)["dbname"]
    address = Address(f"postgresql://ocsp@/{database}?host={tmp_path}")
    return line.LookupLine(address, "test")


def test_look_ups_wait_when_the_database_is_followed_again(
    tmp_path: Path,
    postgresql_server: PostgreSQLServer,
    scene: Scene,
    look_ups: line.LookupLine,
) -> None:
    """Memory was dropped then: to refuse them until the next attempt costs answers."""
    (epoch,) = scene.execute(f"SELECT {EPOCH}")[0]

    async def main() -> None:
        with pytest.raises(SourceUnavailable):
            await look_ups.find(query(GOOD), FORM)
        name = ".s.PGSQL.5432"
        (tmp_path / name).symlink_to(postgresql_server.folder / name)
        with pytest.raises(SourceUnavailable):  # the next attempt is far away
            await look_ups.find(query(GOOD), FORM)
        look_ups.use(epoch)
        try:
            assert await look_ups.find(query(GOOD), FORM)
        finally:
            look_ups.close()
            await asyncio.gather(*look_ups.tasks)

    scene.run(main)


def test_look_ups_wait_if_an_attempt_before_fails(
    tmp_path: Path,
    postgresql_server: PostgreSQLServer,
    scene: Scene,
    look_ups: line.LookupLine,
) -> None:
    """It says nothing about the server that is followed now, as after a fail-over."""
    (epoch,) = scene.execute(f"SELECT {EPOCH}")[0]
    place = tmp_path / ".s.PGSQL.5432"

    async def main() -> None:
        attempts: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        hanging = await asyncio.start_unix_server(
            lambda _, writer: attempts.put_nowait(writer), place
        )
        found = asyncio.create_task(look_ups.find(query(GOOD), FORM))
        writers = [await attempts.get() for _ in range(line.CONNECTIONS)]
        place.unlink()
        place.symlink_to(postgresql_server.folder / place.name)
        look_ups.use(epoch)
        for writer in writers:
            writer.close()
        try:
            assert await found
        finally:
            look_ups.close()
            await asyncio.gather(*look_ups.tasks)
            hanging.close()

    scene.run(main)


def test_a_pause_between_attempts_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It doubles up to a limit, is random, and begins anew after a steady connection."""
    waited: list[float] = []

    async def wait_for(waiting: Any, seconds: float) -> None:
        waiting.close()
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "wait_for", wait_for)
    moment = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])

    async def main() -> None:
        backoff, closing = retrying.Backoff(), asyncio.Event()
        for _ in range(12):
            await backoff.wait(closing)
        assert waited[0] <= retrying.SHORTEST_SECONDS
        assert waited[-1] <= retrying.LONGEST_SECONDS
        assert min(waited[-3:]) >= retrying.LONGEST_SECONDS / 2
        assert len(set(waited)) == 12
        backoff.connected()
        await backoff.wait(closing)  # it was lost at once
        assert waited[-1] >= retrying.LONGEST_SECONDS / 2
        backoff.connected()
        moment[0] += retrying.STEADY_SECONDS + 1
        await backoff.wait(closing)
        assert waited[-1] <= retrying.SHORTEST_SECONDS

    asyncio.run(main())
