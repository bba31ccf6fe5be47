"""Copying answers to a server: what is copied, in which order, and after failures."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import pytest

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CertIDForm,
    IssuerKey,
    NewAnswer,
    Responder,
)
from ocsp.sharing import SharedSigner, Withdrawn
from ocsp.store import SQLiteStore
from ocsp.updater import AnswerSharing, Presigner
from ocsp.updater import answer_sharing as sharing
from tests.pki import NOW, ca, delegate_signer
from tests.unit.store.scene import query

SHA1, SHA256 = CertIDForm.SHA1, CertIDForm.SHA256
VALIDITY = 8 * 3600
HOUR = datetime.timedelta(hours=1)


class Server:
    """
    Stands in for the writer: keeps what is newest, and fails on demand.

    Answers about odd and about even serial numbers are on two nodes of a cluster; that
    of the odd ones can be away.
    """

    def __init__(self) -> None:
        self.mark = ""
        self.has: dict[tuple[int, CertIDForm], tuple[int, bool]] = {}
        self.signers: list[SharedSigner] = []
        self.writes: list[str] = []
        self.fails = False
        self.lacks_node = False
        self.away: StoreError | None = None
        self.has_lost = False
        self.writing = ""

    def _check(self) -> None:
        if self.fails:
            raise StoreError("the server is away")

    def begin(self, epoch: str) -> bool:
        """Note the epoch; another one empties the server."""
        self.away = None
        self._check()
        self._look_for_node()
        known, self.mark = self.mark == epoch, epoch
        if not known:
            self.has = {}
        return known

    def _look_for_node(self) -> None:
        if self.lacks_node:
            self.away = StoreError("a node is away")

    def keeps(self) -> bool:
        """Tell a loss once."""
        self._check()
        lost, self.has_lost = self.has_lost, False
        return not lost

    def empty(self) -> None:
        """Lose everything."""
        self.has, self.mark, self.signers, self.has_lost = {}, "", [], True

    def add_signers(
        self, signers: Iterable[tuple[SharedSigner, int]], now: int
    ) -> None:
        """Note the signers."""
        self.signers = [signer for signer, _ in signers]

    def put_many(self, answers: Iterable[NewAnswer], now: int) -> int:
        """Keep answers that are not older, and have not ended."""
        return self._write(
            (each.query.serial_number, each.form, each.answer.version, True)
            for each in answers
            if each.answer.next_update > now
        )

    def withdraw(self, answers: Iterable[Withdrawn], seconds: int, now: int) -> int:
        """Keep tombstones."""
        assert seconds == VALIDITY
        return self._write(
            (each.query.serial_number, each.form, each.version, False)
            for each in answers
        )

    def _write(self, values: Iterable[tuple[int, CertIDForm, int, bool]]) -> int:
        self._check()
        count = 0
        for serial, form, version, is_answer in values:
            if serial % 2:
                self._look_for_node()
                if self.lacks_node:
                    continue
            before = self.has.get((serial, form), (0, False))
            if (version, is_answer) >= before:
                self.has[serial, form] = version, is_answer
                self.writes.append(f"{serial} {version} {is_answer}")
                count += 1
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writing = "closed"


class Scene:
    """A database with ten certificates, what signs for them, and a server."""

    def __init__(self, path: Path) -> None:
        self.store = SQLiteStore(path, create=True)
        self.path = path
        self.now = NOW
        self.jumped = 0 * HOUR
        self.server = Server()
        self.authorities = [Authority(ca(), [delegate_signer()])]
        with self.store.transaction():
            for serial in range(1, 11):
                self.store.add(ca(), serial)
        self.clock = ProcessClock(lambda: self.now, self.monotonic)
        self.presigner = Presigner(
            Responder(self.authorities), self.authorities, self.store,
            forms=[SHA1], clock=self.clock
        )  # fmt: skip
        self.sharing = self.restarted()

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return (self.now - self.jumped).timestamp()

    def issue(self, serial: int) -> None:
        """Add a certificate, and sign its answer."""
        self.store.add(ca(), serial)
        self.presigner.sign_round()

    def jump(self, by: datetime.timedelta) -> None:
        """Let the clock jump."""
        self.now += by
        self.jumped += by

    def restarted(self) -> AnswerSharing:
        """Return what a new process has; the one before has ended."""
        self.store.write_cursor(sharing.COPIER, "")
        self.sharing = self.another()
        return self.sharing

    def another(self) -> AnswerSharing:
        """Return what another process has."""
        return AnswerSharing(
            self.store, self.server, self.authorities,  # type: ignore[arg-type]
            forms=[SHA1, SHA256], validity=VALIDITY, backdate=300,
            clock=self.clock,
        )  # fmt: skip

    def step(self, *, copy: bool = True, of: AnswerSharing | None = None) -> float:
        """Do one round; with *copy*, as if ten seconds had passed."""
        process = of or self.sharing
        if copy:
            process._next_copy = process._next_look = process._next_sign = 0.0
        process._next_check = 0.0
        return process.step()

    def has(self, serial: int, form: CertIDForm = SHA1) -> tuple[int, bool] | None:
        """Return the version on the server, and whether it is an answer."""
        return self.server.has.get((serial, form))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a scene, in which all answers are signed."""
    scene = Scene(tmp_path / "status.db")
    scene.presigner.sign_round()
    yield scene
    scene.store.close()


