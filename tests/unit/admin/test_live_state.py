"""The pages and checks of a real responder with a SQLite store."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ocsp import CertID, KeySigner
from ocsp.admin import (
    Check,
    ConfiguredIssuer,
    IssuerElsewhere,
    Level,
    LiveState,
    PresentConfiguration,
    responder_checks,
)
from ocsp.admin import checks as checks_module
from ocsp.admin import live_state as live_state_module
from ocsp.admin.gauges import set_gauges
from ocsp.admin.snapshot import Snapshot
from ocsp.asn1.certificates import validity_of
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.inspection.signer_names import signer_names
from ocsp.metrics import Metrics, Report, Totals
from ocsp.metrics.table import (
    ANSWERS_DUE,
    CANNED_LEFT,
    CONFIG_RELOAD_FAILED,
    DATABASE_CLOCK,
    EVENTS_OPEN,
    FOREIGN_ANSWERED,
    FOREIGN_FAILED,
    RESPONSE_CACHE_BYTES,
    SIGNER_ALARM,
    SIGNER_LEFT,
    SOURCE_UP,
    STORE_UP,
    VALKEY,
)
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CannedAnswer,
    CannedAuthority,
    ForeignAuthority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.responder.stored_answer import CertIDForm, DueAnswer
from ocsp.signers import DEFAULT_ALARM, SignerHealth, SignerSpec, SignerState
from ocsp.signers.expiry import ends_soon
from ocsp.store import DatabaseAddress, SQLiteStore
from tests.pki import DELEGATION, key, make

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def _certificate(
    days: int, common: str = "Responder", begin: int = -1
) -> x509.Certificate:
    return make(
        common,
        "Root",
        begin=NOW + begin * DAY,
        end=NOW + days * DAY,
        extensions=DELEGATION,
    )


def _root() -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return make(
        "Root",
        "Root",
        begin=NOW - DAY,
        end=NOW + 999 * DAY,
        serial=7,
        extensions=[constraints],
    )


ROOT = _root()
KEY = IssuerKey.of(ROOT)


def _authority(*certificates: x509.Certificate) -> Authority:
    return Authority(ROOT, [KeySigner(key("Responder"), each) for each in certificates])


def _health_of(
    certificate: x509.Certificate, state: SignerState, *problems: str
) -> SignerHealth:
    begin, end = validity_of(certificate)
    return SignerHealth(
        spec=SignerSpec(certificate=Path("signer.pem"), key=Path("signer.key")),
        name="CN=Responder",
        state=state,
        certificate=certificate,
        begin=begin,
        end=end,
        problems=problems,
    )


def _configured(*certificates: x509.Certificate) -> list[ConfiguredIssuer]:
    health = [_health_of(each, SignerState.READY) for each in certificates]
    return [
        ConfiguredIssuer(
            name="issuing-1", authority=_authority(*certificates), signers=health
        )
    ]


def _present(
    configured: Sequence[ConfiguredIssuer],
    path: Path | None,
    *,
    alarm: datetime.timedelta = DEFAULT_ALARM,
    elsewhere: Sequence[IssuerElsewhere] = (),
) -> PresentConfiguration:
    store = None if path is None else DatabaseAddress(path)
    return PresentConfiguration(
        issuers=configured, elsewhere=elsewhere, store=store, alarm=alarm
    )


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store:
        for serial in (1, 2, 3):
            store.add(ROOT, serial, subject=f"CN=leaf {serial}")
        store.revoke(ROOT, 2, reason=x509.ReasonFlags.key_compromise)
        yield path


def test_issuers_have_counts_from_the_store(path: Path) -> None:
    """They are kept for a minute."""
    configured = _configured(_certificate(100))
    state = LiveState(lambda: _present(configured, path))
    (issuer,) = state.issuers()
    assert (issuer.counts, issuer.unlisted) == ((2, 1, 0), "unauthorized")
    assert issuer.source == str(path)
    with SQLiteStore(path) as store:
        store.add(ROOT, 4)
    assert state.issuers()[0].counts == (2, 1, 0)


def test_counts_are_read_again_after_a_minute(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a page never shows old ones for long."""
    state = LiveState(lambda: _present(_configured(_certificate(100)), path))
    assert state.issuers()[0].counts == (2, 1, 0)
    monkeypatch.setattr(live_state_module, "COUNTS_SECONDS", -1.0)
    with SQLiteStore(path) as store:
        store.add(ROOT, 4)
    assert state.issuers()[0].counts == (3, 1, 0)


