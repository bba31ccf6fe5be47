"""Build the sources of status that the configuration names, and ask the right one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from cryptography import x509

from ocsp.errors import ConfigError
from ocsp.responder import (
    IssuerKey,
    LocalSource,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.service.configuration.model import SourceSettings
from ocsp.status import CRLSource, DirectorySource, IndexSource, SQLSource
from ocsp.status.sql.presets import preset

__all__ = ["IssuerSources", "LocalIssuerSources", "open_source", "source_of_issuers"]


def open_source(settings: SourceSettings, issuer: x509.Certificate) -> StatusSource:
    """
    Return the source with the status of the certificates of *issuer*.

    Raises:
        ConfigError: If a setting is missing or wrong.
        UnreadableFile: If a file cannot be read.
        MissingExtraError: If an extra is not installed.
    """
    if settings.crl:
        source = CRLSource(
            issuer,
            settings.crl,
            deltas=settings.delta,
            issued=settings.issued,
            not_in_crl=settings.not_in_crl,
            refresh=settings.refresh,
        )
        source.refresh()
        source.start()
        return source
    if settings.index_txt is not None:
        return IndexSource(settings.index_txt, issuer)
    if settings.directory is not None and settings.revoked is not None:
        return DirectorySource(settings.directory, settings.revoked, issuer)
    if settings.sql is not None and settings.preset is not None:
        return SQLSource(settings.sql, preset(settings.preset), [issuer])
    raise ConfigError("source", "names no source")


def source_of_issuers(
    sources: Mapping[IssuerKey, StatusSource], rest: StatusSource | None
) -> StatusSource:
    """
    Return one source for all issuers.

    Args:
        sources: The sources of issuers that have one of their own.

        rest: The source of the other issuers.
    """
    if not sources and rest is not None:
        return rest
    every = [*sources.values(), *([] if rest is None else [rest])]
    if all(isinstance(each, LocalSource) for each in every):
        return LocalIssuerSources(sources, rest)
    return IssuerSources(sources, rest)


class IssuerSources:
    """A :class:`StatusSource` that asks the source of each issuer."""

    def __init__(
        self, sources: Mapping[IssuerKey, StatusSource], rest: StatusSource | None
    ) -> None:
        """Ask *sources*, and *rest* about the certificates of other issuers."""
        self._sources = dict(sources)
        self._rest = rest

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If one of the sources cannot answer now.
        """
        answered = await asyncio.gather(*(self._ask(each) for each in queries))
        return [record for records in answered for record in records]

    async def _ask(self, query: StatusQuery) -> Sequence[StatusRecord | None]:
        source = self._sources.get(query.issuer, self._rest)
        return [None] if source is None else await source.look_up([query])


class LocalIssuerSources(IssuerSources):
    """The same, where all sources answer at once."""

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If one of the sources cannot answer now.
        """
        return [record for query in queries for record in self._ask_now(query)]

    def _ask_now(self, query: StatusQuery) -> Sequence[StatusRecord | None]:
        source: object = self._sources.get(query.issuer, self._rest)
        if not isinstance(source, LocalSource):
            return [None]
        return source.look_up_now([query])
