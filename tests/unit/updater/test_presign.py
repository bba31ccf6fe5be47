"""Rounds of signatures: what is signed, in which order, and what stops nothing."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography import x509

import ocsp
from ocsp import KeySigner, OCSPCertStatus
from ocsp.errors import SignerUnavailable, StoreError
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, CertIDForm, DueAnswer, IssuerKey, Responder
from ocsp.store import SQLiteStore
from ocsp.updater import Presigner, Pruning, Retention, Updater, presign
from ocsp.updater import batch as batches
from ocsp.updater import presigner as rounds
from ocsp.updater import turn as turns
from ocsp.updater.batch import Batch
from tests.compiled import needs_sources
from tests.pki import NOW, ca, delegate_signer, key
from tests.unit.store.scene import SHA1, SHA256, query

HOUR = datetime.timedelta(hours=1)
STOLEN = x509.ReasonFlags.key_compromise


class FaultySigner:
    """Signs as the delegate of *issuer* does, with faults on demand."""

    def __init__(self, issuer: str = "Test CA") -> None:
        """Sign without faults."""
        self.inner = delegate_signer(issuer)
        self.certificate = self.inner.certificate
        self.algorithm_identifier = self.inner.algorithm_identifier
        self.before: Callable[[], None] = lambda: None

    def sign(self, data: bytes) -> bytes:
        """Return the signature."""
        self.before()
        return self.inner.sign(data)


class Scene:
    """A store with ten certificates of each of two CAs, and what signs for them."""

    def __init__(self, path: Path) -> None:
        """Make the store."""
        self.path = path
        self.store = SQLiteStore(path, create=True)
        self.now = NOW
        self.jumped = datetime.timedelta()
        self.clock = ProcessClock(lambda: self.now, self.monotonic)
        self.signers = [FaultySigner(), FaultySigner("Other CA")]
        self.authorities = [
            Authority(ca(name), [signer])
            for name, signer in zip(("Test CA", "Other CA"), self.signers, strict=True)
        ]
        with self.store.transaction():
            for issuer in (ca(), ca("Other CA")):
                for serial in range(1, 11):
                    self.store.add(issuer, serial)
        self.responder = Responder(self.authorities)
        self.presigner = self.make_presigner()

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return self.now.timestamp() - self.jumped.total_seconds()

    def make_presigner(self) -> Presigner:
        """Return a new presigner for SHA-1, as after a reload."""
        return Presigner(
            self.responder,
            self.authorities,
            self.store,
            forms=[SHA1],
            clock=self.clock,
        )

    def version_signed(self, serial: int, issuer: str = "Test CA") -> int | None:
        """Return the version of the stored answer, or ``None``."""
        found = self.store.look_up_with_answer(query(serial, ca(issuer)), SHA1)
        return found and found.stored and found.stored.version


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(turns, "FIRST", 3)
    monkeypatch.setattr(turns, "MOST", 3)
    scene = Scene(tmp_path / "status.db")
    yield scene
    scene.store.close()


def _signed(scene: Scene, issuer: str = "Test CA") -> list[int]:
    return [n for n in range(1, 11) if scene.version_signed(n, issuer)]


def test_everything_that_is_due_is_signed_once(scene: Scene) -> None:
    """The second round has nothing to do; the answers are those of the responder."""
    settled: list[tuple[int, int]] = []
    counts = presign(scene.presigner, lambda *done: settled.append(done))
    assert (counts.signed, counts.stored, counts.failed) == (20, 20, 0)
    assert settled[-1] == (20, 20)
    assert _signed(scene) == _signed(scene, "Other CA") == list(range(1, 11))
    assert presign(scene.presigner).signed == 20
    found = scene.store.look_up_with_answer(query(1), SHA1)
    assert found is not None
    assert found.stored is not None
    assert found.stored.next_update == int((NOW + 8 * HOUR).timestamp())


def test_answers_are_signed_again_when_they_are_due(scene: Scene) -> None:
    """In the first half of their validity, spread over it."""
    presign(scene.presigner)
    scene.now = NOW + 2 * HOUR
    some = presign(scene.presigner).signed - 20
    scene.now = NOW + 4 * HOUR
    assert 0 < some < presign(scene.presigner).signed - 20
    for serial in range(1, 11):
        found = scene.store.look_up_with_answer(query(serial), SHA1)
        assert found is not None
        assert found.stored is not None
        assert found.stored.next_update - scene.now.timestamp() > 4 * 3600


@needs_sources
def test_a_change_in_the_middle_of_a_round_is_signed_in_the_next_batch(
    scene: Scene,
) -> None:
    """Although all other answers are due as well."""
    order: list[int] = []
    sign = scene.responder.presign

    def note(due: DueAnswer, now: datetime.datetime) -> object:
        if due.query.issuer == IssuerKey.of(ca()):
            order.append(due.query.serial_number)
            if len(order) == 3:
                scene.store.revoke(ca(), 10, NOW, STOLEN)
        return sign(due, now)

    scene.responder.presign = note  # type: ignore[method-assign, assignment]
    presign(scene.presigner)
    assert order[:4] == [1, 2, 3, 10]
    assert scene.version_signed(10) == 2


def test_a_change_while_its_answer_is_signed_wins(scene: Scene) -> None:
    """The answer that says *good* is not stored, and the next one says *revoked*."""
    revoked: list[object] = []

    def revoke() -> None:
        if not revoked:
            revoked.append(scene.store.revoke(ca(), 1, NOW, STOLEN))

    scene.signers[0].before = revoke
    counts = presign(scene.presigner)
    assert (counts.signed, counts.stored, counts.outdated) == (21, 20, 1)
    assert scene.version_signed(1) == 2


@needs_sources
@pytest.mark.parametrize("kind", [SignerUnavailable, ValueError, RecursionError])
def test_a_row_that_cannot_be_signed_stops_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    """It is due an hour later, counted and logged; all others are signed."""
    sign = scene.responder.presign

    def refuse(due: DueAnswer, now: datetime.datetime) -> object:
        if due.query.serial_number == 2:
            raise kind("not this one")
        return sign(due, now)

    scene.responder.presign = refuse  # type: ignore[method-assign, assignment]
    counts = presign(scene.presigner)
    assert (counts.stored, counts.failed) == (18, 2)
    assert "serial number 0x2: the answer cannot be signed: not this one" in caplog.text
    assert _signed(scene) == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert presign(scene.presigner).failed == 2
    del scene.responder.presign
    scene.now = NOW + HOUR
    presign(scene.presigner)
    assert scene.version_signed(2) == 1


def test_a_certificate_that_is_not_retained_is_left_alone(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients get *unauthorized* for it."""
    scene.store.add(ca(), 11, expires=NOW - 2 * HOUR)
    authority = Authority(ca(), [scene.signers[0]], retention=HOUR)
    scene.authorities[0] = authority
    scene.responder = Responder(scene.authorities)
    counts = presign(scene.make_presigner())
    assert (counts.stored, counts.failed) == (20, 1)
    assert caplog.text == ""