def test_overdue_answers_and_open_changes_are_gauges(path: Path) -> None:
    """Unsigned answers are overdue; those that came due this minute are not yet."""
    state = LiveState(lambda: _present(_configured(_certificate(100)), path))
    totals = Totals()
    metrics = Metrics(totals.add, issuers={KEY: "issuing-1"})

    def gauges() -> tuple[float, float]:
        snapshot = Snapshot(state.issuers(), state.signers(), state.stores())
        set_gauges(metrics, snapshot, [], NOW)
        metrics.flush()
        overdue = totals.gauges(ANSWERS_DUE)[("issuing-1",)]
        return overdue, totals.gauges(EVENTS_OPEN)[()]

    assert gauges() == (0, 0)
    with SQLiteStore(path) as store:
        store.sign_ahead(ROOT, [CertIDForm.SHA1])
        assert gauges() == (3, 1)
        rows = [(StatusQuery(KEY, n), CertIDForm.SHA1) for n in (1, 2, 3)]
        store.postpone_answers(rows, int(time.time()) - 30)
        assert gauges() == (0, 1)
        store.postpone_answers(rows, int(time.time()) - 61)
        assert gauges() == (3, 1)


def test_a_new_configuration_is_shown_at_once(path: Path) -> None:
    """After a reload."""
    configured = _configured(_certificate(100))
    state = LiveState(lambda: _present(configured, path))
    assert [each.name for each in state.issuers()] == ["issuing-1"]
    configured = []
    assert (state.issuers(), state.signers()) == ([], [])


def test_another_store_is_read_after_a_reload(path: Path, tmp_path: Path) -> None:
    """At once: its counts, what is due, and the checks; then none."""
    other = tmp_path / "other.db"
    with SQLiteStore(other, create=True) as store:
        store.add(ROOT, 1)
    configured = _configured(_certificate(100))
    present = _present(configured, path)
    state = LiveState(lambda: present)
    checks = responder_checks(lambda: present, Totals(), list, ProcessClock())
    assert state.issuers()[0].counts == (2, 1, 0)
    assert _result(checks, "store") == (Level.OK, "")
    present = _present(configured, other)
    (issuer,), (store_view,) = state.issuers(), state.stores()
    assert (issuer.counts, issuer.source) == ((1, 0, 0), str(other))
    assert (store_view.place, store_view.problem) == (str(other), "")
    assert state.find(KEY, 2) is None
    other.unlink()
    with pytest.raises(StoreError, match=r"other\.db: the file does not exist"):
        _result(checks, "store")
    present = _present(configured, None)
    assert (state.issuers()[0].counts, state.stores()) == (None, [])
    assert "store" not in [each.name for each in checks()]


def test_the_signer_that_signs_now_is_known(path: Path) -> None:
    """It is the first one whose certificate is valid."""
    ended, present, later = (
        _certificate(-1, begin=-9),
        _certificate(5),
        _certificate(300),
    )
    configured = _configured(ended, present, later)
    state = LiveState(lambda: _present(configured, path))
    assert [each.signs_now for each in state.signers()] == [False, True, False]
    assert {each.issuers for each in state.signers()} == {("issuing-1",)}


def test_signers_with_the_same_common_name_have_different_names() -> None:
    """As while one replaces the other."""
    first, second, third = _certificate(5), _certificate(300), _certificate(5, "Other")
    names = signer_names([_authority(first, second), _authority(first)])
    assert len(set(names.values())) == 2
    assert all(name.startswith("Responder ") for name in names.values())
    other = Authority(ROOT, [KeySigner(key("Other"), third)])
    assert signer_names([other]) == {third: "Other"}


