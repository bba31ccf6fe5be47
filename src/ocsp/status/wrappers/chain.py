"""Ask several sources, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ocsp.errors import SourceUnavailable
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import (
    LocalSource,
    StatusQuery,
    StatusRecord,
    StatusSource,
)

__all__ = ["ChainSource", "LocalChainSource"]


class _Local(StatusSource, LocalSource, Protocol):
    """A source that has both methods."""


class ChainSource:
    """
    A :class:`StatusSource` that asks sources in order: the first with a record counts.

    A source that is not available does not become *not issued*: it may be the one that
    knows the certificate as revoked. So a later source can then only say *revoked*;
    otherwise the chain is not available.
    """

    def __init__(self, sources: Sequence[StatusSource]) -> None:
        """
        Ask *sources*, in this order.

        Args:
            sources: The sources. For a certificate in several of them, the first one
                decides.
        """
        self._sources = tuple(sources)

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if none has one.

        Raises:
            SourceUnavailable: If a source is not available, and no source before it has
                the record, and none after it says *revoked*.
        """
        search = _Search(queries)
        for source in self._sources:
            if asked := search.open_queries():
                try:
                    search.take(asked, await source.look_up(asked))
                except SourceUnavailable as error:
                    search.error = search.error or error
        return search.result()


class LocalChainSource(ChainSource):
    """The same for sources that all answer at once: a :class:`LocalSource` too."""

    def __init__(self, sources: Sequence[_Local]) -> None:
        """Ask *sources*, in this order; see :class:`ChainSource`."""
        super().__init__(sources)
        self._local = tuple(sources)

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """Return the same as :meth:`look_up`, without waiting."""
        search = _Search(queries)
        for source in self._local:
            if asked := search.open_queries():
                try:
                    search.take(asked, source.look_up_now(asked))
                except SourceUnavailable as error:
                    search.error = search.error or error
        return search.result()


class _Search:
    """The records that were found until now."""

    def __init__(self, queries: Sequence[StatusQuery]) -> None:
        self._queries = queries
        self._found: dict[StatusQuery, StatusRecord] = {}
        self.error: SourceUnavailable | None = None

    def open_queries(self) -> list[StatusQuery]:
        """Return the queries without a record, each once."""
        return [q for q in dict.fromkeys(self._queries) if q not in self._found]

    def take(
        self, asked: Sequence[StatusQuery], records: Sequence[StatusRecord | None]
    ) -> None:
        """Keep the *records* of a source; only *revoked* after one that failed."""
        for query, record in zip(asked, records, strict=True):
            if record is not None and (
                self.error is None or record.status is OCSPCertStatus.REVOKED
            ):
                self._found[query] = record

    def result(self) -> list[StatusRecord | None]:
        """
        Return the records, in the order of the queries.

        Raises:
            SourceUnavailable: If one is missing, and a source has failed.
        """
        if self.error is not None and self.open_queries():
            raise self.error
        return [self._found.get(query) for query in self._queries]
