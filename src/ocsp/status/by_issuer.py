"""Keep the status of each CA in a source of its own, beside a store or without one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from cryptography import x509

from ocsp.errors import SourceUnavailable
from ocsp.responder.source import (
    IssuerKey,
    LocalSource,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.responder.stored_answer import (
    AnswerStore,
    AnswerWriter,
    CertIDForm,
    Changes,
    CurrentAnswer,
    DueAnswer,
    LookupResult,
    NewAnswer,
    RemoteAnswerStore,
)

__all__ = [
    "LocalSourcesByIssuer",
    "RemoteStoreAndSources",
    "SourcesByIssuer",
    "StoreAndSources",
    "by_issuer",
]


@runtime_checkable
class _Polled(Protocol):
    """A source that says what changed."""

    def poll_changes(self) -> Changes: ...


class _Local(StatusSource, LocalSource, Protocol):
    """A source that answers with and without waiting."""


class _Store(_Local, AnswerStore, Protocol):
    """A source on this machine that keeps signed answers."""


class _RemoteStore(StatusSource, RemoteAnswerStore, Protocol):
    """A source on another machine that keeps signed answers."""


def by_issuer(
    sources: Mapping[IssuerKey, StatusSource],
    store: _Store | _RemoteStore | None = None,
) -> StatusSource:
    """
    Return one source that asks for each certificate the source of its issuer.

    Args:
        sources: The sources. One source may serve several issuers.

        store: The source of all other issuers, or ``None``. It keeps answers if all of
            *sources* answer without waiting; otherwise every answer is signed anew.
    """
    if store is not None and not sources:
        return store
    local = {key: each for key, each in sources.items() if _is_local(each)}
    if len(local) < len(sources):
        return SourcesByIssuer(sources, store)
    if store is None:
        return LocalSourcesByIssuer(local)  # type: ignore[arg-type]
    if isinstance(store, RemoteAnswerStore):
        return RemoteStoreAndSources(local, store)  # type: ignore[arg-type]
    return StoreAndSources(local, store)  # type: ignore[arg-type]


def _is_local(source: StatusSource) -> bool:
    return isinstance(source, LocalSource)


class SourcesByIssuer:
    """
    A :class:`StatusSource` that asks for each certificate the source of its issuer.

    Without a source for its issuer a certificate has no record.
    """

    def __init__(
        self,
        sources: Mapping[IssuerKey, StatusSource],
        others: StatusSource | None = None,
    ) -> None:
        """
        Ask *sources*; see :func:`by_issuer`.

        Args:
            sources: The source of each issuer.

            others: The source of all other issuers, or ``None``.
        """
        self._sources = dict(sources)
        self._others = others

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the source of one of the issuers cannot answer now.
        """
        issuers = dict.fromkeys(query.issuer for query in queries)
        groups = [(self._source(key), _of(key, queries)) for key in issuers]
        asked = [(source, group) for source, group in groups if source is not None]
        answers = await asyncio.gather(
            *(source.look_up(group) for source, group in asked)
        )
        found: dict[StatusQuery, StatusRecord | None] = {}
        for (_, group), records in zip(asked, answers, strict=True):
            found.update(zip(group, records, strict=True))
        return [found.get(query) for query in queries]

    def _source(self, issuer: IssuerKey) -> StatusSource | None:
        return self._sources.get(issuer, self._others)


def _of(issuer: IssuerKey, queries: Sequence[StatusQuery]) -> list[StatusQuery]:
    return [query for query in queries if query.issuer == issuer]