def test_a_certificate_has_its_answers_and_changes(path: Path) -> None:
    """As they are in the store."""
    authority = _authority(_certificate(100))
    with SQLiteStore(path) as store:
        found = store.find(KEY, 2)
        assert found is not None
        due = DueAnswer(
            StatusQuery(KEY, 2), CertIDForm.SHA1, found.record, found.version
        )
        store.add_signer(authority.signers[0].certificate)
        answer = Responder([authority]).presign(due, NOW)
        assert store.store_answers([answer], int(NOW.timestamp())) == 1
    state = LiveState(
        lambda: _present(
            [ConfiguredIssuer(name="issuing-1", authority=authority)], path
        )
    )
    view = state.find(KEY, 2)
    assert view is not None
    assert view.subject == "CN=leaf 2"
    assert [each.form for each in view.answers] == ["SHA-1"]
    whats = [change.what for change in view.changes]
    assert whats == ["revoked (keyCompromise)", "added as good"]
    assert state.find(KEY, 99) is None


def test_a_status_from_elsewhere_is_looked_up_there(path: Path) -> None:
    """Or the page says that it cannot be."""
    authority = _authority(_certificate(100))
    issuer = ConfiguredIssuer(name="partner", authority=authority, source="a CRL")
    state = LiveState(lambda: _present([issuer], path))
    assert (state.issuers()[0].source, state.issuers()[0].counts) == ("a CRL", None)
    with pytest.raises(SourceUnavailable, match="a CRL"):
        state.find(KEY, 1)
    record = StatusRecord.revoked(NOW)
    issuer = replace(issuer, look_up={StatusQuery(KEY, 1): record}.get)
    view = state.find(KEY, 1)
    assert view is not None
    assert (view.record, view.answers) == (record, ())
    assert state.find(KEY, 2) is None


def test_a_source_that_cannot_answer_fails(path: Path) -> None:
    """For example, the CRL has ended."""

    def look_up(query: StatusQuery) -> StatusRecord | None:
        raise SourceUnavailable(f"the CRL of {query.serial_number} has ended")

    issuer = ConfiguredIssuer(
        name="partner", authority=_authority(_certificate(100)), source="a CRL",
        look_up=look_up,
    )  # fmt: skip
    configured = [issuer]
    checks = _checks(configured, path)
    with pytest.raises(SourceUnavailable, match="has ended"):
        _result(checks, "source partner")
    configured[0] = replace(issuer, look_up={}.get)
    assert _result(checks, "source partner") == (Level.OK, "")


def test_a_store_that_is_gone_is_shown(path: Path) -> None:
    """With the reason, and without counts."""
    state = LiveState(
        lambda: _present(_configured(_certificate(100)), path.with_name("missing.db"))
    )
    (store,) = state.stores()
    assert "missing.db" in store.problem
    assert (store.size, store.answers_due) == (None, None)
    assert state.issuers()[0].counts is None


def test_a_responder_without_a_database_has_none() -> None:
    """All statuses come from elsewhere; nothing is missed."""
    issuer = replace(
        *_configured(_certificate(100)), name="partner", source="a CRL", look_up={}.get
    )
    state = LiveState(lambda: _present([issuer], None))
    assert (state.stores(), state.issuers()[0].counts) == ([], None)
    checks = _checks([issuer], None)
    names = [
        "source partner",
        "signer Responder",
        "clock",
        "processes",
        "configuration",
    ]
    assert [each.name for each in checks()] == names
    assert {each.test() for each in checks()} == {(Level.OK, "")}


def test_a_store_has_its_size(path: Path) -> None:
    """With its write-ahead log."""
    (store,) = LiveState(
        lambda: _present(_configured(_certificate(100)), path)
    ).stores()
    assert (store.problem, store.answers_due) == ("", 0)
    assert store.size is not None
    assert store.size >= path.stat().st_size


# --- checks ----------------------------------------------------------------------------


def _checks(
    configured: list[ConfiguredIssuer],
    path: Path | None,
    totals: Totals | None = None,
    clock: ProcessClock | None = None,
) -> Callable[[], list[Check]]:
    """Return the checks of issuers whose signers have no need of a test."""
    return responder_checks(
        lambda: _present(configured, path),
        totals or Totals(),
        lambda: None,
        clock or ProcessClock(),
    )


def _result(checks: Callable[[], list[Check]], name: str) -> tuple[Level, str]:
    return next(each for each in checks() if each.name == name).test()


