"""Caches: the memory cache and the SQLite cache behave the same."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, limits
from ocsp.client.cache import Cache, MemoryCache, RemembersNewest, SQLiteCache
from tests.pki import END, NOW, ca, key, leaf, make
from tests.unit.client.evidence import HOUR, LATER, answer, key_of, listed

REVOKED, UNKNOWN = OCSPCertStatus.REVOKED, OCSPCertStatus.UNKNOWN
SECOND = datetime.timedelta(seconds=1)
NONCE = bytes(range(32))


def _der(evidence: ocsp.VerifiedResponse) -> bytes:
    return evidence.response.public_bytes(Encoding.DER)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Iterator[SQLiteCache]:
    with SQLiteCache(tmp_path / "answers.db") as cache:
        yield cache


@pytest.fixture(name="cache", params=["memory", "sqlite"])
def _cache(request: pytest.FixtureRequest, file: SQLiteCache) -> Cache:
    return MemoryCache() if request.param == "memory" else file


def test_get_returns_what_was_put(cache: Cache) -> None:
    """The response and both times are unchanged."""
    assert cache.get(key_of(1)) is None
    assert cache.put(key_of(1), answer(1), LATER)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(answer(1))
    assert (found.this_update, found.expires) == (NOW - HOUR, LATER)
    assert cache.get(key_of(2)) is None


def test_evidence_stays_in_the_process(file: SQLiteCache) -> None:
    """The memory cache returns the evidence; a file does not."""
    memory = MemoryCache()
    for cache in (memory, file):
        assert cache.put(key_of(1), answer(1), LATER)
    kept, read = memory.get(key_of(1)), file.get(key_of(1))
    assert kept is not None
    assert kept.evidence is answer(1)
    assert read is not None
    assert read.evidence is None


def test_answers_with_either_hash_are_one_entry(cache: Cache) -> None:
    """The key of the cache does not depend on the hash that the responder chose."""
    old, new = answer(1, 2 * HOUR, by_sha1=True), answer(1)
    assert old.cert_id != new.cert_id
    assert old.canonical_cert_id == new.canonical_cert_id == key_of(1)
    assert cache.put(key_of(1), old, LATER)
    assert cache.put(key_of(1), new, LATER)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.this_update == NOW - HOUR


@pytest.mark.parametrize(
    "wrong",
    [
        key_of(2),
        CertID.for_certificate(leaf(1), ca(), hashes.SHA1()),
        CertID.for_serial(ca("Other CA"), 1, hashes.SHA256()),
        CertID.for_serial(ca(), -1, hashes.SHA256()),
    ],
)
def test_put_refuses_another_cert_id(cache: Cache, wrong: CertID) -> None:
    """The serial number, the hash or the issuer differs from the evidence."""
    with pytest.raises(ocsp.ConfigError, match="canonical_cert_id"):
        cache.put(wrong, answer(1), LATER)
    assert cache.get(wrong) is None
    assert cache.get(key_of(1)) is None


def test_the_same_serial_of_another_issuer_is_another_entry(cache: Cache) -> None:
    """The name and the key identify an issuer."""
    assert cache.put(key_of(1), answer(1), LATER)
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    for issuer in (ca("Other CA"), rekeyed):
        assert cache.get(CertID.for_serial(issuer, 1, hashes.SHA256())) is None


def test_put_takes_only_evidence(cache: Cache) -> None:
    """An unverified response and a naive time are refused."""
    with pytest.raises(TypeError, match="VerifiedResponse"):
        cache.put(key_of(1), answer(1).response, LATER)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="aware"):
        cache.put(key_of(1), answer(1), LATER.replace(tzinfo=None))
    assert cache.get(key_of(1)) is None


@pytest.mark.parametrize(
    "evidence",
    [
        answer(1, status=UNKNOWN),
        answer(1, nonce=NONCE, asked_with_nonce=True),
        answer(1, nonce=NONCE),
    ],
    ids=["unknown", "requested nonce", "unrequested nonce"],
)
def test_unknown_and_answers_with_a_nonce_are_not_kept(
    cache: Cache, evidence: ocsp.VerifiedResponse
) -> None:
    """*Unknown* may soon change, and a response with a nonce answers one request."""
    assert not cache.put(key_of(1), evidence, LATER)
    assert cache.get(key_of(1)) is None
    assert cache.put(key_of(1), answer(1), LATER)
    assert not cache.put(key_of(1), evidence, LATER + HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(answer(1))


def test_only_a_newer_answer_replaces_an_answer(cache: Cache) -> None:
    """A replayed response does not replace a newer one."""
    new, old = answer(1, HOUR, REVOKED), answer(1, HOUR + SECOND)
    assert cache.put(key_of(1), old, LATER)
    assert cache.put(key_of(1), new, LATER - HOUR)
    assert not cache.put(key_of(1), old, LATER + HOUR)
    assert not cache.put(key_of(1), new, LATER - HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.this_update == NOW - HOUR
    assert found.expires == LATER - HOUR


def test_revoked_wins_over_good_with_the_same_this_update(cache: Cache) -> None:
    """The order of the calls and the expiry do not matter."""
    good, revoked = answer(1), answer(1, status=REVOKED)
    assert cache.put(key_of(1), good, LATER)
    assert cache.put(key_of(1), revoked, LATER - HOUR)
    assert not cache.put(key_of(1), good, LATER + HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(revoked)


def test_the_same_answer_with_a_later_expiry_is_kept_for_longer(cache: Cache) -> None:
    """HTTP headers can shorten the lifetime, and a second fetch can extend it."""
    for expires, kept in ((LATER, True), (LATER - SECOND, False), (LATER, False)):
        assert cache.put(key_of(1), answer(1), expires) is kept
    assert cache.put(key_of(1), answer(1), LATER + SECOND)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.expires == LATER + SECOND


def test_of_two_answers_with_one_this_update_the_later_signed_one_wins(
    cache: Cache,
) -> None:
    """An earlier producedAt is older, however long the answer is valid."""
    early, late = answer(1, signed=HOUR / 2), answer(1)
    assert cache.put(key_of(1), early, LATER)
    assert cache.put(key_of(1), late, LATER - HOUR)
    assert not cache.put(key_of(1), early, LATER + HOUR)
    revoked = answer(1, status=REVOKED, signed=HOUR / 2)
    assert cache.put(key_of(1), revoked, LATER - HOUR)
    assert not cache.put(key_of(1), late, LATER)


def test_what_is_noted_is_known_but_not_kept(cache: RemembersNewest) -> None:
    """An answer with a nonce, for example. An older answer is not returned any more."""
    assert cache.newest(key_of(1)) is None
    assert cache.put(key_of(1), answer(1, 2 * HOUR), LATER)
    nonced = answer(1, status=REVOKED, nonce=NONCE)
    assert cache.note(nonced)
    assert not cache.note(nonced)
    assert cache.get(key_of(1)) is None
    known = cache.newest(key_of(1))
    assert known is not None
    assert known.is_newer_than(answer(1, 2 * HOUR))
    assert known.is_newer_than(answer(1))
    assert not known.is_newer_than(nonced)
    assert (known.this_update, known.is_revoked) == (NOW - HOUR, True)
    assert not known.is_kept
    for older in (answer(1), answer(1, 2 * HOUR)):
        assert not cache.put(key_of(1), older, LATER)
        assert not cache.note(older)
    assert cache.put(key_of(1), answer(1, status=REVOKED), LATER)
    kept = cache.newest(key_of(1))
    assert kept is not None
    assert kept == (*known[:3], LATER, True)
    assert not cache.note(nonced)
    assert cache.get(key_of(1)) is not None


def test_an_answer_that_has_expired_stays_known(cache: RemembersNewest) -> None:
    """An older one, valid for longer, does not replace it."""
    assert cache.put(key_of(1), answer(1, status=REVOKED), NOW)
    assert not cache.put(key_of(1), answer(1, 2 * HOUR), LATER)
    known = cache.newest(key_of(1))
    assert known is not None
    assert (known.is_revoked, known.until) == (True, NOW)


def test_a_crl_can_be_noted(cache: RemembersNewest) -> None:
    """A CRL has no producedAt: at the same thisUpdate, no response is older."""
    assert cache.note(listed(1))
    assert cache.newest(key_of(1)) == (NOW - HOUR, True, NOW - HOUR, END, False)
    assert not cache.put(key_of(1), answer(1), LATER)
    assert cache.put(key_of(1), answer(1, status=REVOKED), LATER)
    known = cache.newest(key_of(1))
    assert known is not None
    assert not known.is_newer_than(listed(1))
    assert known.is_newer_than(listed(1, 2 * HOUR))


def test_unknown_is_not_noted(cache: RemembersNewest) -> None:
    """It says that the responder does not know the certificate."""
    assert not cache.note(answer(1, status=UNKNOWN))
    assert cache.newest(key_of(1)) is None
    with pytest.raises(TypeError, match="evidence must be"):
        cache.note(answer(1).response)  # type: ignore[arg-type]


def test_expires_is_kept_in_utc(cache: Cache) -> None:
    """A time in another zone is converted."""
    zone = datetime.timezone(datetime.timedelta(hours=-5))
    assert cache.put(key_of(1), answer(1), LATER.astimezone(zone))
    found = cache.get(key_of(1))
    assert found is not None
    assert found.expires.tzinfo is datetime.UTC
    assert found.expires == LATER


@pytest.mark.parametrize(
    "expires",
    [
        datetime.datetime.max.replace(tzinfo=datetime.UTC),
        datetime.datetime.min.replace(tzinfo=datetime.UTC),
    ],
)
def test_any_expiry_is_kept(cache: Cache, expires: datetime.datetime) -> None:
    """From year 1 to year 9999; the client, not the cache, checks the expiry."""
    assert cache.put(key_of(1), answer(1), expires)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.expires == expires.replace(microsecond=0) or found.expires == expires


def test_discard_removes_an_answer(cache: Cache) -> None:
    """After that the cache also accepts an older answer."""
    cache.discard(key_of(1))
    assert cache.put(key_of(1), answer(1), LATER)
    assert cache.put(key_of(2), answer(2), LATER)
    cache.discard(key_of(1))
    assert cache.get(key_of(1)) is None
    assert cache.get(key_of(2)) is not None
    assert cache.put(key_of(1), answer(1, 2 * HOUR), LATER)


def test_caches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ``max_entries``, or else by the limit."""
    monkeypatch.setattr(limits, "MAX_CACHED_ANSWERS", 3)
    with (
        SQLiteCache(tmp_path / "a") as file,
        SQLiteCache(tmp_path / "b", max_entries=2) as small,
    ):
        for cache, most in (
            (MemoryCache(), 3),
            (MemoryCache(max_entries=2), 2),
            (file, 3),
            (small, 2),
        ):
            for serial in range(1, 7):
                assert cache.put(key_of(serial), answer(serial), LATER)
            held = [serial for serial in range(1, 7) if cache.get(key_of(serial))]
            assert held == list(range(7 - most, 7))