def test_a_signer_that_is_away_stops_its_own_issuer_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is postponed, and it is tried again after a pause that grows."""

    def away() -> None:
        raise SignerUnavailable("the token was removed")

    clock = [100.0]
    monkeypatch.setattr(f"{rounds.__name__}.time.monotonic", lambda: clock[0])
    scene.signers[0].before = away
    counts = presign(scene.presigner)
    assert (counts.stored, counts.failed, counts.unavailable) == (10, 0, 1)
    assert "is tried again in 1 s: the token was removed" in caplog.text
    assert presign(scene.presigner).unavailable == 1  # not yet
    clock[0] += 1
    assert presign(scene.presigner).unavailable == 2
    assert "is tried again in 2 s" in caplog.text
    scene.signers[0].before = lambda: None
    clock[0] += 2
    assert presign(scene.presigner).stored == 20


def test_a_signer_that_hangs_stops_its_own_issuer_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had signed is stored; it is not called again before it returns."""
    monkeypatch.setattr(batches, "SIGN_SECONDS", 0.05)
    monkeypatch.setattr(turns, "FIRST_PAUSE_SECONDS", 0.0)
    release, calls = threading.Event(), []

    def hang() -> None:
        calls.append(1)
        if len(calls) == 2:
            release.wait(60)

    scene.signers[0].before = hang
    counts = presign(scene.presigner)
    assert (counts.stored, counts.failed, counts.unavailable) == (11, 0, 1)
    assert presign(scene.presigner).unavailable == 2
    assert len(calls) == 2
    release.set()
    thread = scene.presigner._turns[0].signer._thread
    assert thread is not None
    thread.join()
    assert presign(scene.presigner).stored == 20
    assert _signed(scene) == list(range(1, 11))


