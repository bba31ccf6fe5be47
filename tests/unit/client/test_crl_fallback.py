"""The CRL fallback: only if the options say so, and only with a verified CRL."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import mmap
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

import ocsp
from ocsp import limits
from ocsp.asn1.der import encode
from ocsp.client import (
    CheckStatus,
    CRLFallback,
    Environment,
    HTTPReply,
    HTTPRequest,
    Options,
    Outcome,
    Reason,
    Source,
)
from ocsp.client.checking import crl_download
from ocsp.client.core import Core
from ocsp.client.engine import tasks, threads
from ocsp.client.engine.effects import Pause, Send
from ocsp.verification.crl import reader as reader_module
from ocsp.verification.crl import signer as signer_module
from tests.crls import crl, entry, resigned, scope
from tests.pki import NOW, ca, key, make, name
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    B,
    Play,
    certificate,
    reply,
    response,
)

BROKEN = ocsp.errors.TransportError(A, "connection reset")
LIST, DELTA = "http://c.example/full.crl", "http://d.example/delta.crl"
FALLBACK = Options(crl_fallback=CRLFallback.WHEN_INDETERMINATE, retries=0)


def _point(url: str, **more: object) -> x509.DistributionPoint:
    fields: dict[str, object] = {
        "full_name": [x509.UniformResourceIdentifier(url)],
        "relative_name": None,
        "reasons": None,
        "crl_issuer": None,
    }
    return x509.DistributionPoint(**(fields | more))  # type: ignore[arg-type]


def _cert(*urls: str, serial: int = SERIAL) -> x509.Certificate:
    points = [_point(url) for url in urls]
    return certificate(
        A, serial=serial, extensions=[x509.CRLDistributionPoints(points)]
    )


def _crl(
    *revoked: int,
    number: int = 7,
    base: int | None = None,
    freshest: str | None = None,
    signer: str = "Test CA",
    until: datetime.datetime = NOW + 24 * HOUR,
) -> HTTPReply:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("Test CA"))
        .last_update(NOW - HOUR)
        .next_update(until)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if freshest is not None:
        point = x509.FreshestCRL([_point(freshest)])
        builder = builder.add_extension(point, critical=False)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(
            entry.revocation_date(NOW - 2 * HOUR).build()
        )
    signed = builder.sign(key(signer), hashes.SHA256())
    return reply(signed.public_bytes(Encoding.DER), content_type="application/pkix-crl")


@pytest.mark.parametrize(
    ("revoked", "status"),
    [((), CheckStatus.GOOD), ((SERIAL,), CheckStatus.REVOKED)],
)
def test_a_crl_gives_the_status_if_no_responder_does(
    driver: str, revoked: Sequence[int], status: CheckStatus
) -> None:
    """The evidence is a VerifiedRevocation; the attempts include the responder."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl(*revoked)]}, FALLBACK)
    outcome = play.check(_cert(LIST))
    assert (outcome.status, outcome.source) == (status, Source.CRL)
    assert isinstance(outcome.evidence, ocsp.VerifiedRevocation)
    assert [each.url for each in outcome.attempts] == [A, LIST]
    if status is CheckStatus.REVOKED:
        with pytest.raises(ocsp.CertificateRevoked):
            outcome.require_good()


def test_a_crl_is_used_only_as_a_fallback(driver: str) -> None:
    """Not by default, and not if a responder gives the status."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, Options(retries=0))
    assert play.check(_cert(LIST)).reason is Reason.TRANSPORT
    answered = Play(driver, {A: [reply(response())], LIST: [_crl()]}, FALLBACK)
    assert answered.check(_cert(LIST)).source is Source.RESPONDER
    assert answered.script.hosts == ["a"]


def test_a_crl_is_kept_for_other_certificates_of_its_issuer(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it expires, and unless it is too large to keep."""
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, FALLBACK)
    for serial in (1, 2, 3):
        assert play.check(_cert(LIST, serial=serial)).source is Source.CRL
    assert play.script.hosts.count("c") == 1
    play.clock.seconds = 86_400 + 600  # later than nextUpdate plus the clock skew
    assert play.check(_cert(LIST)).status is CheckStatus.INDETERMINATE
    assert play.script.hosts.count("c") == 2
    monkeypatch.setattr(limits, "MAX_KEPT_CRL_BYTES", 10)
    other = Play(driver, {A: [BROKEN], LIST: [_crl()]}, FALLBACK)
    for serial in (1, 2):
        assert other.check(_cert(LIST, serial=serial)).source is Source.CRL
    assert other.script.hosts.count("c") == 2