def test_all_checks_of_a_good_responder_pass(path: Path) -> None:
    """One for the store, each signer, freshness, the clock and the processes."""
    checks = _checks(_configured(_certificate(100)), path)
    assert {each.name: each.test() for each in checks()} == {
        "store": (Level.OK, ""),
        "signer Responder": (Level.OK, ""),
        "freshness": (Level.OK, ""),
        "clock": (Level.OK, ""),
        "processes": (Level.OK, ""),
        "configuration": (Level.OK, ""),
    }


def test_a_deleted_store_fails(path: Path) -> None:
    """The check opens it anew."""
    checks = _checks(_configured(_certificate(100)), path.with_name("x"))
    with pytest.raises((SourceUnavailable, Exception), match="x"):
        _result(checks, "store")


@pytest.mark.parametrize(
    ("kept", "valkey", "hours", "level", "why"),
    [
        (0, None, 0, Level.FAILED, "the node has no copies"),
        (0, 0, 0, Level.FAILED, "the node has no copies"),
        (0, 1, 9, Level.DEGRADED, "the node answers with copies in Valkey"),
        (5, None, 7, Level.DEGRADED, "the node answers with copies in memory"),
        (5, 0, 9, Level.FAILED, "the node has no copies"),
    ],
)
def test_a_database_on_another_machine_may_be_away(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: int,
    valkey: int | None,
    hours: int,
    level: Level,
    why: str,
) -> None:
    """A node stays in service as long as it can have valid answers."""
    totals = Totals()
    metrics = Metrics(totals.add, process="worker-1")
    metrics.configure(issuers={}, signers={}, stores=[VALKEY])
    metrics.gauge(RESPONSE_CACHE_BYTES).value = kept
    if valkey is not None:
        metrics.gauge(STORE_UP, VALKEY).value = valkey
    metrics.flush()
    address = DatabaseAddress.read(f"postgresql://ocsp@/status?host={tmp_path}")
    configured = _configured(_certificate(100))
    checks = responder_checks(
        lambda: PresentConfiguration(
            issuers=configured, store=address, validity=datetime.timedelta(hours=8)
        ),
        totals,
        lambda: None,
        ProcessClock(),
    )
    _result(checks, "store")  # it notices that the database is away
    now = time.monotonic
    monkeypatch.setattr(checks_module.time, "monotonic", lambda: now() + hours * 3600)
    monkeypatch.setattr(totals, "_clock", now)
    found = _result(checks, "store")
    assert (found[0], found[1].startswith(why)) == (level, True)
    assert "status" in found[1]
    (store, *_) = (each for each in checks() if each.name == "store")
    assert store.late is level
    assert _result(checks, "freshness")[0] is Level.DEGRADED


def _health(
    days: int, state: SignerState = SignerState.READY, *problems: str
) -> SignerHealth:
    return _health_of(_certificate(days, begin=-9), state, *problems)


READY, FUTURE, ENDED = SignerState.READY, SignerState.FUTURE, SignerState.ENDED
FAILING, REFUSED = SignerState.FAILING, SignerState.REFUSED
LOST = SignerState.NOT_LOADED


@pytest.mark.parametrize(
    ("states", "level", "why"),
    [
        ([(3, READY)], Level.DEGRADED, "its certificate ends in"),
        ([(99, READY)], Level.OK, ""),
        ([(99, READY), (98, READY)], Level.OK, ""),
        ([(-1, ENDED)], Level.FAILED, "its certificate is valid from"),
        ([(-1, ENDED), (99, READY)], Level.DEGRADED, "its certificate is valid from"),
        ([(99, FUTURE)], Level.FAILED, "its certificate is valid from"),
        ([(99, FUTURE), (98, READY)], Level.OK, ""),
        ([(99, FAILING, "the token is away")], Level.FAILED, "the token is away"),
        ([(99, REFUSED, "no"), (98, READY)], Level.DEGRADED, "no"),
        ([(99, REFUSED, "no"), (98, FAILING)], Level.FAILED, "no"),
        ([(99, LOST)], Level.FAILED, "it was not tested yet"),
    ],
)  # fmt: skip
def test_a_signer_that_is_not_used_fails(
    path: Path,
    states: list[tuple[int, SignerState]],
    level: Level,
    why: str,
) -> None:
    """If another one signs, the responder is degraded only."""
    health = [_health(*each) for each in states]
    (first, *others) = health
    used = [each for each in others if each.state is READY] or health
    certificates = [each.certificate for each in used if each.certificate is not None]
    issuer = replace(_configured(*certificates)[0], signers=health)
    names = signer_names([issuer.authority])
    assert first.certificate is not None
    name = names.get(first.certificate, first.name)
    found, reason = _result(_checks([issuer], path), f"signer {name}")
    assert (found, why in reason) == (level, True)


