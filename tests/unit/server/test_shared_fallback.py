"""The database is away: what is answered with copies that other machines have shared."""

from __future__ import annotations

import asyncio

import pytest
from cryptography import x509

from ocsp import load_der_ocsp_response
from ocsp.http import UncachedAnswer
from ocsp.metrics import Metrics
from ocsp.responder import (
    Authority,
    CertIDForm,
    ChangedStatus,
    Changes,
    CheckedAnswer,
    DueAnswer,
    Responder,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.server import RequestHandler
from ocsp.server import shared_fallback as fallback
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import (
    GOOD,
    REVOKED,
    START,
    TRY_LATER,
    query,
    request,
    status_of,
    with_node,
)
from tests.unit.server.test_remote_store import NONCE, _Node

OTHER = 0x20


class _Shared:
    """Copies of signed answers."""

    def __init__(self) -> None:
        self.has: dict[StatusQuery, CheckedAnswer] = {}
        self.asked = 0

    async def get(
        self, query: StatusQuery, form: CertIDForm, issuer: x509.Certificate
    ) -> CheckedAnswer | None:
        """Return the copy."""
        self.asked += 1
        assert issuer == ca()
        return self.has.get(query)


class _NodeWithCopies(_Node):
    """A node that finds the database away at its first request."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = _Shared()
        self.responder = Responder([Authority(ca(), [delegate_signer()])])
        self.handler = RequestHandler(
            self.responder, self.store, shared=self.shared, metrics=Metrics(lambda _: True),
            clock=self.clock.of_process(),
        )  # fmt: skip

    def share(
        self,
        serial: int = GOOD,
        record: StatusRecord | None = None,
        *,
        version: int = 1,
    ) -> StoredAnswer:
        """Let another machine share an answer."""
        known = record or StatusRecord()
        due = DueAnswer(query(serial), CertIDForm.SHA256, known, version)
        new = self.responder.presign(due, self.clock.now)
        revoked = record is not None
        self.shared.has[query(serial)] = CheckedAnswer(version, new.answer, revoked)
        return new.answer


_test = with_node(_NodeWithCopies)


@_test
async def test_copies_are_not_asked_for_while_the_database_answers(
    node: _NodeWithCopies,
) -> None:
    """Its status wins."""
    node.share(REVOKED)
    assert await node.status(REVOKED) == "REVOKED"
    assert node.shared.asked == 0


@_test
async def test_the_newer_one_of_memory_and_copy(node: _NodeWithCopies) -> None:
    """The copy if its status is newer: another machine has changed it."""
    first = await node.ask()
    node.store.is_away = True
    node.clock.advance(10)
    assert await node.ask() == first
    revoked = StatusRecord.revoked(START)
    known = node.store.versions[query(GOOD)]
    for version in (known - 1, known):
        node.share(GOOD, revoked, version=version)
        assert await node.ask() == first
    node.share(GOOD, revoked, version=known + 1)
    assert await node.status() == "REVOKED"


@_test
async def test_no_answer_that_is_older_than_a_change(node: _NodeWithCopies) -> None:
    """The status has changed, and no machine has signed the new one yet."""
    first = await node.ask()
    node.store.is_away = True
    node.clock.advance(10)
    known = node.store.versions[query(GOOD)]
    node.shared.has[query(GOOD)] = CheckedAnswer(known, None, False)
    assert await node.ask() == first
    node.shared.has[query(GOOD)] = CheckedAnswer(known + 1, None, False)
    assert await node.ask() == TRY_LATER


@_test
async def test_a_copy_is_the_answer_while_the_database_is_away(
    node: _NodeWithCopies,
) -> None:
    """With its times for caches; without a copy it is *tryLater*."""
    node.store.is_away = True
    assert await node.ask(request(OTHER)) == TRY_LATER
    stored = node.share(OTHER)
    body, given = await node.reply(request(OTHER))
    response = load_der_ocsp_response(body)
    assert response.signature == stored.signature
    assert status_of(body) == "GOOD"
    assert given.next_update == stored.next_update
    node.store.is_away = False
    node.clock.advance(10)
    await node.ask(request(GOOD))
    assert node.shared.asked == 2


@_test
async def test_a_nonce_gets_a_copy_for_this_client_only(node: _NodeWithCopies) -> None:
    """Without the nonce (RFC 9919 §3.2.1)."""
    node.store.is_away = True
    node.share()
    body, given = await node.reply(NONCE)
    assert status_of(body) == "GOOD"
    assert isinstance(given, UncachedAnswer)


@_test
async def test_a_change_that_the_node_knows_of_wins(node: _NodeWithCopies) -> None:
    """A copy can be older; one that says revoked is used."""
    node.share()
    node.store.revoke()
    assert await node.status(REVOKED) == "REVOKED"
    node.store.is_away = True
    assert await node.ask() == TRY_LATER
    node.share(GOOD, StatusRecord.revoked(START))
    assert await node.status() == "REVOKED"


async def _told_revoked(node: _NodeWithCopies, asked: bytes) -> None:
    """Let the node say *revoked* while its view of the changes is too old to keep it."""
    node.store.follows = False
    node.clock.advance(10)
    node.store.revoke()
    assert status_of(await node.ask(asked)) == "REVOKED"
    node.store.is_away = True
    node.share()
    assert await node.ask() == TRY_LATER
    version = node.store.versions[query(GOOD)]
    node.share(GOOD, StatusRecord.revoked(START), version=version)
    assert await node.status() == "REVOKED"


@_test
async def test_what_the_node_said_revoked_gets_no_older_copy(
    node: _NodeWithCopies,
) -> None:
    """Though no poll has told it of the change."""
    await _told_revoked(node, request(GOOD))


@_test
async def test_what_it_said_for_one_client_only_counts_too(
    node: _NodeWithCopies,
) -> None:
    """An answer with a nonce is never kept in memory."""
    await _told_revoked(node, NONCE)


@_test
async def test_a_release_is_newer_than_what_the_node_said(
    node: _NodeWithCopies,
) -> None:
    """The versions tell it, while the database is away for this node only."""
    node.store.revoke()
    assert await node.status() == "REVOKED"
    node.store.is_away = True
    node.clock.advance(10)
    said = node.store.versions[query(GOOD)]
    for version in (said - 1, said):
        node.share(version=version)
        assert await node.status() == "REVOKED"
    node.share(version=said + 1)
    assert await node.status() == "GOOD"


@_test
async def test_a_release_is_newer_than_a_copy_that_was_read(
    node: _NodeWithCopies,
) -> None:
    """The node said *revoked* with that copy; it goes back to no older one."""
    node.store.is_away = True
    node.share(GOOD, StatusRecord.revoked(START), version=3)
    assert await node.status() == "REVOKED"
    for version in (2, 3):
        node.share(version=version)
        assert await node.ask() == TRY_LATER
    node.share(version=4)
    assert await node.status() == "GOOD"


@_test
async def test_a_copy_does_not_outdo_a_change_that_the_node_knows_of(
    node: _NodeWithCopies,
) -> None:
    """Of which version that is, nothing says before the database is asked."""
    node.store.revoke()
    assert await node.status(REVOKED) == "REVOKED"
    node.store.is_away = True
    node.share(GOOD, StatusRecord.revoked(START), version=3)
    assert await node.status() == "REVOKED"
    node.share(version=4)
    assert await node.ask() == TRY_LATER


def _told(node: _NodeWithCopies, changes: Changes) -> None:
    """Let the store tell the node of changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.store, "poll_changes", lambda: changes)
        node.clock.advance(1)
        node.handler.refresh()


