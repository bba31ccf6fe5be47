"""Test the signers of a running responder: overlap, reload, tests, and failures."""

from __future__ import annotations

import asyncio
import datetime
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import ConfigError, SignerUnavailable, SourceUnavailable
from ocsp.guarded.files import exposure_of
from ocsp.responder import (
    Authority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.signers import (
    LoadedSigner,
    SignerSet,
    SignerSpec,
    SignerState,
    SignerTester,
    SigningSlots,
    managed_signer,
)
from tests.pki import DELEGATION, END, NOW, delegate_signer, key, make
from tests.unit.signers.files import key_pem, write_pair

SECOND = datetime.timedelta(seconds=1)
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
ISSUER = make(
    "Test CA",
    "Test CA",
    end=NOW + 1000 * DAY,
    extensions=[x509.BasicConstraints(ca=True, path_length=None)],
)


def _delegate(
    common: str = "Test Responder",
    *,
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime = NOW + 100 * DAY,
    issuer: str = "Test CA",
    extensions: Sequence[x509.ExtensionType] = DELEGATION,
    serial: int | None = None,
) -> x509.Certificate:
    return make(
        common, issuer, begin=begin, end=end, extensions=extensions, serial=serial
    )


class _Running:
    """A set of signers whose files the test changes."""

    def __init__(
        self,
        directory: Path,
        *certificates: x509.Certificate,
        source: StatusSource | None = None,
    ) -> None:
        self.specs = [
            write_pair(directory, key("Test Responder"), each, f"signer-{number}")
            for number, each in enumerate(certificates)
        ]
        self.set = SignerSet(self.specs, SignerTester(issuer=ISSUER, source=source))

    def load(self, now: datetime.datetime = NOW) -> None:
        asyncio.run(self.set.load(now))

    def update(self, now: datetime.datetime) -> bool:
        return asyncio.run(self.set.update(now))

    def replace(self, number: int, certificate: x509.Certificate) -> None:
        file = self.specs[number].certificate
        file.write_bytes(certificate.public_bytes(Encoding.PEM))

    @property
    def states(self) -> list[SignerState]:
        return [each.state for each in self.set.health()]

    @property
    def certificates(self) -> list[x509.Certificate]:
        return [each.certificate for each in self.set.signers]


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., _Running]:
    """Return a function that makes a set of signers from certificates."""

    def make_set(
        *certificates: x509.Certificate, source: StatusSource | None = None
    ) -> _Running:
        return _Running(tmp_path, *certificates, source=source)

    return make_set


Make = Callable[..., _Running]


def test_all_signers_that_can_be_used_sign_in_order(running: Make) -> None:
    """One that is not valid yet is among them, for its first second."""
    first, second = _delegate(), _delegate(begin=NOW + DAY)
    signers = running(first, second)
    signers.load()
    assert signers.certificates == [first, second]
    assert signers.states == [SignerState.READY, SignerState.FUTURE]
    authority = Authority(ISSUER, signers.set.signers)
    assert authority.signer_at(NOW) is signers.set.signers[0]


def test_health_says_what_an_operator_asks(running: Make) -> None:
    """Name, days left, the last test signature, how long it takes, and why not."""
    signers = running(_delegate(end=NOW + 10 * DAY), _delegate(end=NOW - SECOND))
    signers.load()
    ready, ended = signers.set.health()
    assert ready.name == "CN=Test Responder"
    assert ready.days_left(NOW) == 10
    assert ready.tested == NOW
    assert ready.seconds is not None
    assert ready.seconds < limits.MAX_INLINE_SIGNING_SECONDS
    assert ready.problems == ready.warnings == ()
    assert ended.state is SignerState.ENDED
    assert ended.days_left(NOW) == -1
    assert "no signer's certificate is valid" in ended.problems[0]


