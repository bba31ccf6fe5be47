"""Caches: one contract, in memory and in a SQLite file."""

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
from ocsp.client.cache import Cache, MemoryCache, SQLiteCache
from tests.pki import NOW, ca, key, leaf, make
from tests.unit.client.evidence import HOUR, LATER, answer, key_of

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


def test_what_was_put_comes_back(cache: Cache) -> None:
    """The response, octet by octet, and both times."""
    assert cache.get(key_of(1)) is None
    assert cache.put(key_of(1), answer(1), LATER)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(answer(1))
    assert (found.this_update, found.expires) == (NOW - HOUR, LATER)
    assert cache.get(key_of(2)) is None


def test_evidence_stays_in_the_process(file: SQLiteCache) -> None:
    """From memory it comes as it is; from a file it has to be verified again."""
    memory = MemoryCache()
    for cache in (memory, file):
        assert cache.put(key_of(1), answer(1), LATER)
    kept, read = memory.get(key_of(1)), file.get(key_of(1))
    assert kept is not None
    assert kept.evidence is answer(1)
    assert read is not None
    assert read.evidence is None


def test_answers_with_either_hash_are_one_entry(cache: Cache) -> None:
    """The responder chooses the hash of its CertID, not the place in the cache."""
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
def test_evidence_is_filed_under_its_own_name_only(cache: Cache, wrong: CertID) -> None:
    """Another serial number, another hash, another issuer: never what was hoped for."""
    with pytest.raises(ocsp.ConfigError, match="canonical_cert_id"):
        cache.put(wrong, answer(1), LATER)
    assert cache.get(wrong) is None
    assert cache.get(key_of(1)) is None


def test_the_same_number_of_another_issuer_is_another_entry(cache: Cache) -> None:
    """An issuer is its name and its key."""
    assert cache.put(key_of(1), answer(1), LATER)
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    for issuer in (ca("Other CA"), rekeyed):
        assert cache.get(CertID.for_serial(issuer, 1, hashes.SHA256())) is None


def test_only_evidence_gets_in(cache: Cache) -> None:
    """A response that nobody has verified does not, whatever it says."""
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
    ids=["unknown", "with our nonce", "with a nonce of somebody"],
)
def test_what_is_no_answer_for_all_is_not_kept(
    cache: Cache, evidence: ocsp.VerifiedResponse
) -> None:
    """*Unknown* may soon be known, and a nonce makes an answer to one request."""
    assert not cache.put(key_of(1), evidence, LATER)
    assert cache.get(key_of(1)) is None
    assert cache.put(key_of(1), answer(1), LATER)
    assert not cache.put(key_of(1), evidence, LATER + HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(answer(1))


def test_an_answer_gives_way_to_a_later_one_alone(cache: Cache) -> None:
    """A response that is replayed cannot undo what has been learned since."""
    new, old = answer(1, HOUR, REVOKED), answer(1, HOUR + SECOND)
    assert cache.put(key_of(1), old, LATER)
    assert cache.put(key_of(1), new, LATER - HOUR)
    assert not cache.put(key_of(1), old, LATER + HOUR)
    assert not cache.put(key_of(1), new, LATER - HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.this_update == NOW - HOUR
    assert found.expires == LATER - HOUR


def test_of_two_at_the_same_time_the_revocation_stands(cache: Cache) -> None:
    """Whichever comes last, and for however long it says it holds."""
    good, revoked = answer(1), answer(1, status=REVOKED)
    assert cache.put(key_of(1), good, LATER)
    assert cache.put(key_of(1), revoked, LATER - HOUR)
    assert not cache.put(key_of(1), good, LATER + HOUR)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.der == _der(revoked)


def test_an_answer_that_was_fetched_again_is_kept_for_longer(cache: Cache) -> None:
    """HTTP may have said ten minutes where nextUpdate says a day."""
    for expires, kept in ((LATER, True), (LATER - SECOND, False), (LATER, False)):
        assert cache.put(key_of(1), answer(1), expires) is kept
    assert cache.put(key_of(1), answer(1), LATER + SECOND)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.expires == LATER + SECOND


def test_expires_is_kept_in_utc(cache: Cache) -> None:
    """Whatever zone it was given in."""
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
def test_no_moment_is_too_far_away(cache: Cache, expires: datetime.datetime) -> None:
    """From the year 1 to the year 9999; whether it has expired is the client's part."""
    assert cache.put(key_of(1), answer(1), expires)
    found = cache.get(key_of(1))
    assert found is not None
    assert found.expires == expires.replace(microsecond=0) or found.expires == expires


def test_what_is_discarded_is_gone(cache: Cache) -> None:
    """And may come again, be it older."""
    cache.discard(key_of(1))
    assert cache.put(key_of(1), answer(1), LATER)
    assert cache.put(key_of(2), answer(2), LATER)
    cache.discard(key_of(1))
    assert cache.get(key_of(1)) is None
    assert cache.get(key_of(2)) is not None
    assert cache.put(key_of(1), answer(1, 2 * HOUR), LATER)


def test_caches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what they are told, or by the limit."""
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


def test_memory_keeps_what_is_asked_for() -> None:
    """The one that nobody has looked at for longest goes."""
    cache = MemoryCache(max_entries=2)
    for serial in (1, 2):
        cache.put(key_of(serial), answer(serial), LATER)
    assert cache.get(key_of(1)) is not None
    cache.put(key_of(3), answer(3), LATER)
    assert cache.get(key_of(2)) is None
    assert cache.get(key_of(1)) is not None
    assert len(cache) == 2


def test_a_file_loses_first_what_has_expired(tmp_path: Path) -> None:
    """However late it came; then what has stood for longest."""
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


def test_a_cache_is_shared_by_threads(cache: Cache) -> None:
    """Of all that they put at once, the latest stands."""
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
