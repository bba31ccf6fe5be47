"""
Newest wins, always: a model of clients, caches and a stapler under attack.

The clock of this machine jumps. The network sends any answer that was ever signed, in
any order, or nothing. Whatever happens, no outcome and no staple is older than the
newest answer that its cache or file has accepted, and *good* never follows a newer
*revoked*. The model compares the times that the responder signed; it does not use the
code that it tests.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import (
    Cache,
    CheckStatus,
    CRLFallback,
    Environment,
    FailMode,
    HTTPReply,
    HTTPRequest,
    MemoryCache,
    Options,
    Outcome,
    SendNonce,
    Source,
    SQLiteCache,
)
from ocsp.client.core import Core
from ocsp.client.engine import threads
from ocsp.errors import RevokedBefore, RevokedButStale
from ocsp.stapling import STAPLE_OPTIONS, Site, StapleEvent, Stapler
from tests.crls import crl, entry
from tests.pki import NOW, ca
from tests.unit.client.scene import HOUR, SERIAL, A, certificate, reply, response
from tests.unit.stapling.scripted_stapler import write_site

GOOD, REVOKED, UNKNOWN = OCSPCertStatus
NONCE = bytes(range(32))
LIST = "http://d.example/ca.crl"
POINT = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST)], None, None, None)
CERT = certificate(A, extensions=[x509.CRLDistributionPoints([POINT])])
OPTIONS = Options(
    crl_fallback=CRLFallback.WHEN_INDETERMINATE,
    retries=0,
    negative_cache_ttl=datetime.timedelta(microseconds=1),
)
NOTHING = HTTPReply(status=404, headers=(), body=b"")
answers = st.one_of(st.just(0), st.integers(0, 8), st.none())
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"cache_control": "no-store"},
    {"cache_control": "max-age=0"},
    {"cache_control": "max-age=3600"},
    {"cache_control": "max-age=99999999"},
)


class Signed(NamedTuple):
    """What the CA signed: a response, or a CRL. The greater of two is the newer."""

    this_update: datetime.datetime
    is_revoked: bool
    status: OCSPCertStatus
    end: datetime.datetime
    der: bytes

    @property
    def age(self) -> tuple[datetime.datetime, bool]:
        """The order of the model: *revoked* is newer at the same thisUpdate."""
        return self.this_update, self.is_revoked


class Network:
    """A transport that the attacker controls."""

    def __init__(self) -> None:
        self.response = NOTHING
        self.crl = NOTHING
        self.meanwhile: Callable[[], None] | None = None

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Return what the attacker has chosen, after what happens meanwhile."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if not request.url.startswith(LIST):
            return self.response
        if request.save_to is None:
            return self.crl
        request.save_to.write(self.crl.body)
        return replace(self.crl, body=b"")

    def close(self) -> None:
        """Do nothing: no connection is open."""


@dataclass
class Accepted:
    """What the clients of one cache, or one staple file, have accepted."""

    newest: Signed | None = None
    kept: Signed | None = None
    """The newest answer, if the cache was allowed to keep it."""

    clients: list[Core] = field(default_factory=list)

    def judge(self, found: Signed) -> None:
        """Compare an answer with the newest one, and remember it."""
        if self.newest is not None:
            assert found.age >= self.newest.age, f"{found[:3]} < {self.newest[:3]}"
        if found.status is not UNKNOWN:
            self.newest = found

    def note_ended(self, this_update: object) -> None:
        """Remember a revocation that had ended when a client saw it."""
        assert isinstance(this_update, datetime.datetime)
        found = Signed(this_update, True, REVOKED, this_update, b"")
        if self.newest is None or found.age > self.newest.age:
            self.newest, self.kept = found, None


class NewestWins(RuleBasedStateMachine):
    """The clients, the attacker, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.real = NOW
        self.lie = 0 * HOUR
        self.readings = 0
        self.network = Network()
        self.signed: list[Signed] = []
        self.lists: list[Signed] = []
        self.environment = Environment(
            now=self.now,
            monotonic=self.seconds,
            fraction=lambda: 0.5,
            octets=lambda count: NONCE[:count],
        )
        self.memory = MemoryCache()
        self.files = [SQLiteCache(self.path / "answers.db") for _ in range(2)]
        self.accepted = [Accepted(), Accepted()]
        for _ in range(2):
            self.accepted[0].clients.append(self.core(self.memory))
        for each in self.files:
            self.accepted[1].clients.append(self.core(each))
        self.site = Site(write_site(self.path / "site.pem", CERT, ca()))
        self.staple = Accepted()
        self.stapler = self.new_stapler()
        self.has_looked = False

    def now(self) -> datetime.datetime:
        """Return what the clock of this machine says."""
        return self.real + self.lie

    def seconds(self) -> float:
        """Return what the monotonic clock says, which never stands still."""
        self.readings += 1
        return (self.real - NOW).total_seconds() + self.readings / 1000

    def core(self, cache: Cache) -> Core:
        """Return a client."""
        return Core(OPTIONS, cache, self.environment)

    def new_stapler(self) -> Stapler:
        """Return a stapler, as a new process has it."""
        return Stapler(
            [self.site],
            options=replace(STAPLE_OPTIONS, retries=0),
            transport=self.network,
            environment=self.environment,
        )

    def teardown(self) -> None:
        """Close all files."""
        for each in self.files:
            each.close()
        self.folder.cleanup()

    # --- the CA and the clock ---

    @initialize()
    def begin(self) -> None:
        """Sign one response and one CRL, so that there is something to send."""
        self.sign(GOOD, 24, 0)
        self.sign_crl(revoked=False, life=24)

    @rule(minutes=st.sampled_from([1, 30, 60, 300, 700, 1500]))
    def time_passes(self, minutes: int) -> None:
        """Let the real time go on."""
        self.real += datetime.timedelta(minutes=minutes)

    @rule(hours=st.one_of(st.just(0), st.just(0), st.integers(-60, 60)))
    def set_clock(self, hours: int) -> None:
        """Set the clock; 0 sets it right."""
        self.lie = hours * HOUR

    @rule(
        status=st.sampled_from([GOOD, GOOD, REVOKED, REVOKED, UNKNOWN]),
        life=st.sampled_from([1, 6, 24, 90]),
        lag=st.sampled_from([0, 0, 0, 1, 5]),
    )
    def sign(self, status: OCSPCertStatus, life: int, lag: int) -> None:
        """Sign a response, with data that may be some hours old."""
        begin = self.real - lag * HOUR
        end = begin + life * HOUR
        der = response(status, begin=begin, end=end, revoked_at=NOW - 90 * HOUR)
        self.signed.append(Signed(begin, status is REVOKED, status, end, der))

    @rule(revoked=st.booleans(), life=st.sampled_from([6, 24, 90]))
    def sign_crl(self, revoked: bool, life: int) -> None:
        """Sign a CRL."""
        begin, end = self.real, self.real + life * HOUR
        listed = [entry(SERIAL)] if revoked else []
        der = crl(*listed, begin=begin, end=end, number=len(self.lists) + 1)
        status = REVOKED if revoked else GOOD
        self.lists.append(Signed(begin, revoked, status, end, der))

    # --- the attacker ---

    def send(self, answer: int | None, headers: dict[str, str]) -> None:
        """Let the network send one of the latest responses (0: the last) or nothing."""
        self.network.response = NOTHING
        if answer is not None:
            which = max(0, len(self.signed) - 1 - answer)
            self.network.response = reply(self.signed[which].der, **headers)

    @rule(which=st.one_of(st.none(), st.integers(0, 5)))
    def send_crl(self, which: int | None) -> None:
        """Let the network send one of the latest CRLs (0: the last) or nothing."""
        self.network.crl = NOTHING
        if which is not None:
            der = self.lists[max(0, len(self.lists) - 1 - which)].der
            self.network.crl = reply(der)

    # --- the clients ---

    @rule(
        which=st.integers(0, 1),
        client=st.integers(0, 1),
        answer=answers,
        headers=st.sampled_from(HEADERS),
    )
    def check(
        self, which: int, client: int, answer: int | None, headers: dict[str, str]
    ) -> None:
        """Check the certificate with a client."""
        self.send(answer, headers)
        accepted = self.accepted[which]
        outcome = self.run(accepted, client, None)
        self.network.meanwhile = None
        if outcome.evidence is None:
            self.judge_failure(accepted, outcome)
            return
        found = self.find(outcome)
        newer = accepted.newest is None or found.age > accepted.newest.age
        accepted.judge(found)
        assert outcome.evidence.holds_until + HOUR / 6 > self.now()
        if newer or accepted.kept is None:
            forbidden = self.network.response.header("cache-control") == "no-store"
            is_kept = outcome.source is Source.RESPONDER and not forbidden
            accepted.kept = found if is_kept and found.status is not UNKNOWN else None

    @rule(
        which=st.integers(0, 1),
        client=st.integers(0, 1),
        answer=answers,
        other_answer=answers,
    )
    def check_during_a_check(
        self, which: int, client: int, answer: int | None, other_answer: int | None
    ) -> None:
        """Check with a client while another one waits for its answer."""

        def meanwhile() -> None:
            self.check(which=which, client=1 - client, answer=other_answer, headers={})
            self.send(answer, {})

        self.network.meanwhile = meanwhile
        self.check(which=which, client=client, answer=answer, headers={})

    @rule(which=st.integers(0, 1), client=st.integers(0, 1), answer=st.integers(0, 8))
    def put_late(self, which: int, client: int, answer: int) -> None:
        """Let a process put an answer that it has verified long ago."""
        found = self.signed[max(0, len(self.signed) - 1 - answer)]
        evidence = ocsp.verify(found.der, CERT, ca(), at=found.this_update)
        cache = self.memory if which == 0 else self.files[client]
        if cache.put(evidence.canonical_cert_id, evidence, found.end):
            self.accepted[which].judge(found)
            self.accepted[which].kept = found

    def judge_failure(self, accepted: Accepted, outcome: Outcome) -> None:
        """Without a status, a remembered revocation counts in both modes."""
        assert outcome.status is CheckStatus.INDETERMINATE
        newest, now = accepted.newest, self.now()
        if newest is not None and newest.is_revoked:
            with pytest.raises((RevokedBefore, RevokedButStale)):
                outcome.require_good(FailMode.UNSAFE_SOFT)
        if accepted.kept is not None and accepted.kept == newest:
            assert not accepted.kept.this_update <= now < accepted.kept.end
        sent = [each for each in self.signed if each.der == self.network.response.body]
        for each in sent:  # a newest answer that is valid is never refused
            is_newest = newest is None or each.age > newest.age
            assert not (is_newest and each.this_update <= now < each.end)

    @rule(
        which=st.integers(0, 1),
        status=st.sampled_from([GOOD, REVOKED]),
        lag=st.sampled_from([0, 1, 5]),
    )
    def check_with_nonce(self, which: int, status: OCSPCertStatus, lag: int) -> None:
        """Let a responder whose data may be old sign an answer for this request."""
        begin, end = self.real - lag * HOUR, self.real + 12 * HOUR
        der = response(
            status, begin=begin, end=end, nonce=NONCE, revoked_at=NOW - 90 * HOUR
        )
        self.network.response = reply(der)
        accepted = self.accepted[which]
        outcome = self.run(accepted, 0, SendNonce.ALWAYS)
        if outcome.evidence is None:
            return
        found = self.find(outcome, Signed(begin, status is REVOKED, status, end, der))
        newest = accepted.newest
        if newest is not None and found.age < newest.age:
            assert found.status is newest.status
            return
        if newest is None or found.age > newest.age:
            accepted.kept = None
        accepted.judge(found)

    def run(self, accepted: Accepted, client: int, nonce: SendNonce | None) -> Outcome:
        """Return the outcome of one check, and note the revocations that have ended."""
        core = accepted.clients[client]
        flow = core.check(core.request(CERT, ca(), None), nonce)
        outcome = threads.drive(flow, lambda: self.network, lambda _: None)
        assert isinstance(outcome, Outcome)
        for attempt in outcome.attempts:
            if isinstance(attempt.error, RevokedButStale):
                accepted.note_ended(attempt.error.this_update)
        return outcome

    def find(self, outcome: Outcome, *more: Signed) -> Signed:
        """Return what was signed, by the octets or by the times of the evidence."""
        evidence = outcome.evidence
        if isinstance(evidence, ocsp.VerifiedResponse):
            der = evidence.response.public_bytes(Encoding.DER)
            return next(each for each in (*self.signed, *more) if each.der == der)
        assert evidence is not None
        return next(
            each
            for each in self.lists
            if (each.this_update, each.status, each.end)
            == (evidence.this_update, evidence.status, evidence.next_update)
        )

    @rule(which=st.integers(0, 1), client=st.integers(0, 1))
    def restart_client(self, which: int, client: int) -> None:
        """Put a new process in the place of a client; its cache stays."""
        cache: Cache = self.memory
        if which == 1:
            self.files[client].close()
            cache = self.files[client] = SQLiteCache(self.path / "answers.db")
        self.accepted[which].clients[client] = self.core(cache)

    # --- the stapler ---

    @rule(answer=answers)
    def renew_staple(self, answer: int | None) -> None:
        """Take a step of the stapler when a staple is due."""
        self.step(answer, now=False)

    @rule(answer=answers)
    def renew_staple_now(self, answer: int | None) -> None:
        """Take a step of the stapler that renews the staple."""
        self.step(answer, now=True)

    @rule(answer=answers)
    def restart_and_renew(self, answer: int | None) -> None:
        """Take a step with a new stapler that finds the file of the former one."""
        self.restart_stapler()
        self.step(answer, now=True)

    def step(self, answer: int | None, *, now: bool) -> None:
        """Take a step, and compare the file with what was there."""
        self.send(answer, {})
        self.has_looked = True
        file = self.site.staple_file
        before = file.read_bytes() if file.exists() else b""
        (report,) = self.stapler.step(now=now)
        after = file.read_bytes() if file.exists() else b""
        assert (before != after) is (report.event is StapleEvent.WRITTEN)
        if before != after:
            self.staple.judge(next(each for each in self.signed if each.der == after))

    @rule()
    def restart_stapler(self) -> None:
        """Start a new process, which finds the file of the former one."""
        newest = self.staple.newest
        if newest is not None and self.site.staple_file.read_bytes() != newest.der:
            self.staple = Accepted()  # what another program wrote says nothing
        self.has_looked = False
        self.stapler = self.new_stapler()

    @rule(content=st.sampled_from([b"", b"no response", response(serial=7)]))
    def damage_staple(self, content: bytes) -> None:
        """Another program writes the file; the stapler remembers what it has seen."""
        if not self.has_looked:
            self.staple = Accepted()
        self.site.staple_file.write_bytes(content)

    @rule()
    def lose_staple(self) -> None:
        """Delete the file and start a new process, which knows nothing."""
        self.staple = Accepted()
        self.site.staple_file.unlink(missing_ok=True)
        self.restart_stapler()


TestNewestWins = NewestWins.TestCase
TestNewestWins.settings = settings(
    max_examples=settings().max_examples // 2, stateful_step_count=50
)