def test_memory_removes_the_least_recently_used_answer() -> None:
    """Getting an answer counts as use."""
    cache = MemoryCache(max_entries=2)
    for serial in (1, 2):
        cache.put(key_of(serial), answer(serial), LATER)
    assert cache.get(key_of(1)) is not None
    cache.put(key_of(3), answer(3), LATER)
    assert cache.get(key_of(2)) is None
    assert cache.get(key_of(1)) is not None
    assert len(cache) == 2


def test_a_file_removes_expired_answers_first(tmp_path: Path) -> None:
    """After those it removes the answers that were stored first."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    future = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)
    with SQLiteCache(tmp_path / "answers.db", max_entries=3) as cache:
        for serial, expires in ((1, future), (2, past), (3, future), (4, future)):
            assert cache.put(key_of(serial), answer(serial), expires)
        held = [serial for serial in range(1, 5) if cache.get(key_of(serial))]
        assert held == [1, 3, 4]
        assert cache.put(key_of(1), answer(1, 0 * HOUR), future)
        assert cache.put(key_of(5), answer(5), future)
        held = [serial for serial in range(1, 6) if cache.get(key_of(serial))]
        assert held == [1, 4, 5]


def test_a_file_removes_revocations_that_have_expired_later(tmp_path: Path) -> None:
    """They still refuse an older good."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    future = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)
    with SQLiteCache(tmp_path / "answers.db", max_entries=2) as cache:
        assert cache.put(key_of(1), answer(1, status=REVOKED), past)
        assert cache.put(key_of(2), answer(2), past)
        assert cache.put(key_of(3), answer(3), future)
        assert [each for each in range(1, 4) if cache.newest(key_of(each))] == [1, 3]


def test_threads_share_a_cache(cache: Cache) -> None:
    """Of the answers that threads put at the same time, the newest stays."""
    ages = [HOUR + number * SECOND for number in range(12)]
    for age in ages:
        answer(1, age)
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for age in (ages[first:] + ages[:first]) * 3:
            cache.put(key_of(1), answer(1, age), LATER)
            found = cache.get(key_of(1))
            seen[first].append(found.this_update if found else NOW - 99 * HOUR)

    seen: dict[int, list[datetime.datetime]] = {first: [] for first in (0, 3, 6, 9)}
    threads = [threading.Thread(target=work, args=(first,)) for first in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for times in seen.values():
        assert len(times) == 36
        assert times == sorted(times)
        assert times[-1] == NOW - HOUR