def test_the_alarm_comes_days_before_the_end_and_every_day(
    running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log once a day, and in the health."""
    signers = running(_delegate(end=NOW + 30 * DAY))
    signers.load()
    assert signers.set.health()[0].warnings == ()
    begin = NOW + 23 * DAY
    for hours in range(49):
        signers.update(begin + hours * 60 * MINUTE)
    lines = [each.message for each in caplog.records if "ends at" in each.message]
    assert len(lines) == 3
    assert lines[0].startswith(
        "CN=Test Responder: ready: the signer's certificate ends"
    )
    assert "replace it soon" in signers.set.health()[0].warnings[0]


def test_the_days_of_the_alarm_are_a_setting(tmp_path: Path) -> None:
    """A CA that takes a month to issue a certificate needs more than two weeks."""
    spec = write_pair(tmp_path, None, _delegate(end=NOW + 200 * DAY))
    for alarm, warnings in ((199 * DAY, 0), (40 * DAY, 0)):
        tester = SignerTester(issuer=ISSUER, alarm=alarm)
        signers = SignerSet([spec], tester)
        asyncio.run(signers.load(NOW))
        assert len(signers.health()[0].warnings) == warnings
        asyncio.run(signers.update(NOW + 165 * DAY))
        ends = [each for each in signers.health()[0].warnings if "ends at" in each]
        assert ends


def test_a_replaced_pair_is_loaded_and_swapped(running: Make) -> None:
    """The former signer still signs for requests that have it; then it is closed."""
    signers = running(_delegate())
    signers.load()
    (old,) = signers.set.signers
    new = _delegate()
    signers.replace(0, new)
    assert signers.update(NOW + SECOND)
    assert signers.certificates == [new]
    assert old.sign(b"data")
    assert not signers.update(NOW + 2 * SECOND)


def test_a_half_written_pair_keeps_the_former_one_and_says_so(
    running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the order of the files; the log says it once."""
    old = _delegate()
    signers = running(old)
    signers.load()
    own = key("another key")
    new = make("Test Responder", "Test CA", public=own, extensions=DELEGATION)
    spec = signers.specs[0]
    assert spec.key is not None
    steps: list[tuple[Path, bytes, str]] = [
        (
            spec.certificate,
            new.public_bytes(Encoding.PEM)[:300],
            "contains no certificate",
        ),
        (spec.certificate, new.public_bytes(Encoding.PEM), "is not the key of"),
        (spec.key, key_pem(own)[:100], "has no private key"),
    ]
    for number, (file, content, words) in enumerate(steps):
        file.write_bytes(content)
        caplog.clear()
        for tenths in range(10):
            now = NOW + (number + tenths / 10) * SECOND
            assert not signers.update(now)
        assert signers.certificates == [old]
        (health,) = signers.set.health()
        assert health.state is SignerState.READY
        (problem,) = health.problems
        assert problem.startswith("the changed files are not used: ")
        assert words in problem
        assert len(caplog.records) == 1
    spec.key.write_bytes(key_pem(own))
    assert signers.update(NOW + MINUTE)
    assert signers.certificates == [new]
    assert signers.set.health()[0].problems == ()


def test_a_certificate_that_begins_later_is_swapped_when_it_begins(
    running: Make,
) -> None:
    """A CA whose clock is ahead: there is no moment without a signer."""
    old, new = _delegate(), _delegate(begin=NOW + MINUTE)
    signers = running(old)
    signers.load()
    signers.replace(0, new)
    for seconds in range(60):
        assert not signers.update(NOW + seconds * SECOND)
        assert signers.certificates == [old]
    assert "is not valid before" in signers.set.health()[0].problems[0]
    for seconds in range(60, 91):
        signers.update(NOW + seconds * SECOND)
    assert signers.certificates == [new]
    assert signers.states == [SignerState.READY]


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (_delegate(issuer="Another CA"), "was issued by 'CN=Another CA'"),
        (_delegate(extensions=()), "does not have the extended key usage OCSPSigning"),
        (_delegate(end=NOW), "no signer's certificate is valid"),
    ],
)
def test_a_new_certificate_that_clients_would_reject_is_not_used(
    certificate: x509.Certificate, words: str, running: Make
) -> None:
    """The former one stays; the same certificate at the start is an error."""
    old = _delegate()
    signers = running(old)
    signers.load()
    signers.replace(0, certificate)
    assert not signers.update(NOW + SECOND)
    assert signers.certificates == [old]
    assert words in signers.set.health()[0].problems[0]
    alone = running(certificate)
    with pytest.raises(ConfigError, match="none can be used") as caught:
        alone.load(NOW + SECOND)
    assert words in str(caught.value)


