"""Remember the records of a source that is slow to ask, for a short time."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ocsp import limits
from ocsp.client.memory.sized_map import SizedMap
from ocsp.errors import ConfigError
from ocsp.responder.source import StatusQuery, StatusRecord, StatusSource

__all__ = ["CachedSource"]

_OCTETS = 1024
"""What one entry takes: the query, the record with its times, and the map."""


class _Kept(NamedTuple):
    """A record, or that there is none, and until when it is used."""

    until: float
    end: datetime.datetime | None
    record: StatusRecord | None


class CachedSource:
    """
    A :class:`StatusSource` that remembers the records of another one.

    A revocation is visible after *ttl* at the latest, counted from the moment when the
    other source was asked, and at once after :meth:`invalidate`. Errors are not
    remembered. The size of all entries is bounded by ``MAX_CACHED_STATUS_BYTES``; those
    that were not used for the longest time go first.
    """

    def __init__(
        self,
        source: StatusSource,
        ttl: datetime.timedelta,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """
        Remember what *source* says.

        Args:
            source: The source.

            ttl: How long to remember it; revocations are invisible for as long.

            clock: The monotonic clock, in seconds, for tests.

            now: The current time, aware, for tests.

        Raises:
            ConfigError: If *ttl* is not positive.
        """
        if ttl <= datetime.timedelta(0):
            raise ConfigError("ttl", f"is {ttl}, but has to be positive")
        self._source = source
        self._ttl = ttl.total_seconds()
        self._clock = clock
        self._now = now or _now
        self._kept = _new_map()
        self._generation = 0

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the other source has to be asked, and cannot answer.
        """
        asked_at = self._clock()
        known = {query: self._known(query, asked_at) for query in queries}
        missing = [query for query, kept in known.items() if kept is None]
        if missing:
            generation = self._generation
            until = asked_at + self._ttl
            records = await self._source.look_up(missing)
            for query, record in zip(missing, records, strict=True):
                end = None if record is None else record.next_update
                known[query] = kept = _Kept(until, end, record)
                if generation == self._generation:
                    self._kept.put(query, kept, _OCTETS)
        return [None if (k := known[query]) is None else k.record for query in queries]

    def invalidate(self, queries: Iterable[StatusQuery] | None = None) -> None:
        """
        Forget the records of *queries*, or all of them.

        A look-up that is running is not remembered.
        """
        self._generation += 1
        if queries is None:
            self._kept = _new_map()
            return
        for query in queries:
            self._kept.discard(query)

    def _known(self, query: StatusQuery, now: float) -> _Kept | None:
        kept = self._kept.get(query)
        if kept is None or now >= kept.until:
            return None
        return kept if kept.end is None or self._now() < kept.end else None


def _new_map() -> SizedMap[StatusQuery, _Kept]:
    return SizedMap(_limits)


def _limits() -> tuple[int, int]:
    most = limits.MAX_CACHED_STATUS_BYTES
    return most // _OCTETS, most


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