def test_a_clock_that_goes_back_in_a_round_does_not_stop_it(scene: Scene) -> None:
    """Answers that were made before are from the future, and may be signed again."""
    presign(scene.presigner)
    scene.now = NOW + 8 * HOUR

    def back() -> None:
        scene.now = NOW + 7 * HOUR

    scene.signers[0].before = back
    assert 40 <= presign(scene.presigner).stored <= 43


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_nothing_is_signed_while_the_clock_is_wrong(
    scene: Scene, caplog: pytest.LogCaptureFixture, jump: datetime.timedelta
) -> None:
    """Clients would get answers from the future; it goes on when the clock is right."""
    presign(scene.presigner)
    scene.store.revoke(ca(), 1, NOW, STOLEN)
    scene.now += jump
    scene.jumped = jump
    for _ in range(2):
        with pytest.raises(SignerUnavailable, match="the clock is wrong"):
            presign(scene.presigner)
        assert scene.presigner.counts.signed == 20
    assert len(caplog.records) == 1
    assert "the clock jumped by" in caplog.text
    scene.now, scene.jumped = NOW, datetime.timedelta()
    assert presign(scene.presigner).signed == 21


def test_a_jump_stays_known_when_the_presigner_is_replaced(scene: Scene) -> None:
    """By a reload, or when signers change."""
    scene.now += HOUR
    scene.jumped = HOUR
    for presigner in (scene.presigner, scene.make_presigner()):
        presigner.sign_round()
        assert presigner.counts.signed == 0
    scene.now, scene.jumped = NOW, datetime.timedelta()
    assert presign(scene.make_presigner()).signed == 20


@pytest.mark.parametrize(("ahead", "way"), [(61.0, "ahead of"), (-61.0, "behind")])
def test_nothing_is_signed_while_the_clock_differs_from_that_of_the_store(
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    ahead: float,
    way: str,
) -> None:
    """It is said once a minute; a difference of a minute is allowed."""
    monkeypatch.setattr(scene.store, "clock_ahead", lambda: ahead)
    for _ in range(50):
        scene.presigner.sign_round()
        scene.now += datetime.timedelta(seconds=2)
    assert scene.presigner.counts.signed == 0
    said = [each.message for each in caplog.records]
    assert len(said) == 2
    assert f"the clock is 61 seconds {way} that of the database" in said[0]
    ahead = 60.0
    scene.now += datetime.timedelta(seconds=2)
    assert presign(scene.presigner).signed == 20


def test_a_new_delegate_is_used_after_a_restart(scene: Scene) -> None:
    """Its certificate is written to the store before its answers."""
    presign(scene.presigner)
    other = KeySigner(key("Test CA"), ca())
    scene.authorities[0] = Authority(ca(), [other])
    scene.responder = Responder(scene.authorities)
    scene.now = NOW + 8 * HOUR
    assert presign(scene.make_presigner()).stored == 20