class _Source:
    """A source whose records the test changes."""

    def __init__(self, *serials: int) -> None:
        self.records = dict.fromkeys(serials, StatusRecord())
        self.is_away = False

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        if self.is_away:
            raise SourceUnavailable("the database is locked")
        assert {each.issuer for each in queries} == {IssuerKey.of(ISSUER)}
        return [self.records.get(each.serial_number) for each in queries]


def test_a_revoked_signer_is_taken_out_of_use(running: Make) -> None:
    """Within a minute, by the source itself; the other one signs from then on."""
    first, second = _delegate(serial=71), _delegate(serial=72)
    source = _Source(71, 72)
    signers = running(first, second, source=source)
    signers.load()
    assert signers.certificates == [first, second]
    source.records[71] = StatusRecord.revoked(NOW)
    assert signers.update(NOW + MINUTE)
    assert signers.states == [SignerState.REFUSED, SignerState.READY]
    assert signers.certificates == [second]
    assert "was revoked at" in signers.set.health()[0].problems[0]
    source.records[71] = StatusRecord()  # it was on hold
    assert signers.update(NOW + 2 * MINUTE)
    assert signers.certificates == [first, second]


def test_the_last_signer_stays_but_refuses(running: Make) -> None:
    """The responder goes on: an authority needs a signer, clients get tryLater."""
    source = _Source(71)
    signers = running(_delegate(serial=71), source=source)
    signers.load()
    source.records[71] = StatusRecord.revoked(NOW)
    signers.update(NOW + MINUTE)
    (signer,) = signers.set.signers
    for minutes in range(2, 9):  # it is tested again and again, and stays the same
        assert not signers.update(NOW + minutes * MINUTE)
    assert signers.set.signers == (signer,)
    assert Responder([Authority(ISSUER, [signer])])
    with pytest.raises(SignerUnavailable, match=r"is out of use: .* was revoked at"):
        signer.sign(b"data")


def test_a_new_certificate_that_is_revoked_changes_nothing(running: Make) -> None:
    """Its status is not taken for that of the certificate in use."""
    old = _delegate(serial=71)
    source = _Source(71, 72)
    source.records[72] = StatusRecord.revoked(NOW)
    signers = running(old, source=source)
    signers.load()
    signers.replace(0, _delegate(serial=72))
    assert not signers.update(NOW + DAY - SECOND)
    assert "was revoked at" in signers.set.health()[0].problems[0]
    assert not signers.update(NOW + DAY)  # the daily test of the one in use
    assert signers.states == [SignerState.READY]
    assert signers.certificates == [old]