@_test
async def test_no_copy_is_older_than_a_change_of_a_known_version(
    node: _NodeWithCopies,
) -> None:
    """Also none that says revoked: the certificate may have been released."""
    node.store.is_away = True
    for serial, revoked in ((GOOD, False), (OTHER, True)):
        changed = {query(serial): ChangedStatus(5, revoked)}
        changes = Changes(False, [*changed], statuses=changed)
        _told(node, changes)
        for record in (StatusRecord.revoked(START), None):
            node.share(serial, record, version=4)
            assert await node.ask(request(serial)) == TRY_LATER
        node.share(serial, version=6)
        assert await node.status(serial) == "GOOD"
        node.share(serial, StatusRecord.revoked(START), version=7)
        node.clock.advance(10)
        assert await node.status(serial) == "REVOKED"


@_test
async def test_no_copy_is_older_than_what_a_new_connection_has_told(
    node: _NodeWithCopies,
) -> None:
    """Everything that was known may be wrong, but of some certificates it is known."""
    changed = {query(GOOD): ChangedStatus(5, False)}
    everything = Changes(True, [*changed], statuses=changed)
    _told(node, everything)
    node.store.is_away = True
    node.share(GOOD, StatusRecord.revoked(START), version=4)
    assert await node.ask() == TRY_LATER
    node.share(version=5)
    assert await node.status() == "GOOD"


@_test
async def test_a_change_during_a_look_up_is_newer_than_its_result(
    node: _NodeWithCopies,
) -> None:
    """So the version of the result says nothing about which copies are newer."""
    node.store.revoke()
    node.store.changed.clear()
    node.store.gate = asyncio.Event()
    asked = asyncio.create_task(node.status())
    await asyncio.sleep(0)
    node.store.revoke()
    node.clock.advance(1)
    node.handler.refresh()
    node.store.gate.set()
    assert await asked == "REVOKED"
    node.store.is_away = True
    node.clock.advance(10)
    node.share(version=3)
    assert await node.status() != "GOOD"


@_test
async def test_a_copy_that_is_not_usable(node: _NodeWithCopies) -> None:
    """It has ended, or its signer is not one of this node."""
    node.store.is_away = True
    stored = node.share()
    strange = CheckedAnswer(1, stored._replace(signer=bytes(32)), False)
    node.shared.has[query(GOOD)] = strange
    assert await node.ask() == TRY_LATER
    node.share()
    node.clock.advance(stored.next_update - stored.this_update)
    assert await node.ask() == TRY_LATER


def test_the_changes_that_are_remembered_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that changed last."""
    monkeypatch.setattr(fallback, "MAX_CHANGED", 3)
    copies = fallback.SharedFallback(_Shared())
    copies.note_changes(Changes(False, [query(serial) for serial in (1, 2, 3)]))
    copies.note_revoked([query(1), query(4)], 7, is_last=True)
    revoked = ChangedStatus(7, True)
    assert copies._known == {
        query(3): fallback._UNKNOWN,
        query(1): revoked,
        query(4): revoked,
    }
    copies.note_changes(Changes(False, [query(3)]))
    assert list(copies._known) == [query(1), query(4), query(3)]