@pytest.mark.parametrize(
    ("begin", "days", "alarm", "level"),
    [
        (0, 5, 14, Level.OK),
        (-4, 1, 14, Level.DEGRADED),
        (-66, 24, 30, Level.OK),
        (-68, 22, 30, Level.DEGRADED),
        (-300, 14, 14, Level.DEGRADED),
        (-300, 15, 14, Level.OK),
    ],
)
def test_a_signer_ends_soon_everywhere_at_the_same_time(
    path: Path, begin: int, days: int, alarm: int, level: Level
) -> None:
    """In the check, on the page, in the metrics and in the log: one function decides."""
    certificate = _certificate(days, begin=begin)
    configured = _configured(certificate)
    before = alarm * DAY
    state = LiveState(lambda: _present(configured, path, alarm=before))
    now = datetime.datetime.now(datetime.UTC)
    is_soon = level is Level.DEGRADED
    assert ends_soon(certificate, now, before) is is_soon
    (view,) = state.signers()
    assert view.ends_soon(now) is is_soon
    assert _signer_alert(state, now) is is_soon
    checks = responder_checks(
        lambda: _present(configured, path, alarm=before),
        Totals(),
        lambda: None,
        ProcessClock(),
    )
    assert _result(checks, "signer Responder")[0] is level


def _signer_alert(state: LiveState, now: datetime.datetime) -> bool:
    """Return whether the rule for Prometheus in docs/monitoring.md alerts."""
    totals = Totals()
    metrics = Metrics(
        totals.add, issuers={KEY: "issuing-1"}, signers={b"1": "Responder"}
    )
    snapshot = Snapshot(state.issuers(), state.signers(), state.stores())
    set_gauges(metrics, snapshot, [], now)
    metrics.flush()
    left, alarm = (
        totals.gauges(each)[("Responder",)] for each in (SIGNER_LEFT, SIGNER_ALARM)
    )
    return left <= alarm


def test_signers_are_tested_before_their_state_is_reported(path: Path) -> None:
    """The test can change it."""
    certificate = _certificate(99)
    configured = _configured(certificate)
    (ready,) = configured
    configured[0] = replace(ready, signers=[_health_of(certificate, LOST)])

    def test_signers() -> None:
        configured[0] = ready

    checks = responder_checks(
        lambda: _present(configured, path), Totals(), test_signers, ProcessClock()
    )
    assert _result(checks, "signer Responder") == (Level.OK, "")


def test_a_signer_that_was_never_loaded_has_its_check(path: Path) -> None:
    """By the name of its file: it has no certificate."""
    lost = replace(_health(99, LOST, "no such file"), certificate=None, name="a.pem")
    issuer = replace(_configured(_certificate(99))[0], signers=[_health(99), lost])
    found = _result(_checks([issuer], path), "signer a.pem")
    assert found == (Level.DEGRADED, "no such file")


def test_a_signer_of_several_issuers_fails_for_the_one_that_needs_it(
    path: Path,
) -> None:
    """The other issuer has another one."""
    failing = _health(99, FAILING, "the token is away")
    (first,) = _configured(_certificate(99))
    other = replace(first, name="issuing-2", signers=[failing, _health(98)])
    for issuers, level in (
        ([other], Level.DEGRADED),
        ([other, replace(first, signers=[failing])], Level.FAILED),
    ):
        checks = _checks(issuers, path)
        names = [each.name for each in checks() if each.name.startswith("signer ")]
        assert level in {_result(checks, each)[0] for each in names}