def test_a_source_that_is_away_changes_nothing(
    running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """What it said last counts, and the log says that it is away."""
    source = _Source(71)
    signers = running(_delegate(serial=71), source=source)
    signers.load()
    source.is_away = True
    assert not signers.update(NOW + MINUTE)
    assert signers.states == [SignerState.READY]
    assert "its status is not known: the database is locked" in caplog.text


def test_the_daily_test_finds_what_got_worse(
    running: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example rules that became stricter; no file has changed."""
    signers = running(_delegate(), _delegate(end=NOW + 50 * DAY))
    signers.load()
    monkeypatch.setattr(limits, "MAX_CURVE_BITS", 100)
    assert not signers.update(NOW + 23 * 60 * MINUTE)
    signers.update(NOW + DAY)
    assert signers.states == [SignerState.REFUSED] * 2
    monkeypatch.undo()
    assert not signers.update(NOW + DAY + 29 * SECOND)
    assert signers.states == [SignerState.REFUSED] * 2
    signers.update(NOW + DAY + 30 * SECOND)
    assert signers.states == [SignerState.READY] * 2


def test_the_end_of_a_signer_is_noticed_at_once(running: Make) -> None:
    """And so is the first second of the next."""
    old, new = _delegate(end=NOW + MINUTE), _delegate(begin=NOW + MINUTE)
    signers = running(old, new)
    signers.load()
    assert signers.certificates == [old, new]
    signers.update(NOW + MINUTE)
    assert signers.states == [SignerState.READY, SignerState.READY]
    assert signers.update(NOW + MINUTE + SECOND)
    assert signers.states == [SignerState.ENDED, SignerState.READY]
    assert signers.certificates == [new]


def test_a_clock_that_was_set_back_starts_the_tests_again(running: Make) -> None:
    """Not only when the clock has reached the last test again."""
    signers = running(_delegate(begin=NOW - 50 * DAY))
    signers.load()
    signers.update(NOW - 2 * DAY)
    assert signers.set.health()[0].tested == NOW - 2 * DAY


def test_readiness_tests_at_most_each_half_minute(running: Make) -> None:
    """However often the health is asked for."""
    signers = running(_delegate())
    signers.load()
    for seconds, tested in ((29, 0), (30, 30), (31, 30), (60, 60)):
        asyncio.run(signers.set.test(NOW + seconds * SECOND))
        assert signers.set.health()[0].tested == NOW + tested * SECOND


def test_a_key_that_every_user_can_read_is_a_warning(running: Make) -> None:
    """With what to do; the signer is used."""
    signers = running(_delegate())
    key_file = signers.specs[0].key
    assert key_file is not None
    key_file.chmod(0o644)
    signers.load()
    (health,) = signers.set.health()
    assert health.state is SignerState.READY
    (warning,) = health.warnings
    assert warning == exposure_of(key_file) != ""


def test_no_signer_at_all_is_refused() -> None:
    """The setting is named."""
    with pytest.raises(ConfigError, match="name at least one signer"):
        SignerSet([], SignerTester(issuer=ISSUER))


class _Token:
    """A token whose state the test sets."""

    def __init__(self) -> None:
        self.is_away = False
        self.hangs: threading.Event | None = None
        self.closed = 0
        self.is_closed = threading.Semaphore(0)
        self.certificate = _delegate(end=END)

    def load(self, spec: SignerSpec) -> LoadedSigner:
        if self.is_away:
            raise SignerUnavailable("token 'ocsp': the token failed")
        signer = delegate_signer()

        class Inside:
            certificate = self.certificate
            algorithm_identifier = signer.algorithm_identifier

            @staticmethod
            def sign(data: bytes) -> bytes:
                if self.is_away:
                    raise SignerUnavailable("token 'ocsp': the token failed")
                if self.hangs is not None:
                    self.hangs.wait(60)
                return signer.sign(data)

        return LoadedSigner(spec, Inside(), close=self.close)

    def close(self) -> None:
        self.closed += 1
        self.is_closed.release()


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Token]:
    """Let the signers with a URI be in a token of the test."""
    made = _Token()

    def load(spec: SignerSpec) -> LoadedSigner:
        return made.load(spec) if spec.pkcs11 else real(spec)

    real = managed_signer.load_signer
    monkeypatch.setattr(managed_signer, "load_signer", load)
    yield made
    if made.hangs is not None:
        made.hangs.set()


def _with_token(directory: Path, slots: SigningSlots | None = None) -> SignerSet:
    file = write_pair(directory, None, _delegate())
    in_token = SignerSpec(certificate=file.certificate, pkcs11="pkcs11:")
    tester = SignerTester(issuer=ISSUER, slots=slots or SigningSlots())
    return SignerSet([in_token, file], tester)


def test_another_signer_takes_over_while_a_token_is_away(
    token: _Token, tmp_path: Path
) -> None:
    """Also at the start; the token is tried again each half a minute."""
    signers = _with_token(tmp_path)
    token.is_away = True
    asyncio.run(signers.load(NOW))
    states = [each.state for each in signers.health()]
    assert states == [SignerState.FAILING, SignerState.READY]
    assert len(signers.signers) == 1
    token.is_away = False
    assert not asyncio.run(signers.update(NOW + 29 * SECOND))
    assert asyncio.run(signers.update(NOW + 30 * SECOND))
    assert len(signers.signers) == 2
    token.is_away = True
    assert asyncio.run(signers.test(NOW + MINUTE))
    assert len(signers.signers) == 1
    assert "the token failed" in signers.health()[0].problems[0]


def test_a_responder_begins_without_its_only_token(
    token: _Token, tmp_path: Path
) -> None:
    """Stored answers are still its own: it has the certificate."""
    spec = SignerSpec(
        certificate=write_pair(tmp_path).certificate, pkcs11="pkcs11:token=ocsp"
    )
    signers = SignerSet([spec], SignerTester(issuer=ISSUER))
    token.is_away = True
    asyncio.run(signers.load(NOW))
    (away,) = signers.signers
    with pytest.raises(SignerUnavailable, match="the token failed"):
        away.sign(b"data")
    assert Authority(ISSUER, signers.signers).signer_at(NOW) is away


def test_a_token_that_hangs_fails_its_test_and_no_other(
    token: _Token, tmp_path: Path
) -> None:
    """The test gives up at the deadline of a signature."""

    async def run() -> list[SignerState]:
        signers = _with_token(tmp_path, SigningSlots(deadline=0.05))
        await signers.load(NOW)
        token.hangs = threading.Event()
        await signers.test(NOW + MINUTE)
        return [each.state for each in signers.health()]

    assert asyncio.run(run()) == [SignerState.FAILING, SignerState.READY]


def test_loading_that_hangs_ends_at_its_limit(
    token: _Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network HSM that does not answer does not keep the other signers waiting."""
    monkeypatch.setattr(limits, "MAX_SIGNER_LOAD_SECONDS", 0.05)
    token.hangs = threading.Event()
    signers = _with_token(tmp_path)
    asyncio.run(signers.load(NOW))
    states = [each.state for each in signers.health()]
    assert states == [SignerState.FAILING, SignerState.READY]


def test_a_signer_that_loads_slowly_does_not_delay_the_others(
    token: _Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of updates waits as long as for a signature; the slow one goes on."""
    monkeypatch.setattr(limits, "MAX_SIGNING_SECONDS", 0.05)

    async def run() -> None:
        signers = _with_token(tmp_path)
        await signers.load(NOW)
        token.hangs = threading.Event()
        new, spec = _delegate(), signers.health()[1].spec
        spec.certificate.write_bytes(new.public_bytes(Encoding.PEM))
        assert await signers.update(NOW + SECOND)
        assert signers.signers[1].certificate == new
        assert signers.signers[0].certificate == token.certificate
        token.hangs.set()
        token.certificate = new
        await signers.update(NOW + 2 * SECOND)

    asyncio.run(run())


def test_replaced_sessions_are_closed_after_a_minute(
    token: _Token, tmp_path: Path
) -> None:
    """In a thread, because closing can hang too; and all of them at the end."""
    signers = _with_token(tmp_path)
    asyncio.run(signers.load(NOW))
    file = tmp_path / "responder.pem"
    file.write_bytes(file.read_bytes() + b"\n")
    asyncio.run(signers.update(NOW + SECOND))
    assert token.closed == 0
    asyncio.run(signers.update(NOW + SECOND + MINUTE))
    token.is_closed.acquire(timeout=60)
    assert token.closed == 1
    signers.close()
    assert token.closed == 2


def test_a_pin_is_not_sent_again_and_again(
    token: _Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token locks itself after a few wrong PINs; a changed file is a new attempt."""
    sent = []

    def refuse(spec: SignerSpec) -> LoadedSigner:
        if spec.pkcs11 is None:
            return real(spec)
        sent.append(spec)
        raise ConfigError("pin", "was refused by the token")

    real = managed_signer.load_signer
    monkeypatch.setattr(managed_signer, "load_signer", refuse)
    signers = _with_token(tmp_path)
    asyncio.run(signers.load(NOW))
    for minutes in range(10):
        asyncio.run(signers.update(NOW + minutes * MINUTE))
    assert len(sent) == 1
    file = tmp_path / "responder.pem"
    file.write_bytes(file.read_bytes() + b"\n")
    asyncio.run(signers.update(NOW + 11 * MINUTE))
    assert len(sent) == 2


def test_every_change_of_a_state_is_logged(
    running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """With the name, the state, and why."""
    caplog.set_level(logging.INFO, "ocsp.signers")
    source = _Source(71)
    signers = running(_delegate(serial=71), source=source)
    signers.load()
    source.records[71] = StatusRecord.revoked(NOW)
    signers.update(NOW + MINUTE)
    lines = [each.message for each in caplog.records]
    assert lines[0] == "CN=Test Responder: ready"
    assert lines[1].startswith(
        "CN=Test Responder: refused: the signer's certificate was"
    )