def test_the_forms_are_those_of_the_presigner(scene: Scene) -> None:
    """By default SHA-1 and SHA-256."""
    presigner = Presigner(
        scene.responder,
        scene.authorities,
        scene.store,
        clock=ProcessClock(lambda: NOW),
    )
    assert presign(presigner).stored == 40
    for form in (SHA1, SHA256):
        found = scene.store.look_up_with_answer(query(1), form)
        assert found is not None
        assert found.stored is not None
    assert CertIDForm.BOTH not in presigner._forms


# --- how much at a time ---------------------------------------------------------------


def test_a_batch_fits_the_signer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast signer gets more with each batch, a slow one what it can sign."""
    monkeypatch.setattr(turns, "MOST", 500)
    clock = [0.0]
    monkeypatch.setattr(f"{turns.__name__}.time.perf_counter", lambda: clock[0])
    turn = turns.Turn(scene.authorities[0], scene.responder)
    sizes = []
    for seconds in (0.0001, 0.01, 0.0):  # for each signature

        def sign(due: list[DueAnswer], _: object, seconds: float = seconds) -> Batch:
            clock[0] += seconds * len(due)
            return Batch(failed=[(each, ValueError()) for each in due])

        monkeypatch.setattr(turn.signer, "sign", sign)
        for _ in range(9):
            size = turn.grant(scene.store, 0)
            sizes.append(size)
            turn.sign([Mock()] * size, NOW)
    assert sizes[:3] == [3, 6, 12]
    assert sizes[8] == 500
    assert sizes[12] == 50
    assert sizes[-1] == 500


def test_a_signer_with_a_rate_gets_what_is_granted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not use is given back; without a grant the others go on."""
    taken: list[int] = []
    returned: list[int] = []
    grants = iter([2, 0, 3, 3, 3, 3, 3, 3])

    def take(signer: bytes, rate: float, wanted: int) -> int:
        assert (len(signer), rate) == (32, 150.0)
        taken.append(wanted)
        return min(next(grants), wanted)

    def give_back(_: bytes, unused: int) -> None:
        returned.append(unused)

    scene.signers[0].rate = 150.0  # type: ignore[attr-defined]
    monkeypatch.setattr(turns, "RATE_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(scene.store, "take_signatures", take)
    monkeypatch.setattr(scene.store, "return_signatures", give_back)
    assert presign(scene.presigner).stored == 20
    assert sum(returned) == 2 + 3 * (len(taken) - 2) - 10


def test_a_round_ends_in_time(scene: Scene) -> None:
    """So that another issuer, which had nothing to sign, is asked again."""
    assert scene.presigner.sign_round(seconds=0.0)
    assert scene.presigner.counts.signed == 0
    assert not scene.presigner.sign_round()
    assert scene.presigner.counts.signed == 20


def test_what_others_have_claimed_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And signed if they leave it."""
    claimed = [SHA1]
    claim_due = scene.store.claim_due
    elsewhere = IssuerKey(bytes(32), bytes(32))

    def claim(issuer: IssuerKey, now: int, limit: int) -> object:
        return claim_due(elsewhere if claimed else issuer, now, limit)

    monkeypatch.setattr(scene.store, "claim_due", claim)
    monkeypatch.setattr(f"{rounds.__name__}.time.sleep", lambda _: claimed.clear())
    assert presign(scene.presigner).stored == 20


# --- the loop -------------------------------------------------------------------------


def test_the_updater_signs_a_change_at_its_next_step(scene: Scene) -> None:
    """And does nothing while nothing changes."""
    updater = Updater(scene.presigner)
    updater.step()
    updater.step()  # the answers that it wrote are a change too
    scene.store.revoke(ca(), 1, NOW, STOLEN)
    updater.step()
    assert scene.version_signed(1) == 2
    updater.step()
    rounds_before = scene.presigner.counts.signed
    updater.step()
    assert scene.presigner.counts.signed == rounds_before == 21


def test_the_updater_survives_a_lost_store(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says that it is lost, one that it is back; another file is prepared."""
    updater = Updater(scene.presigner)
    updater.step()
    scene.path.rename(tmp_path / "kept.db")
    assert [updater.step() for _ in range(3)] == [1.0] * 3
    assert [r.levelname for r in caplog.records] == ["ERROR"]
    assert "the store is lost" in caplog.text
    with SQLiteStore(scene.path, create=True) as other:
        other.add(ca(), 77)
    updater.step()
    assert caplog.records[-1].getMessage() == "the store is back"
    assert scene.version_signed(77) == 1


def test_a_file_that_is_moved_over_the_store_is_prepared(
    scene: Scene, tmp_path: Path
) -> None:
    """Though there was a file at every moment: it has neither the signers nor rows."""
    updater = Updater(scene.presigner)
    updater.step()
    with SQLiteStore(tmp_path / "other.db", create=True) as other:
        other.add(ca(), 77)
    (tmp_path / "other.db").replace(scene.path)
    updater.step()
    assert scene.version_signed(77) == 1


def test_the_updater_survives_an_error_that_no_code_expects(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next round signs."""
    updater = Updater(scene.presigner)
    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "store_answers", Mock(side_effect=OSError("odd")))
        assert updater.step() == 1.0
    assert "unexpected error" in caplog.text
    updater.step()
    assert _signed(scene)


def test_answers_that_the_store_refuses_are_counted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full."""

    def fail(*_: object) -> int:
        raise StoreError("database or disk is full")

    monkeypatch.setattr(scene.store, "store_answers", fail)
    Updater(scene.presigner).step()
    counts = scene.presigner.counts
    assert (counts.signed, counts.stored, counts.lost) == (3, 0, 3)


def test_the_updater_ends_when_it_is_stopped(scene: Scene) -> None:
    """After the step in hand."""
    stop = threading.Event()
    scene.signers[1].before = stop.set
    Updater(scene.presigner).run(stop)
    assert _signed(scene, "Other CA") == list(range(1, 11))


def test_the_updater_deletes_what_is_too_old(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once an hour."""
    day = datetime.timedelta(days=1)
    pruned: list[object] = []

    def prune(**times: object) -> tuple[int, int]:
        pruned.append(times)
        return 0, 0

    monkeypatch.setattr(scene.store, "prune", prune)
    retention = Retention(certificates=day, events=2 * day)
    updater = Updater(scene.presigner, Pruning(scene.store, retention))
    scene.now, scene.jumped = NOW + 9999 * day, 9999 * day  # the clock is wrong
    updater.step()
    assert pruned == []
    scene.now, scene.jumped = NOW, 0 * day
    updater.step()
    updater.step()
    assert pruned == [{"expired_before": NOW - day, "events_before": NOW - 2 * day}]


def test_a_retention_of_thousands_of_years_deletes_nothing(scene: Scene) -> None:
    """Each round ended with an error, because the time is before the year 1."""
    longest = datetime.timedelta.max
    pruned = Pruning(scene.store, Retention(certificates=longest, events=longest))
    pruned.run_if_due(NOW)
    assert scene.store.count(scene.authorities[0].key).total == 10


def test_a_retention_that_is_too_short_is_refused() -> None:
    """Responders have to read the events of the last day."""
    with pytest.raises(ocsp.ConfigError, match="events"):
        Retention(events=HOUR)
    with pytest.raises(ocsp.ConfigError, match="certificates"):
        Retention(certificates=-HOUR)


def test_a_store_that_cannot_be_written_ends_a_round(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller of ``presign`` gets the error; nothing is lost."""

    def fail(*_: object) -> int:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "store_answers", fail)
        with pytest.raises(StoreError, match="the disk is full"):
            presign(scene.presigner)
    assert presign(scene.presigner).stored == 20
    record = scene.store.look_up_now([query(1)])[0]
    assert record is not None
    assert record.status is OCSPCertStatus.GOOD