def test_the_number_of_kept_crls_is_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest CRL is removed first."""
    monkeypatch.setattr(limits, "MAX_CACHED_CRLS", 1)
    others = "http://c.example/other.crl"
    play = Play("threads", {A: [BROKEN], "http://c": [_crl()]}, FALLBACK)
    for url in (LIST, others, LIST):
        play.check(_cert(url))
    assert play.script.hosts.count("c") == 3


@pytest.mark.parametrize(
    "answer",
    [
        _crl(signer="another key"),
        _crl(until=NOW - HOUR / 2),
        reply(b"<html>"),
        reply(status=404),
    ],
    ids=["forged", "old", "html", "missing"],
)
def test_a_crl_that_fails_verification_is_one_more_failure(
    driver: str, answer: HTTPReply
) -> None:
    """The client tries the next CRL; without one the outcome is indeterminate."""
    play = Play(driver, {A: [BROKEN], LIST: [answer]}, FALLBACK)
    outcome = play.check(_cert(LIST))
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.attempts[1].error is not None
    answers = {A: [BROKEN], LIST: [answer], DELTA: [_crl(SERIAL)]}
    assert Play(driver, answers, FALLBACK).check(_cert(LIST, DELTA)).status is (
        CheckStatus.REVOKED
    )


def test_a_delta_crl_is_fetched_too(driver: str) -> None:
    """It adds later revocations; without it, the complete CRL counts."""
    for delta, status in (
        (_crl(SERIAL, number=8, base=7), CheckStatus.REVOKED),
        (reply(status=404), CheckStatus.GOOD),
    ):
        answers = {A: [BROKEN], LIST: [_crl(freshest=DELTA)], DELTA: [delta]}
        outcome = Play(driver, answers, FALLBACK).check(_cert(LIST))
        assert outcome.status is status
        assert DELTA in [each.url for each in outcome.attempts]


SOME = frozenset({x509.ReasonFlags.key_compromise})
OTHERS = (
    frozenset(x509.ReasonFlags)
    - SOME
    - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
)


def _with_points(*points: x509.DistributionPoint) -> x509.Certificate:
    return certificate(A, extensions=[x509.CRLDistributionPoints(points)])


def test_crls_for_some_reasons_give_the_status_together(driver: str) -> None:
    """*Good* needs all of them; one that lists the certificate is enough."""
    cert = _with_points(_point(LIST, reasons=SOME), _point(DELTA, reasons=OTHERS))
    parts = {
        url: [reply(crl(critical=[scope(reasons=reasons)]))]
        for url, reasons in ((LIST, SOME), (DELTA, OTHERS))
    }
    play = Play(driver, {A: [BROKEN], **parts}, FALLBACK)
    assert play.check(cert).status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "c", "d"]
    listed = reply(crl(entry(SERIAL), critical=[scope(reasons=SOME)]))
    play = Play(driver, {A: [BROKEN], LIST: [listed]}, FALLBACK)
    assert play.check(cert).status is CheckStatus.REVOKED
    play = Play(driver, {A: [BROKEN], **parts, DELTA: [reply(status=404)]}, FALLBACK)
    assert play.check(cert).status is CheckStatus.INDETERMINATE


def test_a_crl_for_all_reasons_is_fetched_first(driver: str) -> None:
    """Whatever the order in the certificate."""
    other = [x509.DirectoryName(name("Another CA"))]
    cert = _with_points(
        _point("http://e.example", reasons=SOME),
        _point("http://f.example", crl_issuer=other),
        _point(LIST),
    )
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, FALLBACK)
    assert play.check(cert).status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "c"]


ISSUER_URL = "http://i.example/crl-issuer.cer"


def test_an_indirect_crl_gives_the_status(driver: str) -> None:
    """With a trusted CRL issuer, or one that the issuer certified and the CRL names."""
    by = [x509.DirectoryName(name("CRL Issuer"))]
    cert = _with_points(_point(LIST, crl_issuer=by))
    where = x509.UniformResourceIdentifier(ISSUER_URL)
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)]
    )
    mine = x509.CertificateIssuer([x509.DirectoryName(name("Test CA"))])
    data = crl(
        entry(SERIAL, mine, critical=True),
        issuer="CRL Issuer",
        critical=[scope(indirect=True)],
        extensions=[access],
    )
    issuer, strange = (make("CRL Issuer", each) for each in ("Test CA", "Other CA"))
    answers = {A: [BROKEN], LIST: [reply(data)]}
    for found, status in (
        (issuer, CheckStatus.REVOKED),
        (strange, CheckStatus.INDETERMINATE),
    ):
        served = {ISSUER_URL: [reply(found.public_bytes(Encoding.DER))]}
        play = Play(driver, answers | served, FALLBACK)
        for _ in range(2):
            assert play.check(cert).status is status
        assert play.script.hosts[:3] == ["a", "c", "i"]
        assert play.script.hosts.count("i") == 1
    trusting = replace(FALLBACK, crl_issuers=(strange,))
    play = Play(driver, answers, trusting)
    assert play.check(cert).status is CheckStatus.REVOKED
    assert play.script.hosts == ["a", "c"]


def test_pem_is_read(driver: str) -> None:
    """Many servers send it."""
    pem = x509.load_der_x509_crl(_crl(SERIAL).body).public_bytes(Encoding.PEM)
    play = Play(driver, {A: [BROKEN], LIST: [reply(pem)]}, FALLBACK)
    assert play.check(_cert(LIST)).status is CheckStatus.REVOKED


def test_the_size_of_a_crl_in_pem_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DER of this size is read."""
    der = _crl(SERIAL).body
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    monkeypatch.setattr(limits, "MAX_PEM_CRL_BYTES", len(der) - 1)
    play = Play(driver, {A: [BROKEN], LIST: [reply(pem)]}, FALLBACK)
    outcome = play.check(_cert(LIST))
    assert outcome.reason is Reason.NOT_VERIFIED
    assert "MAX_PEM_CRL_BYTES" in str(outcome.failure)
    play = Play(driver, {A: [BROKEN], LIST: [reply(der)]}, FALLBACK)
    assert play.check(_cert(LIST)).status is CheckStatus.REVOKED


