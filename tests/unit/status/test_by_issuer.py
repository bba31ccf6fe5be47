"""One source for each issuer, beside a store or without one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from cryptography import x509

from ocsp import OCSPCertStatus
from ocsp.errors import SourceUnavailable
from ocsp.responder import (
    AnswerStore,
    CertIDForm,
    Changes,
    IssuerKey,
    LocalSource,
    LookupResult,
    NewAnswer,
    RemoteAnswerStore,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.status import MemorySource
from ocsp.status.by_issuer import by_issuer
from ocsp.store import SQLiteStore
from tests.pki import NOW, ca
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, OTHER, REVOKED, STOLEN, query

MINE = IssuerKey.of(ca())
THEIRS = IssuerKey.of(ca(OTHER))
RECORDS = {
    query(GOOD): StatusRecord(),
    query(REVOKED): StatusRecord.revoked(NOW, STOLEN),
}


class Polled(MemorySource):
    """A source that says what a test wants."""

    changes: Changes | None = Changes(False, ())

    def poll_changes(self) -> Changes:
        """Return what changed, or fail."""
        if self.changes is None:
            raise SourceUnavailable("is gone")
        return self.changes


class Remote:
    """A source that has to be waited for."""

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """Return that all are good."""
        return [StatusRecord() for _ in queries]


def test_the_contract() -> None:
    """What holds for every source."""
    contract.check(contract.Scene(source=by_issuer({MINE: Polled(RECORDS)})))


def test_each_issuer_has_its_own_source(tmp_path: Path) -> None:
    """With a store for the others, and in the order of the queries."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        store.add(ca(OTHER), GOOD)
        queries = [
            query(REVOKED),
            query(GOOD, ca(OTHER)),
            query(REVOKED, ca(OTHER)),
            query(GOOD),
        ]
        for sources in ({MINE: Polled(RECORDS)}, {MINE: Remote()}):
            source = by_issuer(sources, store)
            found = asyncio.run(source.look_up(queries))
            first = OCSPCertStatus.REVOKED if isinstance(source, LocalSource) else None
            assert [None if r is None else r.status for r in found] == [
                first or OCSPCertStatus.GOOD,
                OCSPCertStatus.GOOD,
                None,
                OCSPCertStatus.GOOD,
            ]


def test_a_source_that_waits_makes_all_wait(tmp_path: Path) -> None:
    """So that an event loop is not held up."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        assert not isinstance(by_issuer({MINE: Remote()}, store), LocalSource)
        kept = by_issuer({MINE: Polled({})}, store)
        assert isinstance(kept, LocalSource)
        assert isinstance(kept, AnswerStore)
        assert not isinstance(by_issuer({MINE: Polled({})}), AnswerStore)


def test_the_store_keeps_answers_about_its_own_issuers(tmp_path: Path) -> None:
    """Not those from the sources beside it."""
    stored = StoredAnswer(1, bytes(32), 0, 0, 2**32, b"tbs", b"signature")
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        store.add(ca(OTHER), GOOD)
        source = by_issuer({MINE: Polled(RECORDS)}, store)
        assert isinstance(source, AnswerStore)
        form = CertIDForm.SHA256
        mine = source.look_up_with_answer(query(GOOD), form)
        theirs = source.look_up_with_answer(query(GOOD, ca(OTHER)), form)
        assert mine is not None
        assert (mine.record, mine.stored) == (StatusRecord(), None)
        assert theirs is not None
        assert theirs.version == 1
        assert source.look_up_with_answer(query(1), form) is None
        assert (
            source.store_answers(
                [NewAnswer(query(GOOD), form, stored, StatusRecord())], 0
            )
            == 0
        )
        assert source.due_answers(MINE, 0, 10) == []
        assert source.due_answers(THEIRS, 0, 10) == store.due_answers(THEIRS, 0, 10)


def test_changes_of_all_sources(tmp_path: Path) -> None:
    """One that is gone, or cannot tell, counts as changed."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        polled = Polled({})
        source = by_issuer({MINE: polled}, store)
        assert isinstance(source, AnswerStore)
        source.poll_changes()
        assert not source.poll_changes().everything
        polled.changes = Changes(False, [query(GOOD)])
        assert list(source.poll_changes().queries) == [query(GOOD)]
        for changes in (Changes(True, ()), None):
            polled.changes = changes
            assert source.poll_changes().everything
        mute = by_issuer({MINE: MemorySource({})}, store)
        assert isinstance(mute, AnswerStore)
        assert mute.poll_changes().everything


class RemoteStore(Remote):
    """A store on another machine, in which every certificate has version 7."""

    def __init__(self) -> None:
        self.stored: list[NewAnswer] = []
        self.signers: list[x509.Certificate] = []

    async def find_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return that it is good."""
        return LookupResult(StatusRecord(), 7, None)

    def poll_changes(self) -> Changes:
        """Return one change, which was read a while ago."""
        return Changes(False, [query(GOOD, ca(OTHER))], 0.3)

    def add_signer(self, certificate: x509.Certificate) -> None:
        """Remember it."""
        self.signers.append(certificate)

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """Remember them."""
        self.stored += answers
        return len(self.stored)


def test_sources_beside_a_remote_store() -> None:
    """An event loop waits for the store only; it keeps its own answers."""
    store, polled = RemoteStore(), Polled(RECORDS)
    source = by_issuer({MINE: polled}, store)
    assert isinstance(source, RemoteAnswerStore)
    assert not isinstance(source, LocalSource)
    form = CertIDForm.SHA256
    for each, version in ((query(REVOKED), 0), (query(REVOKED, ca(OTHER)), 7)):
        found = asyncio.run(source.find_with_answer(each, form))
        assert found is not None
        assert found.version == version
    assert asyncio.run(source.find_with_answer(query(1), form)) is None
    polled.changes = Changes(False, [query(REVOKED)])
    assert source.poll_changes() == Changes(
        False, (query(REVOKED), query(GOOD, ca(OTHER))), 0.3
    )
    stored = StoredAnswer(7, bytes(32), 0, 0, 2**32, b"tbs", b"signature")
    theirs = NewAnswer(query(GOOD, ca(OTHER)), form, stored, StatusRecord())
    source.add_signer(ca())
    assert (
        source.store_answers(
            [NewAnswer(query(GOOD), form, stored, StatusRecord()), theirs], 0
        )
        == 1
    )
    assert (store.stored, store.signers) == ([theirs], [ca()])
    assert by_issuer({}, store) is store


def test_an_unavailable_source_is_so_for_its_issuer_only() -> None:
    """The others are answered."""

    class Gone(Polled):
        def look_up_now(
            self, queries: Sequence[StatusQuery]
        ) -> list[StatusRecord | None]:
            raise SourceUnavailable("is gone")

    source = by_issuer({MINE: Gone({}), THEIRS: Polled({})})
    assert asyncio.run(source.look_up([query(GOOD, ca(OTHER))])) == [None]
    with pytest.raises(SourceUnavailable, match="is gone"):
        asyncio.run(source.look_up([query(GOOD)]))