def test_all_answers_are_copied_at_the_start(scene: Scene) -> None:
    """With the epoch of the database and the certificates of the signers."""
    assert scene.step() == sharing.POLL_SECONDS
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))
    assert scene.server.mark.split() == [scene.store.epoch()]
    (signer,) = scene.server.signers
    assert signer.algorithm == delegate_signer().algorithm_identifier
    assert scene.sharing.is_up is True


def test_a_revocation_is_a_tombstone_until_it_is_signed(scene: Scene) -> None:
    """In the round after each of the two."""
    scene.step()
    scene.store.revoke(ca(), 3)
    scene.step(copy=False)
    assert scene.has(3) == (2, False)
    assert scene.has(3, SHA256) == (2, False)
    scene.presigner.sign_round()
    scene.step(copy=False)
    assert scene.has(3) == (2, True)
    assert scene.has(4) == (1, True)


@pytest.mark.parametrize("by", [-9000 * HOUR, 9 * HOUR, 9000 * HOUR])
def test_a_wrong_clock_does_not_decide_what_is_copied(
    scene: Scene, by: datetime.timedelta
) -> None:
    """Outdated answers are withdrawn; the new ones come when the clock is right."""
    scene.step()
    place = scene.store.read_cursor(sharing.COPIED)
    scene.store.revoke(ca(), 3)
    scene.presigner.sign_round()  # on a machine whose clock is right
    scene.store.revoke(ca(), 4)
    scene.jump(by)
    for _ in range(2):
        scene.step()
        assert scene.has(3) == scene.has(4) == (2, False)
    assert scene.store.read_cursor(sharing.COPIED) == place
    scene.jump(-by)
    scene.presigner.sign_round()
    scene.step()
    assert scene.has(3) == scene.has(4) == (2, True)


def test_new_answers_are_copied_after_a_while(scene: Scene) -> None:
    """Whoever has signed them."""
    scene.step()
    scene.issue(11)
    scene.step(copy=False)
    assert scene.has(11) is None
    scene.step()
    assert scene.has(11) == (1, True)


def test_an_answer_is_looked_for_each_second(scene: Scene) -> None:
    """Only as far back as the last look; the longer way each ten seconds."""
    scene.step()
    scene.now += datetime.timedelta(minutes=5)
    scene.sharing._next_look = 0.0
    scene.step(copy=False)
    scene.server.writes.clear()
    scene.issue(11)
    scene.sharing._next_look = 0.0
    scene.step(copy=False)
    assert scene.server.writes == ["11 1 True"]