# --- without a responder -----------------------------------------------------------------


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize(
    "begin", ["00010101000000Z", "00010101000400Z", "99991231235959Z"]
)
def test_a_crl_from_the_ends_of_time_is_one_more_failure(
    driver: str, begin: str, is_signed: bool
) -> None:
    """No time that is added to one of these, or subtracted from it, is a datetime."""

    def change(fields: list[bytes]) -> None:
        fields[3] = encode(0x18, begin.encode())
        fields[4] = b""

    data = resigned(crl(), change)
    if not is_signed:
        data = data[:-1] + bytes([data[-1] ^ 1])
    replies = {A: [BROKEN], LIST: [reply(data)]}
    policy = ocsp.Policy(max_age=datetime.timedelta.max)
    play = Play(driver, replies, replace(FALLBACK, policy=policy))
    for _ in range(2):
        assert play.check(_cert(LIST)).reason is Reason.NOT_VERIFIED


def _without_responder(*urls: str, serial: int = SERIAL) -> x509.Certificate:
    points = x509.CRLDistributionPoints([_point(url) for url in urls])
    return certificate(serial=serial, extensions=[points] if urls else [])


def test_a_certificate_without_a_responder_is_checked_by_crl(driver: str) -> None:
    """By default; not if the options say *never*, or the caller gives a URL."""
    play = Play(driver, {LIST: [_crl(SERIAL)]})
    outcome = play.check(_without_responder(LIST))
    assert (outcome.status, outcome.source) == (CheckStatus.REVOKED, Source.CRL)
    never = Options(crl_fallback=CRLFallback.NEVER)
    assert Play(driver, {}, never).check(_without_responder(LIST)).reason is (
        Reason.NO_URL
    )
    assert Play(driver, {}).check(_without_responder()).reason is Reason.NO_URL
    asked = Play(driver, {B: [BROKEN], LIST: [_crl()]}, Options(retries=0))
    assert asked.check(_without_responder(LIST), url=B).reason is Reason.TRANSPORT
    assert asked.script.hosts == ["b"]


def test_the_reason_is_that_of_the_crl(driver: str) -> None:
    """It came nearer to an answer than the responder that does not exist."""
    for answer, reason in (
        (reply(status=404), Reason.HTTP_STATUS),
        (_crl(signer="another key"), Reason.NOT_VERIFIED),
    ):
        play = Play(driver, {LIST: [answer]})
        assert play.check(_without_responder(LIST)).reason is reason


# --- one download for all ------------------------------------------------------------------


