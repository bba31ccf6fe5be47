"""Sources made of other sources: chain, cache and bounds."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Sequence

import pytest

from ocsp import OCSPCertStatus, limits
from ocsp.errors import ConfigError, SourceUnavailable
from ocsp.responder import LocalSource, StatusQuery, StatusRecord
from ocsp.status import (
    BoundedSource,
    CachedSource,
    ChainSource,
    LocalChainSource,
    MemorySource,
)
from tests.pki import NOW
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, REVOKED, UNLISTED, ask, query

STOLEN = StatusRecord.revoked(NOW, contract.STOLEN)
SECOND = datetime.timedelta(seconds=1)


def _memory() -> dict[StatusQuery, StatusRecord]:
    return {query(GOOD): StatusRecord(), query(REVOKED): STOLEN}


class Counting:
    """A source that counts its queries, and can be switched off."""

    def __init__(self, records: dict[StatusQuery, StatusRecord]) -> None:
        self.records = records
        self.asked: list[int] = []
        self.is_down = False

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """Return the records, or fail."""
        self.asked += [each.serial_number for each in queries]
        if self.is_down:
            raise SourceUnavailable("is down")
        return [self.records.get(each) for each in queries]

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """Return the same."""
        return self.look_up_now(queries)


def _status(record: StatusRecord | None) -> OCSPCertStatus | None:
    return None if record is None else record.status


MAKERS: list[Callable[[MemorySource], object]] = [
    lambda source: source,
    lambda source: ChainSource([source]),
    lambda source: ChainSource([MemorySource({}), source, MemorySource({})]),
    lambda source: LocalChainSource([MemorySource({}), source]),
    lambda source: BoundedSource(source, in_flight=2, deadline=SECOND),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_contract(make: Callable[[MemorySource], object]) -> None:
    """What holds for every source; wrappers keep it."""
    records = _memory()
    source = make(MemorySource(records))
    contract.check(
        contract.Scene(
            source=source,  # type: ignore[arg-type]
            revoke=lambda: records.update({query(GOOD): STOLEN}),
        )
    )


def test_the_contract_of_a_cache() -> None:
    """A revocation counts after the time to live."""
    records, time = _memory(), [0.0]
    source = CachedSource(MemorySource(records), SECOND, clock=lambda: time[0])

    def revoke() -> None:
        records[query(GOOD)] = STOLEN
        time[0] += 1

    contract.check(contract.Scene(source=source, revoke=revoke))


# --- chain -------------------------------------------------------------------------------


@pytest.fixture(name="pair")
def _pair() -> tuple[Counting, Counting]:
    first = Counting({query(GOOD): StatusRecord()})
    second = Counting({query(GOOD): STOLEN, query(REVOKED): STOLEN})
    return first, second


def test_the_first_that_knows_counts(pair: tuple[Counting, Counting]) -> None:
    """The next one is asked for the rest only."""
    first, second = pair
    found = asyncio.run(
        ChainSource(pair).look_up([query(n) for n in (GOOD, REVOKED, UNLISTED, GOOD)])
    )
    assert list(map(_status, found)) == [
        OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED, None, OCSPCertStatus.GOOD,
    ]  # fmt: skip
    assert first.asked == [GOOD, REVOKED, UNLISTED]
    assert second.asked == [REVOKED, UNLISTED]


def test_a_source_that_is_down_is_not_one_without_a_record(
    pair: tuple[Counting, Counting],
) -> None:
    """Before the one that knows: only *revoked* counts. After it: it is not asked."""
    first, second = pair
    chain = LocalChainSource(pair)
    first.is_down = True
    assert list(map(_status, ask(chain, REVOKED))) == [OCSPCertStatus.REVOKED]
    for serial in (UNLISTED, 0):
        with pytest.raises(SourceUnavailable, match="is down"):
            ask(chain, serial)
    second.records[query(UNLISTED)] = StatusRecord()
    with pytest.raises(SourceUnavailable, match="is down"):
        ask(chain, UNLISTED)
    first.is_down, second.is_down = False, True
    assert list(map(_status, ask(chain, GOOD))) == [OCSPCertStatus.GOOD]
    with pytest.raises(SourceUnavailable, match="is down"):
        ask(chain, GOOD, REVOKED)


def test_which_chains_are_local() -> None:
    """A chain of sources that wait is not called in the event loop."""
    source = MemorySource({})
    assert isinstance(LocalChainSource([source]), LocalSource)
    assert not isinstance(ChainSource([source]), LocalSource)
    assert isinstance(source, LocalSource)


# --- cache -------------------------------------------------------------------------------


class Cache:
    """A cache on a source, with clocks that a test moves."""

    def __init__(self) -> None:
        self.time, self.now = 0.0, NOW
        self.source = Counting(_memory())
        self.cache = CachedSource(
            self.source, 10 * SECOND, clock=lambda: self.time, now=lambda: self.now
        )


@pytest.fixture(name="cached")
def _cached() -> Cache:
    return Cache()


def test_records_are_remembered_until_the_time_to_live(cached: Cache) -> None:
    """Also that there is none; a query that is missing is asked alone."""
    ask(cached.cache, GOOD, UNLISTED)
    cached.time = 9.9
    ask(cached.cache, GOOD, UNLISTED, REVOKED)
    assert cached.source.asked == [GOOD, UNLISTED, REVOKED]
    cached.time = 10.0
    ask(cached.cache, GOOD, REVOKED)
    assert cached.source.asked == [GOOD, UNLISTED, REVOKED, GOOD]


def test_a_record_is_not_used_after_its_end(cached: Cache) -> None:
    """NextUpdate of the CRL that it comes from."""
    record = StatusRecord(this_update=NOW, next_update=NOW + SECOND)
    cached.source.records[query(GOOD)] = record
    ask(cached.cache, GOOD)
    cached.now += SECOND
    ask(cached.cache, GOOD)
    assert cached.source.asked == [GOOD, GOOD]


def test_errors_are_not_remembered(cached: Cache) -> None:
    """What is remembered is used meanwhile."""
    ask(cached.cache, GOOD)
    cached.source.is_down = True
    ask(cached.cache, GOOD)
    with pytest.raises(SourceUnavailable):
        ask(cached.cache, GOOD, REVOKED)
    cached.source.is_down = False
    assert list(map(_status, ask(cached.cache, REVOKED))) == [OCSPCertStatus.REVOKED]


@pytest.mark.parametrize("queries", [None, [query(GOOD)]])
def test_invalidation(cached: Cache, queries: list[StatusQuery] | None) -> None:
    """Of all, or of some."""
    ask(cached.cache, GOOD)
    cached.source.records[query(GOOD)] = STOLEN
    cached.cache.invalidate(queries)
    assert list(map(_status, ask(cached.cache, GOOD))) == [OCSPCertStatus.REVOKED]


def test_a_look_up_that_runs_during_an_invalidation_is_not_remembered() -> None:
    """It may have read what was before the change."""
    records = _memory()

    class Slow:
        async def look_up(
            self, queries: Sequence[StatusQuery]
        ) -> list[StatusRecord | None]:
            found = [records.get(each) for each in queries]
            if records[query(GOOD)] is not STOLEN:
                records[query(GOOD)] = STOLEN
                cache.invalidate()
            return found

    cache = CachedSource(Slow(), SECOND, clock=lambda: 0.0)
    assert list(map(_status, ask(cache, GOOD))) == [OCSPCertStatus.GOOD]
    assert list(map(_status, ask(cache, GOOD))) == [OCSPCertStatus.REVOKED]


def test_the_size_is_bounded(cached: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used for the longest time goes first."""
    monkeypatch.setattr(limits, "MAX_CACHED_STATUS_BYTES", 2048)
    for serial in (1, 2, 1, 3, 1, 2):
        ask(cached.cache, serial)
    assert cached.source.asked == [1, 2, 3, 2]