def test_one_of_several_processes_copies(scene: Scene) -> None:
    """The others write changes of status too, and go on when it ends or is killed."""
    scene.step()
    other = scene.another()
    scene.store.add(ca(), 11)
    scene.store.revoke(ca(), 3)
    scene.presigner.sign_round()
    scene.server.writes.clear()
    scene.step(of=other)
    assert scene.has(3) == (2, True)
    assert scene.has(11) is None
    scene.step()
    assert scene.has(11) == (1, True)
    scene.step()
    scene.now += datetime.timedelta(seconds=sharing.SILENT_SECONDS)
    scene.issue(12)
    scene.step(of=other)
    assert scene.has(12) == (1, True)
    scene.issue(13)
    scene.step()
    assert scene.has(13) is None
    other.finish()
    assert scene.has(13) == (1, True)
    scene.issue(14)
    scene.step()
    assert scene.has(14) == (1, True)


def test_who_finds_the_server_empty_fills_it(scene: Scene) -> None:
    """Also if it is killed in the middle: the next one that copies begins anew."""
    scene.step()
    scene.now += datetime.timedelta(hours=1)
    scene.step()
    other = scene.another()
    scene.server.has, scene.server.mark = {}, ""
    stop = threading.Event()
    stop.set()  # it ends after one page
    other._next_copy = other._next_look = 0.0
    other.step(stop)
    scene.server.has.clear()
    scene.now += datetime.timedelta(seconds=sharing.SILENT_SECONDS)
    scene.step()
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))


def test_only_new_answers_are_copied_again(scene: Scene) -> None:
    """Those of the last minutes; also after a restart."""
    scene.step()
    scene.now += datetime.timedelta(minutes=10)
    scene.step()
    scene.server.writes.clear()
    scene.restarted()
    scene.issue(11)
    scene.step()
    assert scene.server.writes == ["11 1 True"]


def test_what_a_server_missed_is_written_when_it_is_back(scene: Scene) -> None:
    """Changes and answers."""
    scene.step()
    scene.server.fails = True
    scene.store.revoke(ca(), 3)
    scene.issue(11)
    assert scene.step() == sharing.LOST_SECONDS
    assert scene.sharing.is_up is False
    scene.server.fails = False
    scene.step()
    assert scene.has(3) == (2, True)
    assert scene.has(11) == (1, True)
    assert scene.sharing.is_up is True


def test_a_long_failure_does_not_let_old_answers_be_copied_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the server is tried: a replica can lack the last minutes once."""
    scene.step()
    scene.now += datetime.timedelta(hours=1)
    scene.step()
    place = int(scene.store.read_cursor(sharing.COPIED))
    scene.server.fails = True
    for _ in range(20):
        scene.step()
    scene.server.fails = False
    asked: list[int] = []
    real = scene.store.stored_answers

    def stored_answers(issuer: IssuerKey, *, since: int = 0) -> Iterator[NewAnswer]:
        asked.append(since)
        return real(issuer, since=since)

    monkeypatch.setattr(scene.store, "stored_answers", stored_answers)
    scene.step()
    assert asked == [place - sharing.OVERLAP_SECONDS]


def test_a_node_that_is_away_costs_its_own_answers_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others get each page of changes and answers; it gets them when it is back."""
    monkeypatch.setattr(sharing, "PAGE", 2)
    scene.step()
    real = scene.store.changes_after
    monkeypatch.setattr(
        scene.store, "changes_after", lambda cursor="": real(cursor, limit=2)
    )
    kept = [scene.store.read_cursor(name) for name in (sharing.CHANGES, sharing.COPIED)]
    scene.server.lacks_node = True
    for serial in (1, 2, 3, 4):
        scene.store.revoke(ca(), serial)
    assert scene.step() == sharing.LOST_SECONDS
    assert [scene.has(each) for each in (1, 2, 3, 4)] == [
        (1, True), (2, False), (1, True), (2, False),
    ]  # fmt: skip
    for serial in range(11, 21):
        scene.issue(serial)
    scene.now += datetime.timedelta(minutes=5)
    scene.presigner.sign_round()
    for _ in range(3):
        scene.step()
        assert all(scene.has(each) == (1, True) for each in range(12, 21, 2))
        assert [scene.has(each) for each in (2, 4, 11)] == [(2, True), (2, True), None]
    assert scene.sharing.is_up is False
    assert caplog.messages == [
        "a node gets no answers, which is tried again: a node is away"
    ]
    assert kept == [
        scene.store.read_cursor(name) for name in (sharing.CHANGES, sharing.COPIED)
    ]
    scene.server.lacks_node = False
    assert scene.step() == sharing.POLL_SECONDS
    assert all(scene.has(each) == (1, True) for each in range(11, 21))
    assert all(scene.has(each) == (2, True) for each in (1, 2, 3, 4))
    assert scene.sharing.is_up is True
    assert kept[0] != scene.store.read_cursor(sharing.CHANGES)
    assert kept[1] != scene.store.read_cursor(sharing.COPIED)