def test_a_crl_is_verified_once_for_all_certificates(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One download, one signature check, one scan of the entries."""
    counted: list[str] = []

    check = signer_module.check_signature

    def checked(*arguments: Any, **more: Any) -> Any:
        counted.append("signature")
        return check(*arguments, **more)

    class Scanned(reader_module.CRLEntries):
        def __init__(self, *arguments: Any) -> None:
            counted.append("entries")
            super().__init__(*arguments)

    monkeypatch.setattr(signer_module, "check_signature", checked)
    monkeypatch.setattr(reader_module, "CRLEntries", Scanned)
    play = Play(driver, {LIST: [_crl(1, 3)]})
    for serial in range(1, 6):
        outcome = play.check(_without_responder(LIST, serial=serial))
        assert (outcome.status is CheckStatus.REVOKED) is (serial in {1, 3})
    assert play.script.hosts == ["c"]
    assert sorted(counted) == ["entries", "signature"]


def test_a_large_crl_is_in_a_file(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In DER and in PEM; also if the transport does not know ``save_to``."""
    monkeypatch.setattr(limits, "MAX_CRL_IN_MEMORY_BYTES", 100)
    der = _crl(SERIAL).body
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    maps: list[int] = []

    def mapped(descriptor: int, size: int, **more: Any) -> mmap.mmap:
        maps.append(size)
        return mmap.mmap(descriptor, size, **more)

    monkeypatch.setattr(
        crl_download, "mmap", SimpleNamespace(**vars(mmap) | {"mmap": mapped})
    )
    for data in (der, pem):
        play = Play(driver, {LIST: [reply(data)]})
        assert play.check(_without_responder(LIST)).status is CheckStatus.REVOKED
    assert maps == [len(der), len(pem)]


def test_a_full_disk_is_one_more_failure(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client reports it as a failed transfer."""

    def full(request: HTTPRequest) -> HTTPReply:
        raise OSError(28, "No space left on device")

    play = Play(driver, {LIST: [full], DELTA: [_crl()]})
    outcome = play.check(_without_responder(LIST, DELTA))
    assert outcome.status is CheckStatus.GOOD
    assert "cannot be saved" in str(outcome.attempts[0].error)


def test_a_failed_download_is_not_repeated_at_once(driver: str) -> None:
    """For 20 seconds, unless a retry may help."""
    play = Play(driver, {LIST: [reply(status=404), _crl()]})
    for serial in (1, 2):
        outcome = play.check(_without_responder(LIST, serial=serial))
        assert outcome.reason is Reason.HTTP_STATUS
    assert play.script.hosts == ["c"]
    play.clock.seconds = 21
    assert play.check(_without_responder(LIST, serial=3)).source is Source.CRL
    again = Play(driver, {LIST: [reply(status=503), _crl()]})
    for serial, reason in ((1, Reason.HTTP_STATUS), (2, None)):
        assert again.check(_without_responder(LIST, serial=serial)).reason is reason


def test_an_old_crl_is_kept_shortly(driver: str) -> None:
    """So that not every certificate fetches it again."""
    play = Play(driver, {LIST: [_crl(until=NOW - HOUR / 2), _crl()]})
    for serial in (1, 2):
        outcome = play.check(_without_responder(LIST, serial=serial))
        assert outcome.reason is Reason.NOT_VERIFIED
    assert play.script.hosts == ["c"]
    play.clock.seconds = 21
    assert play.check(_without_responder(LIST, serial=3)).source is Source.CRL


def test_a_crl_and_its_delta_are_refreshed_each_at_its_time(driver: str) -> None:
    """The delta CRL expires earlier; the complete one is not fetched with it."""
    complete = _crl(freshest=DELTA)
    first = _crl(number=8, base=7, until=NOW + 2 * HOUR)
    second = _crl(SERIAL, number=9, base=7)
    play = Play(driver, {LIST: [complete], DELTA: [first, second]})
    assert play.check(_without_responder(LIST)).status is CheckStatus.GOOD
    play.clock.seconds = 3 * 3600
    assert play.check(_without_responder(LIST)).status is CheckStatus.REVOKED
    assert play.script.hosts == ["c", "d", "d"]


def test_a_delta_that_does_not_fit_is_not_used(driver: str) -> None:
    """As one that cannot be fetched."""
    other = _crl(SERIAL, number=9, base=8)
    play = Play(driver, {LIST: [_crl(freshest=DELTA)], DELTA: [other]})
    assert play.check(_without_responder(LIST)).status is CheckStatus.GOOD


class _Slow:
    """A transport whose first reply comes when enough checks wait for it."""

    def __init__(self, answer: HTTPReply | None, waiting: int) -> None:
        self.answer = answer
        self.waiting = waiting
        self.urls: list[str] = []
        self.asleep: set[int] = set()
        self.enough = threading.Event()

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Wait, and reply."""
        self.urls.append(request.url)
        assert self.enough.wait(30)
        if self.answer is None:
            raise BROKEN
        return self.answer

    def sleep(self, seconds: float) -> None:
        """Let other threads run; count the checks that wait."""
        self.asleep.add(threading.get_ident())
        if len(self.asleep) == self.waiting:
            self.enough.set()
        time.sleep(0)

    def close(self) -> None:
        """Do nothing: no connection is open."""


STILL = Environment(now=lambda: NOW, monotonic=lambda: 0.0)
"""No deadline passes, however slow the machine is."""


def _check_together(
    slow: _Slow, count: int, options: Options | None = None
) -> list[Outcome]:
    core = Core(options or Options(), None, STILL)

    def check(serial: int) -> Outcome:
        request = core.request(_without_responder(LIST, serial=serial), ca(), None)
        return threads.drive(core.check(request, None), lambda: slow, slow.sleep)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(check, range(1, count + 1)))


@pytest.mark.parametrize("answer", [_crl(2), None], ids=["answer", "failure"])
def test_checks_at_the_same_time_share_one_download(answer: HTTPReply | None) -> None:
    """Or its failure."""
    slow = _Slow(answer, waiting=19)
    outcomes = _check_together(slow, 20)
    assert slow.urls == [LIST]
    if answer is None:
        assert {each.reason for each in outcomes} == {Reason.TRANSPORT}
    else:
        revoked = [each.status is CheckStatus.REVOKED for each in outcomes]
        assert revoked == [serial == 2 for serial in range(1, 21)]


def test_tasks_share_one_download() -> None:
    """A hundred of them; the event loop goes on meanwhile."""
    gate = asyncio.Event()

    class Transport:
        urls: ClassVar[list[str]] = []

        async def send(self, request: HTTPRequest) -> HTTPReply:
            self.urls.append(request.url)
            await gate.wait()
            return _crl(2)

    pauses = itertools.count()

    async def sleep(seconds: float) -> None:
        if next(pauses) == 200:
            gate.set()
        # The thread that reads the CRL needs the processor then.
        await asyncio.sleep(seconds if gate.is_set() else 0)

    async def check_all() -> list[Outcome]:
        core = Core(Options(), None, STILL)
        transport: Any = Transport()
        return await asyncio.gather(
            *(
                tasks.drive(
                    core.check(
                        core.request(
                            _without_responder(LIST, serial=serial), ca(), None
                        ),
                        None,
                    ),
                    lambda: transport,
                    sleep,
                )
                for serial in range(1, 101)
            )
        )

    outcomes = asyncio.run(check_all())
    assert Transport.urls == [LIST]
    revoked = [each.status is CheckStatus.REVOKED for each in outcomes]
    assert revoked == [serial == 2 for serial in range(1, 101)]


def test_a_check_waits_until_its_own_deadline(driver: str) -> None:
    """And a download that should have ended does not block the next check."""
    play = Play(driver, {LIST: [_crl()]})
    memory = play.core._memory.crls
    memory.begin(LIST, 0.0, 1000.0)
    outcome = play.check(_without_responder(LIST, serial=1))
    assert (outcome.reason, play.clock.seconds) == (Reason.TIMEOUT, 10.0)
    assert play.script.hosts == []
    play.clock.seconds = 995.0
    assert play.check(_without_responder(LIST, serial=2)).source is Source.CRL


def test_a_cancelled_download_is_taken_over(driver: str) -> None:
    """By one of the checks that wait."""
    play = Play(driver, {LIST: [_crl()]})
    cert = _without_responder(LIST)
    flow = play.core.check(play.core.request(cert, ca(), None), None)
    while not isinstance(next(flow), Send):
        pass
    waiting = play.core.check(play.core.request(cert, ca(), None), None)
    while not isinstance(next(waiting), Pause):
        pass
    flow.close()
    assert isinstance(waiting.send(None), Send)
    waiting.close()
    assert play.check(cert).source is Source.CRL


def test_the_size_of_all_kept_crls_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRL that was not used for the longest time is removed."""
    size = len(_crl().body) + 20  # the index, and a longer signature
    monkeypatch.setattr(limits, "MAX_KEPT_CRL_BYTES", 2 * size)
    play = Play("threads", {"http://c": [_crl()]})
    urls = [f"http://c.example/{each}.crl" for each in range(3)]
    for url in (urls[0], urls[1], urls[0], urls[2], urls[0], urls[1]):
        play.check(_without_responder(url))
    assert [each.url for each in play.script.sent] == [
        urls[0],
        urls[1],
        urls[2],
        urls[1],
    ]