# --- bounds ------------------------------------------------------------------------------


def test_a_source_that_hangs_costs_little() -> None:
    """The deadline for each, and at once above the number; later it is used again."""

    async def run() -> None:
        release = asyncio.Event()

        class Hanging:
            async def look_up(
                self, queries: Sequence[StatusQuery]
            ) -> list[StatusRecord | None]:
                await release.wait()
                return [None] * len(queries)

        bounded = BoundedSource(Hanging(), in_flight=2, deadline=SECOND / 1000)
        for _ in range(2):
            with pytest.raises(SourceUnavailable, match=r"within 0\.001 seconds"):
                await bounded.look_up([query(GOOD)])
        with pytest.raises(SourceUnavailable, match="2 look-ups are waiting"):
            await bounded.look_up([query(GOOD)])
        release.set()
        while bounded._running:
            await asyncio.sleep(0)
        assert await bounded.look_up([query(GOOD)]) == [None]

    asyncio.run(run())


def test_errors_pass_through_bounds() -> None:
    """The source's own words."""
    source = Counting({})
    source.is_down = True
    bounded = BoundedSource(source, in_flight=1, deadline=SECOND)
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="is down"):
            ask(bounded, GOOD)


def test_settings_of_wrappers() -> None:
    """Each is positive."""
    source, none = MemorySource({}), datetime.timedelta(0)
    with pytest.raises(ConfigError, match="ttl"):
        CachedSource(source, none)
    with pytest.raises(ConfigError, match="in_flight"):
        BoundedSource(source, in_flight=0, deadline=SECOND)
    with pytest.raises(ConfigError, match="deadline"):
        BoundedSource(source, in_flight=1, deadline=none)