def test_what_a_node_lacks_is_written_by_a_process_that_is_started(
    scene: Scene,
) -> None:
    """The one that knew that the node was away has ended."""
    scene.step()
    scene.server.lacks_node = True
    scene.store.revoke(ca(), 3)
    scene.step()
    scene.presigner.sign_round()
    scene.step()
    scene.restarted()
    scene.server.lacks_node = False
    scene.step()
    assert scene.has(3) == (2, True)


def test_a_short_absence_is_made_up_for(scene: Scene) -> None:
    """A node that only misses a page of answers, and is back in the next round."""
    scene.step()
    scene.now += datetime.timedelta(minutes=10)
    scene.step()
    scene.sharing._next_look = 0.0
    scene.issue(11)
    scene.server.lacks_node = True
    scene.step(copy=False)
    assert scene.has(11) is None
    scene.server.lacks_node = False
    scene.step(copy=False)
    assert scene.has(11) == (1, True)


def test_a_node_that_is_away_does_not_let_old_answers_be_copied_each_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is away; when it is back, it gets all since then."""
    scene.step()
    scene.now += datetime.timedelta(hours=1)
    scene.step()
    place = int(scene.store.read_cursor(sharing.COPIED))
    asked: list[int] = []
    real = scene.store.stored_answers

    def stored_answers(issuer: IssuerKey, *, since: int = 0) -> Iterator[NewAnswer]:
        asked.append(since)
        return real(issuer, since=since)

    monkeypatch.setattr(scene.store, "stored_answers", stored_answers)
    scene.server.lacks_node = True
    for _ in range(2):
        scene.now += datetime.timedelta(hours=1)
        scene.step()
    scene.server.lacks_node = False
    scene.step()
    assert asked == [place, place + 3600, place - sharing.OVERLAP_SECONDS]


def test_the_end_says_that_a_node_is_away(scene: Scene) -> None:
    """Commands that sign report it."""
    scene.server.lacks_node = True
    with pytest.raises(StoreError, match="a node is away"):
        scene.sharing.finish()
    assert scene.has(2) == (1, True)


def test_a_process_that_was_killed_goes_on_where_it_was(scene: Scene) -> None:
    """No change is lost that came while no process ran."""
    scene.step()
    scene.store.revoke(ca(), 4)
    scene.step(copy=False)
    reached = scene.store.read_cursor(sharing.CHANGES)
    assert reached == scene.store.changes_after().cursor
    scene.store.revoke(ca(), 5)
    scene.restarted()
    scene.step(copy=False)
    assert scene.has(5) == (2, False)


def test_changes_that_a_replica_lacks_are_written_again(scene: Scene) -> None:
    """Those of the last minutes, when it takes over."""
    scene.step()
    scene.sharing._older.place = scene.store.changes_after().cursor
    scene.store.revoke(ca(), 3)
    scene.step(copy=False)
    scene.server.has[3, SHA1] = 1, True  # the tombstone was not replicated
    scene.server.fails = True
    scene.step()
    scene.server.fails = False
    scene.step(copy=False)
    assert scene.has(3) == (2, False)


def test_a_server_that_lost_all_gets_all_again(scene: Scene) -> None:
    """As after a restart without its data."""
    scene.step()
    scene.now += datetime.timedelta(hours=1)
    scene.step()
    scene.server.has, scene.server.mark = {}, ""
    scene.step()
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))


def test_a_server_that_was_emptied_is_filled_at_once(scene: Scene) -> None:
    """It is asked twice a second, and not only when all is looked through anyway."""
    scene.step()
    scene.now += datetime.timedelta(hours=1)
    scene.step()
    scene.server.empty()
    assert scene.step(copy=False) == sharing.POLL_SECONDS
    scene.sharing._next_check = float("inf")
    scene.sharing.step()
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))
    assert scene.server.signers
    assert sharing.CHECK_SECONDS + 2 * sharing.POLL_SECONDS < 1


def test_a_server_that_was_emptied_lacks_no_revocation(scene: Scene) -> None:
    """What was not signed when it was emptied is withdrawn again."""
    scene.step()
    scene.store.revoke(ca(), 3)
    scene.step(copy=False)
    scene.server.empty()
    scene.step(copy=False)
    scene.step(copy=False)
    assert scene.has(3) == (2, False)
    assert scene.has(4) == (1, True)


def test_a_server_that_is_emptied_while_it_is_filled_is_filled(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the begin."""
    monkeypatch.setattr(sharing, "PAGE", 2)
    monkeypatch.setattr(sharing, "CHECK_SECONDS", 0.0)
    pages = 0
    real = scene.server.put_many

    def put_many(answers: Iterable[NewAnswer], now: int) -> int:
        nonlocal pages
        pages += 1
        if pages == 4:
            scene.server.empty()
        return real(answers, now)

    monkeypatch.setattr(scene.server, "put_many", put_many)
    scene.step()
    assert scene.sharing.is_up is False
    scene.sharing.step()
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))