class LocalSourcesByIssuer(SourcesByIssuer):
    """The same for sources that all answer without waiting."""

    def __init__(
        self, sources: Mapping[IssuerKey, _Local], others: _Local | None = None
    ) -> None:
        """Ask *sources*; see :class:`SourcesByIssuer`."""
        super().__init__(sources, others)
        self._local = dict(sources)
        self._local_others = others

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order, without waiting.

        Raises:
            SourceUnavailable: If the source of one of the issuers cannot answer now.
        """
        return [self._find(query) for query in queries]

    def _find(self, query: StatusQuery) -> StatusRecord | None:
        source = self._local.get(query.issuer, self._local_others)
        return None if source is None else source.look_up_now([query])[0]

    def poll_changes(self) -> Changes:
        """
        Return what changed since the last call; everything if a source cannot tell.

        A source that is not available counts as changed: nothing that it said before
        may be answered.
        """
        everything, queries = False, list[StatusQuery]()
        for source in (*self._local.values(), self._local_others):
            changes = _changes(source)
            everything = everything or changes.everything
            queries += changes.queries
        return Changes(everything, tuple(queries))


def _changes(source: object) -> Changes:
    if source is None:
        return Changes(False, ())
    if not isinstance(source, _Polled):
        return Changes(True, ())
    try:
        return source.poll_changes()
    except SourceUnavailable:
        return Changes(True, ())


class _WriterBeside:
    """Keeps the answers about the issuers of a store, and no others."""

    def __init__(self, sources: Collection[IssuerKey], writer: AnswerWriter) -> None:
        self._beside = sources
        self._writer = writer

    def add_signer(self, certificate: x509.Certificate) -> None:
        """Tell the store of a signer whose answers will come."""
        self._writer.add_signer(certificate)

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """Store those of *answers* that are about issuers of the store."""
        own = [each for each in answers if each.query.issuer not in self._beside]
        return self._writer.store_answers(own, now) if own else 0


class StoreAndSources(_WriterBeside, LocalSourcesByIssuer):
    """The same beside a store, which keeps the answers about its own issuers."""

    def __init__(self, sources: Mapping[IssuerKey, _Local], store: _Store) -> None:
        """Ask *sources*, and *store* for all other issuers."""
        LocalSourcesByIssuer.__init__(self, sources, store)
        _WriterBeside.__init__(self, sources, store)
        self._store = store

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer; of the sources beside the store, none is kept.

        Raises:
            SourceUnavailable: If the source of the issuer cannot answer now.
        """
        if query.issuer not in self._local:
            return self._store.look_up_with_answer(query, form)
        return _not_kept(self._find(query))

    def look_up_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> CurrentAnswer | None:
        """
        Return the stored answer about the present status, if the store keeps it.

        Raises:
            SourceUnavailable: If the store cannot answer now.
        """
        if query.issuer in self._local:
            return None
        return self._store.look_up_answer(query, form)

    def due_answers(self, issuer: IssuerKey, now: int, limit: int) -> list[DueAnswer]:
        """Return answers of *issuer* to sign, from the store."""
        if issuer in self._local:
            return []
        return self._store.due_answers(issuer, now, limit)


class RemoteStoreAndSources(_WriterBeside, SourcesByIssuer):
    """The same beside a store on another machine."""

    def __init__(
        self, sources: Mapping[IssuerKey, _Local], store: _RemoteStore
    ) -> None:
        """Ask *sources*, and *store* for all other issuers."""
        SourcesByIssuer.__init__(self, sources, store)
        _WriterBeside.__init__(self, sources, store)
        self._local = LocalSourcesByIssuer(sources)
        self._store = store

    async def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """
        Return status and stored answer; of the sources beside the store, none is kept.

        Raises:
            SourceUnavailable: If the source of the issuer cannot answer now.
        """
        if query.issuer not in self._beside:
            return await self._store.find_with_answer(query, form)
        return _not_kept(self._local.look_up_now([query])[0])

    def poll_changes(self) -> Changes:
        """Return what changed since the last call in the sources and in the store."""
        here, there = self._local.poll_changes(), self._store.poll_changes()
        return Changes(
            here.everything or there.everything,
            (*here.queries, *there.queries),
            there.age,
            there.ahead,
            there.statuses,
        )


def _not_kept(record: StatusRecord | None) -> LookupResult | None:
    """Return the result for a certificate whose answers nothing keeps."""
    return None if record is None else LookupResult(record, 0, None)