def test_overdue_answers_degrade(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answer waits for more than five minutes: the updater does not keep up."""
    checks = _checks(_configured(_certificate(100)), path)
    waiting = [DueAnswer(StatusQuery(KEY, 1), CertIDForm.SHA1, StatusRecord(), 1)]
    monkeypatch.setattr(SQLiteStore, "due_answers", lambda *_: waiting)
    now = [float(int(time.monotonic()))]  # a whole number: its sums are exact
    monkeypatch.setattr(checks_module.time, "monotonic", lambda: now[0])
    assert _result(checks, "freshness") == (Level.OK, "")
    now[0] += 200
    waiting.append(waiting[0]._replace(version=2))
    assert _result(checks, "freshness") == (Level.OK, "")
    now[0] += 200
    assert _result(checks, "freshness") == (
        Level.DEGRADED, "stored answers are overdue since 6 minutes 40 seconds",
    )  # fmt: skip
    del waiting[0]
    assert _result(checks, "freshness") == (Level.OK, "")


def test_silent_processes_degrade_or_fail(path: Path) -> None:
    """Without a worker clients get no answers."""
    now = [0.0]
    totals = Totals(clock=lambda: now[0])
    checks = _checks(_configured(_certificate(100)), path, totals)
    for process in ("updater", "worker-1", "worker-2"):
        totals.add(Report(process))
    now[0] = 10.0
    totals.add(Report("worker-2"))
    level, why = _result(checks, "processes")
    assert (level, "worker-1 has been silent for 10 seconds" in why) == (
        Level.DEGRADED,
        True,
    )
    now[0] = 20.0
    totals.add(Report("updater"))
    assert _result(checks, "processes")[0] is Level.FAILED


def test_a_refused_reload_degrades(path: Path) -> None:
    """Until another one is taken: the files say something else than is done."""
    totals = Totals()
    checks = _checks(_configured(_certificate(100)), path, totals)
    metrics = Metrics(totals.add, process="supervisor")
    for failed, level in ((1, Level.DEGRADED), (0, Level.OK)):
        metrics.gauge(CONFIG_RELOAD_FAILED).value = failed
        metrics.flush()
        found, why = _result(checks, "configuration")
        assert (found, "the log" in why) == (level, bool(failed))


def test_a_clock_that_differs_from_that_of_the_database_degrades(path: Path) -> None:
    """Nobody knows which one is wrong, so the nodes stay in service."""
    totals = Totals()
    checks = _checks(_configured(_certificate(100)), path, totals)
    for seconds, level in ((60.0, Level.OK), (90.0, Level.DEGRADED)):
        metrics = Metrics(totals.add, process="worker-1")
        metrics.gauge(DATABASE_CLOCK).value = seconds
        metrics.flush()
        found, why = _result(checks, "clock")
        assert found is level
    assert "differs from that of the database by 1 minute 30 seconds" in why


def test_a_step_of_seconds_degrades(path: Path) -> None:
    """Answers are signed all the same."""
    now = [NOW]
    clock = ProcessClock(lambda: now[0], lambda: 0.0)
    checks = _checks(_configured(_certificate(100)), path, clock=clock)
    now[0] += datetime.timedelta(seconds=6)
    why = "the clock jumped forward by 6 seconds"
    assert _result(checks, "clock") == (Level.DEGRADED, why)


@pytest.mark.parametrize(("seconds", "way"), [(3600, "forward"), (-3600, "back")])
def test_a_jump_of_the_clock_degrades(path: Path, seconds: int, way: str) -> None:
    """For some minutes."""
    now = [NOW.timestamp()]
    up = [0.0]
    clock = ProcessClock(
        lambda: datetime.datetime.fromtimestamp(now[0], datetime.UTC), lambda: up[0]
    )
    checks = _checks(_configured(_certificate(100)), path, clock=clock)
    assert _result(checks, "clock") == (Level.OK, "")
    now[0] += seconds
    why = f"the clock jumped {way} by 1 hour"
    left = ": nothing is signed for 5 minutes, or until it is set right"
    assert _result(checks, "clock") == (Level.DEGRADED, why + left)
    now[0] += 300
    up[0] += 300
    assert _result(checks, "clock") == (Level.DEGRADED, why)
    now[0] += checks_module.JUMP_SHOWN_SECONDS
    up[0] += checks_module.JUMP_SHOWN_SECONDS
    assert _result(checks, "clock") == (Level.OK, "")


# --- issuers whose answers others sign ------------------------------------------------


def _canned(*ends: float) -> IssuerElsewhere:
    """Return an offline CA whose responses, about a certificate each, end in days."""
    answers = [
        CannedAnswer(
            b"",
            frozenset({CertID.for_serial(ROOT, serial, SHA256())}),
            frozenset(),
            NOW - 9 * DAY,
            NOW + days * DAY,
            f"{serial}.der",
        )
        for serial, days in enumerate(ends)
    ]
    authority = CannedAuthority(ROOT, answers)
    return IssuerElsewhere(name="offline", authority=authority, source="signed")


FOREIGN = IssuerElsewhere(
    name="partner",
    authority=ForeignAuthority(ROOT, ["http://ocsp.example/"]),
    source="http://ocsp.example/",
)


def _check_elsewhere(
    issuer: IssuerElsewhere, totals: Totals | None = None
) -> tuple[str, Level, str]:
    checks = responder_checks(
        lambda: PresentConfiguration(elsewhere=[issuer]),
        totals or Totals(),
        lambda: None,
        ProcessClock(),
    )()
    (check,) = [each for each in checks if issuer.name in each.name]
    return check.name, *check.test()


@pytest.mark.parametrize(
    ("ends", "level", "why"),
    [
        ((15, 90), Level.OK, ""),
        ((90, 13.5), Level.DEGRADED, "1.der ends in 13 days"),
        ((90, -1), Level.DEGRADED, "1.der ended at"),
        ((-2, -1), Level.DEGRADED, "0.der ended at"),
        ((), Level.DEGRADED, "no response is valid now"),
    ],
)
def test_a_check_knows_when_the_responses_of_an_offline_ca_end(
    ends: tuple[float, ...], level: Level, why: str
) -> None:
    """It names the file: within the alarm, and after it."""
    name, found, reason = _check_elsewhere(_canned(*ends))
    assert (name, found) == ("signed offline", level)
    assert reason.startswith(why)


def test_a_check_says_how_the_last_request_to_another_responder_ended() -> None:
    """In whatever process; also how long ago."""
    totals = Totals()
    first = Metrics(totals.add, process="worker-1", issuers={KEY: "partner"})
    second = Metrics(totals.add, process="worker-2", issuers={KEY: "partner"})
    assert _check_elsewhere(FOREIGN, totals) == ("responders partner", Level.OK, "")
    first.gauge(FOREIGN_ANSWERED, "partner").value = time.time() - 200
    second.gauge(FOREIGN_FAILED, "partner").value = time.time() - 120
    first.flush()
    second.flush()
    _, level, why = _check_elsewhere(FOREIGN, totals)
    assert level is Level.DEGRADED
    assert "has failed, 2 minutes ago" in why
    first.gauge(FOREIGN_ANSWERED, "partner").value = time.time() - 60
    first.flush()
    assert _check_elsewhere(FOREIGN, totals)[1] is Level.OK


def test_issuers_whose_answers_others_sign_are_shown(path: Path) -> None:
    """Without counts; the end of an offline CA is a metric."""
    others = [_canned(5, 90), FOREIGN]
    state = LiveState(lambda: _present([], path, elsewhere=others))
    offline, partner = state.issuers()
    assert (offline.name, offline.source, offline.ends) == (
        "offline",
        "signed",
        NOW + 5 * DAY,
    )
    assert (partner.check, partner.counts, partner.ends) == (
        "responders partner",
        None,
        None,
    )
    with pytest.raises(SourceUnavailable, match="signed elsewhere"):
        state.find(KEY, 1)
    totals = Totals()
    metrics = Metrics(totals.add, issuers={KEY: "offline"})
    set_gauges(metrics, Snapshot([offline], [], []), [], NOW)
    metrics.flush()
    assert totals.gauges(CANNED_LEFT) == {("offline",): 5 * 86400.0}
    assert totals.gauges(SOURCE_UP) == {}
