"""What clients and their caches keep is bounded in octets; estimates match the memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from cryptography import x509

import ocsp
from ocsp import limits
from ocsp.asn1.der import encode, encode_integer, encode_oid
from ocsp.client import CheckStatus, MemoryCache, Options
from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.memory.sizes import octets_of, without_frames
from tests.cases.builder import HOUR
from tests.cases.model import NOW as CASE_NOW
from tests.hostile import BUILD, KINDS
from tests.pki import ca
from tests.unit.client.scene import A, Play, certificate, reply, response, unsuccessful

CA = x509.load_der_x509_certificate(BUILD.ca.der)


@contextmanager
def _measured() -> Iterator[Callable[[], int]]:
    """Yield a function that returns how many octets were allocated and are kept."""
    gc.collect()
    tracemalloc.start()
    try:

        def kept() -> int:
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        yield kept
    finally:
        tracemalloc.stop()


# --- maps ------------------------------------------------------------------------------


def test_a_map_is_bounded_in_entries_and_in_octets() -> None:
    """What was not used for the longest time is removed first."""
    most = [3, 100]
    known: SizedMap[str, int] = SizedMap(lambda: (most[0], most[1]))
    for number, key in enumerate("abcd"):
        known.put(key, number, 10)
    assert [known.get(key) for key in "abcd"] == [None, 1, 2, 3]
    assert known.get("b") == 1
    known.put("e", 4, 10)
    assert [known.get(key) for key in "bcde"] == [1, None, 3, 4]
    known.put("f", 5, 90)
    assert [known.get(key) for key in "bdef"] == [None, None, 4, 5]
    assert known.octets == 100
    known.put("f", 6, 20)
    assert (known.octets, len(known)) == (30, 2)
    known.discard("e")
    known.discard("e")
    assert (known.octets, len(known)) == (20, 1)
    known.put("g", 7, 101)
    assert (known.octets, len(known)) == (0, 0)


def test_remembered_values_are_bounded_in_octets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keys and values count; parts stand for the value."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_BYTES", 5000)
    known: ExpiringMap[bytes, object] = ExpiringMap()
    for number in range(100):
        known.put(b"k%d" % number, bytes(1000), 1.0)
        known.put(b"p%d" % number, object(), 1.0, "x" * 1000)
        assert 0 < known.octets <= 5000
    assert known.get(b"p99", 0.0) is not None
    assert known.get(b"k96", 0.0) is None
    for number in range(100):
        known.get(b"p%d" % number, 2.0)
        known.get(b"k%d" % number, 2.0)
    assert known.octets == 0


# --- estimates ---------------------------------------------------------------------------


def _evidence(*entries: bytes) -> ocsp.VerifiedResponse:
    leaf = x509.load_der_x509_certificate(BUILD.leaf.der)
    return ocsp.verify(BUILD.response(BUILD.entry(), *entries), leaf, CA, at=CASE_NOW)


def _other_entries(count: int, **changes: list[bytes]) -> list[bytes]:
    return [
        BUILD.entry(cert_id=BUILD.cert_id(serial=number.to_bytes(3)), **changes)
        for number in range(0x100000, 0x100000 + count)
    ]


EXTENSIONS = [BUILD.nonce(bytes((number,))) for number in range(4)]


@pytest.mark.parametrize(
    "make",
    [
        _evidence,
        lambda: _evidence(*_other_entries(5)),
        lambda: _evidence(*_other_entries(400)),
        lambda: _evidence(*_other_entries(300, extensions=EXTENSIONS[:1])),
    ],
    ids=["one entry", "6 entries", "400 entries", "extensions"],
)
def test_evidence_takes_no_more_than_the_estimate(
    make: Callable[[], ocsp.VerifiedResponse],
) -> None:
    """And not much less: otherwise a cache would keep few answers."""
    make()
    with _measured() as kept:
        many = [make() for _ in range(10)]
        took = kept()
    estimate = sum(octets_of(each) for each in many)
    assert took <= estimate <= 12 * took


@pytest.mark.parametrize("kind", [*KINDS][::3])
def test_an_error_takes_no_more_than_the_estimate(kind: str) -> None:
    """Without the frames of the verification, which hold the message."""
    leaf = x509.load_der_x509_certificate(BUILD.leaf.der)
    data = KINDS[kind]()

    def fail() -> ocsp.VerificationError:
        with pytest.raises(ocsp.VerificationError) as raised:
            ocsp.verify(data, leaf, CA, at=CASE_NOW)
        error = without_frames(raised.value)
        assert isinstance(error, ocsp.VerificationError)
        return error

    fail()
    limits.MAX_CACHE_BYTES, before = 0, limits.MAX_CACHE_BYTES
    try:
        with _measured() as kept:
            errors = [fail() for _ in range(2)]
            took = kept()
    finally:
        limits.MAX_CACHE_BYTES = before
    assert took <= octets_of(*errors) + 30_000


# --- caches ------------------------------------------------------------------------------


def _answers(count: int) -> list[tuple[ocsp.CertID, ocsp.VerifiedResponse]]:
    found = []
    for serial in range(1, count + 1):
        leaf = BUILD.certificate("leaf", serial=serial)
        data = BUILD.response(
            BUILD.entry(cert_id=BUILD.cert_id(leaf)), *_other_entries(20)
        )
        cert = x509.load_der_x509_certificate(leaf.der)
        evidence = ocsp.verify(data, cert, CA, at=CASE_NOW)
        found.append((evidence.canonical_cert_id, evidence))
    return found


@pytest.mark.parametrize("by", ["argument", "limit"])
def test_a_cache_in_memory_is_bounded_in_octets(
    monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """By the argument, or by the limit that applies without it."""
    most = 300_000
    if by == "limit":
        monkeypatch.setattr(limits, "MAX_CACHED_ANSWER_BYTES", most)
    cache = MemoryCache(max_bytes=most if by == "argument" else None)
    _answers(1)
    with _measured() as kept:
        for cert_id, evidence in _answers(50):
            assert cache.put(cert_id, evidence, CASE_NOW + HOUR)
            assert 0 < cache.octets <= most
        del evidence
        assert kept() <= most + 100_000
    assert 3 < len(cache) < 50
    assert cache.get(cert_id) is not None
    cache.discard(cert_id)
    assert cache.get(cert_id) is None


def test_an_answer_that_is_larger_than_the_cache_is_not_kept() -> None:
    """And the cache is empty afterwards."""
    ((cert_id, evidence),) = _answers(1)
    cache = MemoryCache(max_bytes=1000)
    cache.put(cert_id, evidence, CASE_NOW + HOUR)
    assert (len(cache), cache.octets) == (0, 0)


def test_a_client_keeps_no_more_evidence_than_its_cache(driver: str) -> None:
    """Also of what it has derived from cached answers."""
    most = 30_000
    serials = range(1, 30)
    cache = MemoryCache(max_bytes=most)
    play = Play(
        driver, {A: [reply(response(serial=number)) for number in serials]}, None, cache
    )
    for number in serials:
        cert = certificate(A, serial=number)
        assert play.check(cert).status is CheckStatus.GOOD
        again = play.core.check(play.core.request(cert, ca(), None), None)
        assert play.run(again).status is CheckStatus.GOOD
        assert 0 < cache.octets <= most
        assert 0 < play.core._memory.verified_answers.octets <= most
        assert 0 < play.core._memory.outcomes.octets <= most
    assert len(play.script.sent) == len(serials)


def test_remembered_failures_hold_no_messages(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in their frames nor in their values."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_BYTES", 200_000)
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 0)
    refused = unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    hostile = [KINDS["many timestamps"](), KINDS["long nonce"](), KINDS["same name"]()]
    bodies = [*hostile * 10, refused]
    play = Play(driver, {A: [reply(body) for body in bodies]}, Options(retries=0))
    certs = [certificate(A, serial=number) for number in range(1, 41)]
    for cert in certs[:4]:  # each kind once: the first use imports modules
        play.check(cert)
    with _measured() as kept:
        for cert in certs[4:]:
            outcome = play.check(cert)
            assert outcome.failure is not None
            assert outcome.failure.__traceback__ is None
        del outcome
        assert play.core._memory.failed_checks.octets <= 200_000
        # The messages of 36 checks have 2 MB. AnyIO before 4.15 keeps the last error of
        # each event loop, and here each check has its own.
        assert kept() <= 200_000 + 800_000


def test_errors_lose_their_frames() -> None:
    """With those of their causes and contexts."""

    def fail() -> None:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise ocsp.errors.TransportError(A, "outer") from error

    with pytest.raises(ocsp.errors.TransportError) as raised:
        fail()
    error = without_frames(raised.value)
    assert error is raised.value
    assert error.__traceback__ is None
    assert error.__cause__ is not None
    assert error.__cause__.__traceback__ is None


# --- messages that a program loads and drops -------------------------------------------


def _unit(value: bytes) -> bytes:
    return encode(0x31, encode(0x30, encode_oid("2.5.4.11"), encode(0x0C, value)))


def _by_name(*units: bytes, certs: Sequence[bytes] = ()) -> bytes:
    responder = BUILD.by_name(encode(0x30, *units))
    return BUILD.response(responder_id=responder, signature=b"x", certs=certs)


def _with_long_value(number: int, size: int) -> bytes:
    return _by_name(_unit(b"%d" % number + b"y" * size))


def _with_many_values(number: int, size: int) -> bytes:
    return _by_name(*[_unit(b"a")] * min(size // 20, 127), _unit(b"%d" % number))


def _with_algorithm(number: int, size: int) -> bytes:
    parameters = encode(0x30, encode_integer(number), encode(0x04, bytes(size)))
    identifier = encode(0x30, encode_oid("1.2.3.4"), parameters)
    return BUILD.response(identifier=identifier, signature=b"x")


def _with_certificate(number: int, size: int) -> bytes:
    unit = _unit(b"%d" % number + b"z" * min(size, 25_000))
    delegate = BUILD.delegate(encode(0x30, unit), serial=number + 1)
    return _by_name(unit, certs=[delegate.der])


@pytest.mark.parametrize("size", [1000, 60_000, 1_000_000])
@pytest.mark.parametrize(
    "make", [_with_long_value, _with_many_values, _with_algorithm, _with_certificate]
)
def test_messages_that_are_dropped_leave_little_behind(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[int, int], bytes],
    size: int,
) -> None:
    """Names, algorithms and certificates in caches are bounded in octets."""
    most = 1 << 15
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", most)
    leaf = x509.load_der_x509_certificate(BUILD.leaf.der)

    def use(number: int) -> None:
        data = make(number, size)
        message = ocsp.load_der_ocsp_response(data)
        assert message.responder_name or message.responder_key_hash
        assert message.signature_algorithm_oid
        with pytest.raises(ocsp.VerificationError):
            ocsp.verify(data, leaf, CA, at=CASE_NOW)

    use(0)
    with _measured() as kept:
        for number in range(1, 8 if size > 100_000 else 40):
            use(number)
        # Six caches hold what such messages have.
        assert kept() <= 6 * most