def test_another_process_fills_what_was_emptied(scene: Scene) -> None:
    """If the one that copied was killed, before the others would go on for it."""
    scene.step()
    other = scene.another()
    scene.step(of=other)
    scene.server.empty()
    scene.step(of=other, copy=False)
    scene.step(of=other, copy=False)
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))


def test_changes_that_are_not_known_any_more_let_all_begin_anew(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says which answers are outdated: they get another epoch."""
    scene.step()
    before = scene.server.mark
    real = scene.store.changes_after
    monkeypatch.setattr(
        scene.store, "changes_after",
        lambda cursor="", limit=1000: real(cursor, limit)._replace(complete=False),
    )  # fmt: skip
    assert scene.step() == sharing.LOST_SECONDS
    monkeypatch.undo()
    scene.step()
    assert scene.server.mark != before
    assert scene.server.mark.startswith(scene.store.epoch())
    assert all(scene.has(serial) == (1, True) for serial in range(1, 11))
    after = scene.server.mark
    scene.restarted()
    scene.step()
    assert scene.server.mark == after


def test_a_database_that_is_away_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is any other failure: the thread goes on."""
    scene.step()
    for error in (SourceUnavailable("away"), RuntimeError("a bug")):
        with monkeypatch.context() as patch:
            patch.setattr(scene.store, "changes_after", _raising(error))
            assert scene.step() == sharing.LOST_SECONDS
    scene.store.revoke(ca(), 3)
    scene.step()
    assert scene.has(3) == (2, False)


def test_a_row_that_cannot_be_read_costs_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change of the others is shared."""
    scene.step()
    scene.store.revoke(ca(), 3)
    scene.store.revoke(ca(), 4)
    real = scene.store.look_up_with_answer

    def look_up(asked: object, form: CertIDForm) -> object:
        if asked == query(3):
            raise StoreError("the row has values that mean nothing")
        return real(asked, form)  # type: ignore[arg-type]

    monkeypatch.setattr(scene.store, "look_up_with_answer", look_up)
    scene.step(copy=False)
    assert scene.has(3) == (1, True)
    assert scene.has(4) == (2, False)


def test_it_runs_until_it_is_stopped(scene: Scene) -> None:
    """And closes the connections of the writer."""
    stop = threading.Event()
    thread = threading.Thread(target=scene.sharing.run, args=(stop,))
    thread.start()
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=20)  # noqa: DTZ005
    while scene.has(10) is None:
        assert datetime.datetime.now() < deadline  # noqa: DTZ005
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert scene.server.writing == "closed"


def _raising(error: Exception) -> object:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
