"""An answer that is older than the newest verified one proves nothing new."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

import ocsp
from ocsp import KeySigner, OCSPCertStatus, limits
from ocsp.client import (
    Cache,
    CachedAnswer,
    CheckStatus,
    CRLFallback,
    FailMode,
    HTTPReply,
    HTTPRequest,
    MemoryCache,
    Options,
    Outcome,
    Reason,
    SendNonce,
    Source,
    SQLiteCache,
)
from ocsp.client.checking import flow
from ocsp.client.checking.responder_exchange import Attempted
from ocsp.client.engine.effects import Flow
from ocsp.errors import OlderThanKnown, RevokedBefore, RevokedButStale
from tests.crls import crl, entry, scope
from tests.pki import DELEGATION, NOW, ca, key, make
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    B,
    Clock,
    Play,
    Reply,
    Script,
    certificate,
    reply,
    response,
)

GOOD, REVOKED, UNKNOWN = OCSPCertStatus
SECOND = datetime.timedelta(seconds=1)
BROKEN = ocsp.errors.TransportError(A, "connection reset")
NONCE = bytes(range(32))
LIST = "http://d.example/ca.crl"
FALLBACK = Options(crl_fallback=CRLFallback.WHEN_INDETERMINATE, retries=0)


def _reply(
    status: OCSPCertStatus, begin: float, end: float, **headers: str
) -> HTTPReply:
    """Return an answer that is valid from *begin* to *end* hours after ``NOW``."""
    return reply(
        response(status, begin=NOW + begin * HOUR, end=NOW + end * HOUR), **headers
    )


def _nonced(status: OCSPCertStatus, begin: float, end: float) -> HTTPReply:
    answer = response(
        status, begin=NOW + begin * HOUR, end=NOW + end * HOUR, nonce=NONCE
    )
    return reply(answer)


def _list(
    *serials: int, begin: float = -1, end: float = 12, number: int = 5
) -> HTTPReply:
    """Return a CRL that lists *serials*."""
    listed = [entry(serial) for serial in serials]
    der = crl(*listed, begin=NOW + begin * HOUR, end=NOW + end * HOUR, number=number)
    return reply(der, content_type="application/pkix-crl")


def _point(url: str) -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([name], None, None, None)]
    )


LISTED = certificate(A, extensions=[_point(LIST)])
"""A certificate that names a responder and a CRL."""

OLD_GOOD = _reply(GOOD, -2, 48)
NEW_REVOKED = _reply(REVOKED, -1, 12)


@pytest.fixture(name="cache", params=["memory", "file"])
def _cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache]:
    if request.param == "memory":
        yield MemoryCache()
    else:
        with SQLiteCache(tmp_path / "answers.db") as cache:
            yield cache


def _assert_older(outcome: Outcome) -> None:
    """Expect the reason that a newer *revoked* is known; no mode accepts it."""
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.reason is Reason.OLDER_THAN_KNOWN
    assert isinstance(outcome.failure, OlderThanKnown)
    assert outcome.failure.known_revoked
    assert outcome.failure.this_update <= outcome.failure.known_this_update
    for fail in FailMode:
        with pytest.raises(RevokedBefore, match="says revoked"):
            outcome.require_good(fail)


# --- an older good after a revoked ----------------------------------------------------


@pytest.mark.parametrize("hours", [0.1, 9, 11.9])
def test_revoked_stays_the_outcome_while_it_is_valid(
    driver: str, cache: Cache, hours: float
) -> None:
    """Before and during the refresh of the cached answer."""
    play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD]}, cache=cache)
    assert play.check().status is CheckStatus.REVOKED
    play.clock.seconds = hours * 3600
    for _ in range(3):
        outcome = play.check()
        assert (outcome.status, outcome.source) == (CheckStatus.REVOKED, Source.CACHE)


@pytest.mark.parametrize("hours", [13, -1.5])
def test_an_older_good_is_no_evidence_when_revoked_is_not_valid(
    driver: str, cache: Cache, hours: float
) -> None:
    """Revoked has ended, or the clock was set back to before its thisUpdate."""
    play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD]}, cache=cache)
    play.check()
    play.clock.seconds = hours * 3600
    for _ in range(3):
        _assert_older(play.check())


@pytest.mark.parametrize(
    "older",
    [
        _reply(GOOD, -1, 48),
        _reply(GOOD, -1 - 1 / 3600, 48),
        _reply(GOOD, -90, 48),
        reply(response(begin=NOW - 2 * HOUR, end=None)),
        _reply(GOOD, -2, 48, cache_control="max-age=999999"),
    ],
    ids=["same thisUpdate", "one second", "days", "no nextUpdate", "max-age"],
)
def test_every_older_good_is_refused(driver: str, older: HTTPReply) -> None:
    """By how much it is older, and what says that it is fresh, does not matter."""
    policy = ocsp.Policy(
        missing_next_update=ocsp.MissingNextUpdate.WITHIN_MAX_AGE,
        max_age=datetime.timedelta(days=9),
    )
    play = Play(driver, {A: [NEW_REVOKED, older]}, Options(policy=policy))
    play.check()
    play.clock.seconds = 12 * 3600
    _assert_older(play.check())


def test_revoked_is_remembered_if_http_forbids_to_keep_it(
    driver: str, cache: Cache
) -> None:
    """HTTP headers are not signed. An older good in the cache is not used again."""
    revoked = _reply(REVOKED, -1, 12, cache_control="no-store")
    play = Play(driver, {A: [_reply(GOOD, -2, 10), revoked, OLD_GOOD]}, cache=cache)
    assert play.check().status is CheckStatus.GOOD
    play.clock.seconds = 9.9 * 3600
    assert play.check().status is CheckStatus.REVOKED
    _assert_older(play.check())
    play.script.replies[A] = [BROKEN]
    play.clock.seconds += 60
    outcome = play.check()
    assert outcome.reason is Reason.TRANSPORT
    with pytest.raises(RevokedBefore):
        outcome.require_good(FailMode.UNSAFE_SOFT)


@pytest.mark.parametrize("later", [OLD_GOOD, BROKEN], ids=["older", "broken"])
@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_an_answer_with_max_age_0_is_used_if_there_is_no_newer_one(
    driver: str, cache: Cache, status: OCSPCertStatus, later: HTTPReply | Exception
) -> None:
    """RFC 9111 §5.2.2.1: the client asks first. The answer itself is valid longer."""
    first = _reply(status, -1, 12, cache_control="max-age=0")
    play = Play(driver, {A: [first, first, later]}, Options(retries=0), cache)
    for source in (Source.RESPONDER, Source.RESPONDER, Source.CACHE):
        outcome = play.check()
        assert outcome.source is source
        assert outcome.status.value == status.name.lower()
    play.clock.seconds = 13 * 3600
    assert play.check().status is CheckStatus.INDETERMINATE


def test_revoked_in_an_answer_with_a_nonce_is_remembered(
    driver: str, cache: Cache
) -> None:
    """The older good in the cache is valid, but is not used again."""
    play = Play(
        driver, {A: [OLD_GOOD, _nonced(REVOKED, -1, 12), OLD_GOOD]}, cache=cache
    )
    assert play.check().status is CheckStatus.GOOD
    assert play.check(nonce=SendNonce.ALWAYS).status is CheckStatus.REVOKED
    _assert_older(play.check())


def test_an_older_good_with_the_nonce_of_the_request_is_refused(
    driver: str, cache: Cache
) -> None:
    """A responder whose data is older than what another one has signed."""
    play = Play(driver, {A: [NEW_REVOKED, _nonced(GOOD, -2, 48)]}, cache=cache)
    play.check()
    _assert_older(play.check(nonce=SendNonce.ALWAYS))


def test_clients_that_share_a_cache_share_what_is_the_newest(
    driver: str, cache: Cache
) -> None:
    """The other client never saw the newer answer itself."""
    Play(driver, {A: [NEW_REVOKED]}, cache=cache).check()
    other = Play(driver, {A: [OLD_GOOD]}, cache=cache)
    other.clock.seconds = 13 * 3600
    _assert_older(other.check())


def test_a_refresh_during_which_another_client_learns_of_a_revocation(
    cache: Cache,
) -> None:
    """The outcome is the revocation, not the good that the refresh began with."""
    other = Play("threads", {A: [_reply(REVOKED, 10, 60)]}, cache=cache)
    other.clock.seconds = 11.9 * 3600

    def answer(_: object) -> HTTPReply:
        other.check()
        return _reply(GOOD, -1, 24)

    play = Play("threads", {A: [_reply(GOOD, -1, 12), answer]}, cache=cache)
    play.check()
    other.core.environment = play.core.environment
    play.clock.seconds = 11.9 * 3600
    outcome = play.check()
    assert (outcome.status, outcome.source) == (CheckStatus.REVOKED, Source.CACHE)


def test_check_chain_refuses_older_answers(driver: str, cache: Cache) -> None:
    """Like check, for each certificate."""
    play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD]}, cache=cache)
    chain = [certificate(A), ca()]
    assert play.check_chain(chain).outcomes[0].status is CheckStatus.REVOKED
    play.clock.seconds = 13 * 3600
    report = play.check_chain(chain)
    _assert_older(report.outcomes[0])
    with pytest.raises(RevokedBefore):
        report.require_good(FailMode.UNSAFE_SOFT)


def test_check_many_refuses_older_answers(cache: Cache) -> None:
    """Like check; the other certificates are not affected."""

    def other(_: HTTPRequest) -> HTTPReply:
        return reply(response(serial=9))

    clock = Clock()
    script = Script({A: [NEW_REVOKED, OLD_GOOD], B: [other]})
    client = ocsp.Client(cache=cache, transport=script, environment=clock.environment())
    pairs = [(certificate(A), ca()), (certificate(B, serial=9), ca())]
    first, _ = client.check_many(pairs)
    assert first.status is CheckStatus.REVOKED
    clock.seconds = 13 * 3600
    older, fine = client.check_many(pairs)
    _assert_older(older)
    assert fine.status is CheckStatus.GOOD


def test_soft_fail_does_not_accept_what_was_revoked_before(
    driver: str, cache: Cache
) -> None:
    """An attacker who blocks the requests waits for the end of the revocation."""
    play = Play(driver, {A: [NEW_REVOKED, BROKEN]}, Options(retries=0), cache)
    play.check()
    play.clock.seconds = 13 * 3600
    outcome = play.check()
    assert outcome.reason is Reason.TRANSPORT
    assert outcome.known is not None
    assert outcome.known.is_revoked
    for fail in FailMode:
        with pytest.raises(RevokedBefore) as caught:
            outcome.require_good(fail)
        assert caught.value.this_update == NOW - HOUR


# --- revocations that are only too old -------------------------------------------------


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_a_revocation_that_has_ended_counts_against_an_older_good(
    driver: str, cache: Cache, order: tuple[str, str]
) -> None:
    """Nobody saw it while it was valid. The same client asks both responders."""
    stale, older = _reply(REVOKED, -9, -1), _reply(GOOD, -10, 48)
    play = Play(driver, {A: [stale], B: [older]}, Options(retries=0), cache)
    play.check(certificate(A))
    outcome = play.check(certificate(*order))
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.known is not None
    assert outcome.known.is_revoked
    with pytest.raises((RevokedBefore, RevokedButStale)):
        outcome.require_good(FailMode.UNSAFE_SOFT)
    play.script.replies[A] = [_reply(GOOD, -8, 48)]
    play.clock.seconds = 60
    assert play.check(certificate(A)).status is CheckStatus.GOOD


@pytest.mark.parametrize(
    ("end", "policy"),
    [
        (NOW - HOUR, ocsp.Policy()),
        (None, ocsp.Policy(max_age_without_next_update=8 * HOUR)),
        (NOW + HOUR, ocsp.Policy(max_age=8 * HOUR)),
    ],
    ids=["nextUpdate", "without nextUpdate", "age"],
)
def test_a_revocation_that_has_ended_counts_if_its_delegate_is_younger(
    driver: str, end: datetime.datetime | None, policy: ocsp.Policy
) -> None:
    """It was valid from the beginning of the certificate of the delegate on."""
    owner = "Test Responder"
    extensions = DELEGATION[0], DELEGATION[1]
    young = make(owner, "Test CA", extensions=extensions, begin=NOW - 5 * HOUR)
    stale = response(
        REVOKED, begin=NOW - 9 * HOUR, end=end, signer=KeySigner(key(owner), young)
    )
    older = response(begin=NOW - 10 * HOUR, end=NOW + 48 * HOUR)
    options = Options(retries=0, policy=policy)
    play = Play(driver, {A: [reply(stale)], B: [reply(older)]}, options)
    assert isinstance(play.check(certificate(A)).failure, RevokedButStale)
    play.core.options = replace(options, policy=ocsp.Policy())
    outcome = play.check(certificate(B))
    assert outcome.reason is Reason.OLDER_THAN_KNOWN
    assert outcome.known is not None
    assert outcome.known.is_revoked


def test_an_older_revocation_that_has_ended_says_nothing(
    driver: str, cache: Cache
) -> None:
    """The CA has lifted the hold; only soft-fail accepts the certificate."""
    play = Play(
        driver, {A: [_reply(GOOD, -1, 1), _reply(REVOKED, -9, 0.5)]}, cache=cache
    )
    play.check()
    play.clock.seconds = 2 * 3600
    outcome = play.check()
    assert outcome.reason is Reason.OLDER_THAN_KNOWN
    assert outcome.require_good(FailMode.UNSAFE_SOFT) is outcome


def test_a_newer_answer_that_comes_at_the_last_moment_counts(
    driver: str, monkeypatch: pytest.MonkeyPatch, cache: Cache
) -> None:
    """Between the verification of an answer and the outcome."""
    other = Play("threads", {A: [_nonced(REVOKED, -1, 12)]}, cache=cache)
    ask_all = flow._ask_all

    def ask(*arguments: Any) -> Flow[Any]:
        found = yield from ask_all(*arguments)
        monkeypatch.setattr(flow, "_ask_all", ask_all)
        other.check(nonce=SendNonce.ALWAYS)
        return found

    monkeypatch.setattr(flow, "_ask_all", ask)
    play = Play(driver, {A: [OLD_GOOD]}, cache=cache)
    _assert_older(play.check())


# --- legitimate answers ---------------------------------------------------------------


def test_a_newer_good_ends_a_hold(driver: str, cache: Cache) -> None:
    """RFC 5280 §5.3.1: removeFromCRL. The newest answer counts, also from revoked."""
    play = Play(driver, {A: [NEW_REVOKED, _reply(GOOD, 9, 30)]}, cache=cache)
    assert play.check().status is CheckStatus.REVOKED
    play.clock.seconds = 11.9 * 3600
    assert play.check().status is CheckStatus.GOOD
    assert play.check().source is Source.CACHE


def test_a_server_that_lags_behind_does_not_change_the_outcome(
    driver: str, cache: Cache
) -> None:
    """A node of a CDN has an older answer, which is still valid: the newer one counts."""
    newer, older = _reply(GOOD, -1, 12), _reply(GOOD, -2, 11.99)
    play = Play(driver, {A: [newer, older, older, newer]}, cache=cache)
    play.check()
    play.clock.seconds = 11.9 * 3600
    for _ in range(2):
        outcome = play.check()
        assert (outcome.status, outcome.source) == (CheckStatus.GOOD, Source.CACHE)
        assert outcome.evidence is not None
        assert outcome.evidence.this_update == NOW - HOUR
        assert outcome.attempts[0].error is not None
    assert play.check().source is Source.RESPONDER


def test_an_older_good_does_not_replace_a_newer_good_that_has_ended(
    driver: str, cache: Cache
) -> None:
    """A longer life does not make it newer. Soft-fail accepts, as without an answer."""
    play = Play(driver, {A: [_reply(GOOD, -1, 12), OLD_GOOD]}, cache=cache)
    play.check()
    play.clock.seconds = 13 * 3600
    outcome = play.check()
    assert outcome.reason is Reason.OLDER_THAN_KNOWN
    with pytest.raises(ocsp.RevocationIndeterminate):
        outcome.require_good()
    assert outcome.require_good(FailMode.UNSAFE_SOFT) is outcome


@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_answers_with_a_nonce_may_arrive_in_any_order(
    driver: str, cache: Cache, status: OCSPCertStatus
) -> None:
    """They prove the same status as the newest one, which is still valid."""
    replies = [_nonced(status, begin, 24) for begin in (-1, -1.001, -1)]
    play = Play(driver, {A: replies}, cache=cache)
    for _ in replies:
        outcome = play.check(nonce=SendNonce.ALWAYS)
        assert outcome.status.value == status.name.lower()


def test_an_older_unknown_changes_nothing(driver: str, cache: Cache) -> None:
    """It is refused like another older answer, and a newer one is not remembered."""
    play = Play(driver, {A: [NEW_REVOKED, _reply(UNKNOWN, -2, 48)]}, cache=cache)
    play.check()
    play.clock.seconds = 11.9 * 3600
    assert play.check().status is CheckStatus.REVOKED
    play.script.replies[A] = [_reply(UNKNOWN, 1, 48)]
    assert play.check().status is CheckStatus.UNKNOWN
    play.script.replies[A] = [BROKEN]
    assert play.check().status is CheckStatus.REVOKED


# --- several responders ---------------------------------------------------------------


def test_after_an_older_answer_the_next_responder_is_asked(
    driver: str, cache: Cache
) -> None:
    """As after a failure; the attempt says why."""
    newest = _reply(REVOKED, 10, 60)
    play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD], B: [newest]}, cache=cache)
    play.check(certificate(A, B))
    play.clock.seconds = 13 * 3600
    outcome = play.check(certificate(A, B))
    assert outcome.status is CheckStatus.REVOKED
    assert isinstance(outcome.attempts[0].error, OlderThanKnown)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_newest_of_several_answers_is_the_outcome(
    monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...]
) -> None:
    """Hedged requests: several responders have answered before one answer is used."""
    replies = [OLD_GOOD, NEW_REVOKED, _reply(UNKNOWN, 0, 12)]
    answers = [Play("threads", {A: [each]}).check().evidence for each in replies]

    def ask_each(*_: object, **__: object) -> Flow[list[Attempted]]:
        yield from ()
        evidence = [answers[number] for number in order]
        return [Attempted(A, each) for each in evidence]  # type: ignore[arg-type]

    monkeypatch.setattr(flow, "_ask_each", ask_each)
    assert Play("threads", {A: [BROKEN]}).check().status is CheckStatus.REVOKED


# --- CRLs -----------------------------------------------------------------------------


def test_an_older_good_response_after_a_crl_that_lists_the_certificate(
    driver: str, cache: Cache
) -> None:
    """What a CRL says is remembered like what a response says."""
    play = Play(
        driver, {A: [BROKEN, OLD_GOOD], LIST: [_list(SERIAL), BROKEN]}, FALLBACK, cache
    )
    assert play.check(LISTED).status is CheckStatus.REVOKED
    play.clock.seconds = 60
    assert play.check(LISTED).status is CheckStatus.REVOKED  # from the CRL again
    play.clock.seconds = 13 * 3600
    _assert_older(play.check(LISTED))


@pytest.mark.parametrize("hours", [1, 13])
def test_an_older_crl_after_a_response_that_says_revoked(
    driver: str, cache: Cache, hours: float
) -> None:
    """The attacker blocks the responder, and replays a CRL without the certificate."""
    older = _list(begin=-2, end=48)
    play = Play(driver, {A: [NEW_REVOKED, BROKEN], LIST: [older]}, FALLBACK, cache)
    play.check(LISTED)
    play.clock.seconds = hours * 3600
    outcome = play.check(LISTED)
    if hours < 12:
        assert outcome.status is CheckStatus.REVOKED
    else:
        _assert_older(outcome)


def test_newer_crls_and_responses_replace_each_other(driver: str, cache: Cache) -> None:
    """Revoked in a CRL after a good response; good in a response after that CRL."""
    play = Play(
        driver,
        {A: [_reply(GOOD, -1, 2), BROKEN], LIST: [_list(SERIAL, begin=1)]},
        FALLBACK,
        cache,
    )
    assert play.check(LISTED).status is CheckStatus.GOOD
    play.clock.seconds = 3 * 3600
    assert play.check(LISTED).status is CheckStatus.REVOKED
    play.script.replies[A] = [_reply(GOOD, 3, 20)]
    play.clock.seconds = 4 * 3600
    assert play.check(LISTED).status is CheckStatus.GOOD


def test_a_crl_and_a_response_of_the_same_moment_agree(
    driver: str, cache: Cache
) -> None:
    """A responder that reads the CRL signs later; the CRL is not older for that."""
    first = reply(response(begin=NOW - HOUR, end=NOW + 2 * HOUR))
    play = Play(driver, {A: [first, BROKEN], LIST: [_list()]}, FALLBACK, cache)
    play.check(LISTED)
    play.clock.seconds = 3 * 3600
    outcome = play.check(LISTED)
    assert (outcome.status, outcome.source) == (CheckStatus.GOOD, Source.CRL)


def test_crls_for_some_reasons_each_may_be_renewed_in_any_order(
    driver: str, cache: Cache
) -> None:
    """The oldest of the CRLs that are needed counts, not that which expires first."""
    keys = frozenset({x509.ReasonFlags.key_compromise})
    others = frozenset(x509.ReasonFlags) - keys - {
        x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl
    }  # fmt: skip
    there = "http://e.example/others.crl"
    names = [x509.UniformResourceIdentifier(each) for each in (LIST, there)]
    points = [
        x509.DistributionPoint([name], None, reasons, None)
        for name, reasons in zip(names, (keys, others), strict=True)
    ]
    cert = certificate(extensions=[x509.CRLDistributionPoints(points)])

    def partial(
        reasons: frozenset[x509.ReasonFlags], begin: float, end: float
    ) -> Reply:
        times = {"begin": NOW + begin * HOUR, "end": NOW + end * HOUR}
        return reply(crl(critical=[scope(reasons=reasons)], **times))  # type: ignore[arg-type]

    replies = {
        LIST: [partial(keys, -2, 90)],
        there: [partial(others, -1, 2), partial(others, 1, 99)],
    }
    play = Play(driver, replies, cache=cache)
    for hours in (0, 3):
        play.clock.seconds = hours * 3600
        assert play.check(cert).status is CheckStatus.GOOD


def test_a_revocation_in_a_delta_crl_that_has_ended_counts(
    driver: str, cache: Cache
) -> None:
    """The complete CRL, which is valid longer, is older."""
    there = "http://e.example/delta.crl"
    name = x509.UniformResourceIdentifier(there)
    freshest = x509.FreshestCRL([x509.DistributionPoint([name], None, None, None)])
    times = {"begin": NOW - 9 * HOUR, "end": NOW + 48 * HOUR}
    complete = reply(crl(extensions=[freshest], **times))  # type: ignore[arg-type]
    times = {"begin": NOW - 5 * HOUR, "end": NOW - HOUR}
    delta = reply(crl(entry(SERIAL), number=6, base=5, **times))  # type: ignore[arg-type]
    replies = {A: [BROKEN], LIST: [complete], there: [delta, BROKEN]}
    play = Play(driver, replies, FALLBACK, cache)
    for _ in range(2):
        outcome = play.check(LISTED)
        assert outcome.status is CheckStatus.INDETERMINATE
        with pytest.raises((RevokedBefore, RevokedButStale)):
            outcome.require_good(FailMode.UNSAFE_SOFT)
        play.clock.seconds += 3600


def test_an_older_crl_is_refused_for_certificates_that_were_not_checked_before(
    driver: str,
) -> None:
    """The newer CRL is about all certificates of its scope."""
    other = certificate(A, serial=9, extensions=[_point(LIST)])
    newer = _list(SERIAL, begin=-1, end=12, number=6)
    for older in (_list(begin=-2, end=48, number=5), _list(begin=-1, end=48, number=5)):
        play = Play(driver, {A: [BROKEN], LIST: [newer, older]}, FALLBACK)
        assert play.check(other).status is CheckStatus.GOOD
        play.clock.seconds = 13 * 3600
        outcome = play.check(LISTED)
        assert outcome.reason is Reason.OLDER_THAN_KNOWN
        assert isinstance(outcome.failure, OlderThanKnown)
        assert outcome.failure.known_revoked is None


def test_a_kept_crl_is_used_no_longer_when_a_newer_one_is_known(driver: str) -> None:
    """It was downloaded before the newer one, from another URL."""
    there = "http://e.example/mirror.crl"
    other = certificate(A, serial=9, extensions=[_point(there)])
    newer = _list(SERIAL, begin=-1, end=12, number=6)
    older = _list(begin=-2, end=48)
    play = Play(
        driver, {A: [BROKEN], LIST: [older, older, newer], there: [newer]}, FALLBACK
    )
    first = certificate(A, serial=8, extensions=[_point(LIST)])
    assert play.check(first).status is CheckStatus.GOOD
    assert play.check(other).status is CheckStatus.GOOD
    assert play.check(LISTED).reason is Reason.OLDER_THAN_KNOWN
    play.clock.seconds = 3600  # the failure is forgotten
    assert play.check(LISTED).status is CheckStatus.REVOKED


def test_a_complete_crl_is_older_than_a_delta_crl_that_has_ended(driver: str) -> None:
    """An attacker who blocks the delta CRL does not bring the older list back."""
    there = "http://e.example/delta.crl"
    name = x509.UniformResourceIdentifier(there)
    freshest = x509.FreshestCRL([x509.DistributionPoint([name], None, None, None)])

    def complete(number: int, begin: float, *serials: int) -> HTTPReply:
        listed = [entry(each) for each in serials]
        times = {"begin": NOW + begin * HOUR, "end": NOW + (begin + 48) * HOUR}
        return reply(crl(*listed, number=number, extensions=[freshest], **times))  # type: ignore[arg-type]

    times = {"begin": NOW - HOUR, "end": NOW + HOUR}
    delta = reply(crl(entry(SERIAL), number=6, base=5, **times))  # type: ignore[arg-type]
    other = certificate(A, serial=9, extensions=[_point(LIST)])
    third = certificate(A, serial=10, extensions=[_point(LIST)])
    replies: dict[str, list[Reply]] = {
        A: [BROKEN],
        LIST: [complete(5, -2, 10), complete(7, 46)],
        there: [delta, BROKEN],
    }
    play = Play(driver, replies, FALLBACK)
    assert play.check(other).status is CheckStatus.GOOD
    play.clock.seconds = 2 * 3600
    assert play.check(LISTED).reason is Reason.OLDER_THAN_KNOWN
    assert play.check(third).status is CheckStatus.REVOKED
    play.clock.seconds = 47 * 3600
    assert play.check(LISTED).status is CheckStatus.GOOD


def test_crls_of_other_scopes_and_keys_are_not_compared(driver: str) -> None:
    """Another distribution point has another CRL, with its own numbers."""
    there = "http://e.example/users.crl"
    other = certificate(A, serial=9, extensions=[_point(there)])
    users = reply(
        crl(
            begin=NOW - 2 * HOUR,
            number=1,
            critical=[scope(users=True)],
        ),
        content_type="application/pkix-crl",
    )
    play = Play(driver, {A: [BROKEN], LIST: [_list()], there: [users]}, FALLBACK)
    assert play.check(LISTED).status is CheckStatus.GOOD
    assert play.check(other).status is CheckStatus.GOOD


def test_the_number_of_remembered_crls_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRL of another scope takes the place of the first one."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_CRLS", 1)
    there = "http://e.example/users.crl"
    other = certificate(A, serial=9, extensions=[_point(there)])
    users = reply(crl(begin=NOW - 2 * HOUR, critical=[scope(users=True)]))
    lists = [_list(SERIAL, begin=-1, end=12), _list(begin=-2, end=48)]
    play = Play(driver, {A: [BROKEN], LIST: lists, there: [users]}, FALLBACK)
    play.check(certificate(A, serial=8, extensions=[_point(LIST)]))
    play.check(other)
    play.clock.seconds = 13 * 3600
    assert play.check(LISTED).status is CheckStatus.GOOD


def test_a_crl_that_ended_while_the_computer_slept_is_downloaded_again(
    driver: str,
) -> None:
    """The monotonic clock stands still then, so the real time counts too."""
    play = Play(
        driver,
        {A: [BROKEN], LIST: [_list(), _list(SERIAL, begin=12, end=30, number=6)]},
        FALLBACK,
    )
    asleep = datetime.timedelta(0)
    play.core.environment = replace(
        play.core.environment, now=lambda: play.clock.now() + asleep
    )
    assert play.check(LISTED).status is CheckStatus.GOOD
    asleep = 13 * HOUR
    assert play.check(LISTED).status is CheckStatus.REVOKED


# --- delegates ------------------------------------------------------------------------


def _delegate() -> KeySigner:
    access = x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(B))
    extensions = [DELEGATION[0], x509.AuthorityInformationAccess([access])]
    made = make("Named", "Test CA", serial=77, extensions=extensions)
    return KeySigner(key("Named"), made)


def _about_delegate(
    status: OCSPCertStatus, begin: float, end: float, nonce: bytes | None = None
) -> HTTPReply:
    answer = response(
        status,
        serial=77,
        begin=NOW + begin * HOUR,
        end=NOW + end * HOUR,
        nonce=nonce,
        signer=KeySigner(key("Test CA"), ca()),
    )
    return reply(answer)


def test_older_evidence_about_a_delegate_is_refused(driver: str, cache: Cache) -> None:
    """A replayed good does not bring a revoked delegate back."""
    signer = _delegate()
    by_delegate = [
        reply(response(begin=NOW + begin * HOUR, end=NOW + 48 * HOUR, signer=signer))
        for begin in (-1, 12)
    ]
    about = [_about_delegate(REVOKED, -1, 12), _about_delegate(GOOD, -2, 48)]
    play = Play(driver, {A: by_delegate, B: about}, cache=cache)
    assert play.check().status is CheckStatus.INDETERMINATE
    play.clock.seconds = 13 * 3600
    outcome = play.check()
    assert outcome.status is CheckStatus.INDETERMINATE
    assert any(isinstance(each.error, OlderThanKnown) for each in outcome.attempts)


def test_remembered_evidence_about_a_delegate_must_be_the_newest(
    driver: str, cache: Cache
) -> None:
    """
    A check of the delegate's own certificate finds out that it is revoked.

    What the delegate signed does not count any more, also if it is in the cache.
    """
    signer = _delegate()
    good = [reply(response(signer=signer)), reply(response(serial=9, signer=signer))]
    play = Play(driver, {A: good, B: [_about_delegate(GOOD, -2, 48)]}, cache=cache)
    assert play.check().status is CheckStatus.GOOD
    revoked = _about_delegate(REVOKED, -1, 48, NONCE)
    play.script.replies[B] = [revoked, _about_delegate(GOOD, -2, 48)]
    assert play.check(signer.certificate, nonce=SendNonce.ALWAYS).status is (
        CheckStatus.REVOKED
    )
    for cert in (certificate(A, serial=9), certificate(A)):
        assert play.check(cert).status is CheckStatus.INDETERMINATE


def test_what_a_key_says_about_its_own_certificate_is_not_remembered(
    driver: str, cache: Cache
) -> None:
    """With a stolen key, it would hide the revocation by the issuer."""
    signer = _delegate()
    itself = reply(response(serial=77, begin=NOW, signer=signer))
    play = Play(driver, {A: [reply(response(signer=signer))], B: [itself]}, cache=cache)
    assert play.check().status is CheckStatus.INDETERMINATE
    play.clock.seconds = 60
    play.script.replies[B] = [_about_delegate(REVOKED, -1, 48)]
    assert play.check(signer.certificate).status is CheckStatus.REVOKED


# --- caches of callers ----------------------------------------------------------------


class _OnlyAnswers:
    """A cache with the three methods of :class:`Cache`, which keeps what it wants."""

    def __init__(self) -> None:
        self.kept: dict[bytes, CachedAnswer] = {}

    def get(self, cert_id: ocsp.CertID) -> CachedAnswer | None:
        """Return what was put first."""
        return self.kept.get(cert_id.der)

    def put(
        self,
        cert_id: ocsp.CertID,
        evidence: ocsp.VerifiedResponse,
        expires: datetime.datetime,
    ) -> bool:
        """Keep only the first answer."""
        der = evidence.response.public_bytes(Encoding.DER)
        answer = CachedAnswer(der, evidence.this_update, expires, None)
        return self.kept.setdefault(cert_id.der, answer) is answer

    def discard(self, cert_id: ocsp.CertID) -> None:
        """Remove the answer."""
        self.kept.pop(cert_id.der, None)


def test_with_a_cache_that_only_keeps_answers_the_client_remembers(
    driver: str,
) -> None:
    """Neither the cache nor the responder brings the older good back."""
    cache = _OnlyAnswers()
    play = Play(driver, {A: [OLD_GOOD]}, cache=cache)
    assert play.check().status is CheckStatus.GOOD
    assert play.check(nonce=None).source is Source.CACHE
    play.script.replies[A] = [_nonced(REVOKED, -1, 12), OLD_GOOD]
    assert play.check(nonce=SendNonce.ALWAYS).status is CheckStatus.REVOKED
    _assert_older(play.check())


# --- files ----------------------------------------------------------------------------


def test_a_client_remembers_while_its_file_cannot_be_read(
    driver: str, tmp_path: Path
) -> None:
    """A closed cache is like one that another process has locked."""
    with SQLiteCache(tmp_path / "answers.db") as cache:
        play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD]}, cache=cache)
        assert play.check().status is CheckStatus.REVOKED
    _assert_older(play.check())


def test_a_file_that_an_older_copy_replaced_brings_no_answer_back(
    driver: str, tmp_path: Path
) -> None:
    """A backup, for example. Another process would accept the answer."""
    older = SQLiteCache(tmp_path / "older.db")
    Play(driver, {A: [OLD_GOOD]}, cache=older).check()
    with older, SQLiteCache(tmp_path / "answers.db") as cache:
        play = Play(driver, {A: [NEW_REVOKED, OLD_GOOD]}, cache=cache)
        assert play.check().status is CheckStatus.REVOKED
        play.core._memory.cache = play.core._memory.shared = older
        _assert_older(play.check())


def test_answers_that_are_not_der_are_remembered(driver: str, tmp_path: Path) -> None:
    """The policy accepts them, so the cache must know how old they are."""
    options = Options(policy=ocsp.Policy(encoding=ocsp.EncodingRules.TOLERANT))
    revoked = response(REVOKED, end=NOW + 12 * HOUR)
    ber = reply(b"\x30\x80" + revoked[4:] + b"\0\0")
    with SQLiteCache(tmp_path / "answers.db") as cache:
        play = Play(driver, {A: [ber, OLD_GOOD]}, options, cache)
        assert play.check().status is CheckStatus.REVOKED
        assert play.check().source is Source.CACHE
        other = Play(driver, {A: [OLD_GOOD]}, options, cache)
        other.clock.seconds = 13 * 3600
        _assert_older(other.check())
